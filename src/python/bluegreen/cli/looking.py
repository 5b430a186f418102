"""The commands that look, and the one that takes a lock away."""

import json
import re
from collections.abc import Iterator, Mapping

from bluegreen.cli.context import Context
from bluegreen.errors import RefusedError
from bluegreen.lane import Lane
from bluegreen.ports import Condition
from bluegreen.site import Site
from bluegreen.state import State
from bluegreen.store import Record

_SECONDS = 30.0
_LOGGED = re.compile(r"(?P<container>\S+) +\| (?P<at>\S+) ?(?P<line>.*)")


def status(context: Context) -> None:
    """What serves, what is in the lanes, who deploys, what is unfinished."""
    with context.site() as site:
        state = site.store.load()
        found = {
            "destination": site.told.name,
            "nginx": site.balancer.live(_SECONDS),
            "servers": _servers(site, state),
            "lanes": {lane: _lane(site, state, lane) for lane in state.lanes},
            "schema": state.database.model_dump(),
            "previous": state.previous,
            "unfinished": _unfinished(state),
            "lock": str(site.lock.holder() or "free"),
        }
    if context.json:
        context.console.text(json.dumps(found) + "\n")
    else:
        context.console.text("".join(f"{line}\n" for line in _status_lines(found)))


def history(context: Context) -> None:
    """The releases that were delivered, oldest first."""
    with context.site() as site:
        state = site.store.load()
        releases = [site.store.release(version) for version in site.store.versions()]
        served = site.store.served()
    places = {tenant.release.version: lane for lane, tenant in state.lanes.items()}
    told, before = [], None
    for release in (each for each in releases if each is not None):
        changed = release.changed_since(before)
        serves = state.serving is not None and state.serving.version == release.version
        lane = places.get(release.version)
        came = release.version in served
        where = "serves" if serves else f"in {lane}" if lane else "" if came else "never served"
        line = f"{release.version}  {where:<12}  changed {', '.join(changed) or 'nothing'}"
        schema = release.heads.model_dump()
        told.append(
            {"version": release.version, "lane": lane, "serves": serves, "changed": changed}
            | {"served": came, "schema": schema}
        )
        if not context.json:
            context.console.text(f"{line}\n")
        before = release if came else before
    if context.json:
        context.console.text(json.dumps(told) + "\n")


def logs(context: Context) -> None:
    """The last lines of the logs of a lane's services."""
    with context.site() as site:
        lane = Lane(context.options.lane) if context.options.lane else site.store.load().live
        if lane is None:
            raise RefusedError("no release has the traffic; name a lane by --lane")
        services, lines = context.options.services, context.options.tail
        said = site.engine.logs(lane, services, lines, _SECONDS)
    if not context.json:
        context.console.text(said)
        return
    for line in said.splitlines():
        context.console.text(json.dumps({"lane": lane, **_logged(line)}) + "\n")


def audit(context: Context) -> None:
    """The last lines of the log of everything that was done."""
    with context.site() as site:
        records = site.store.records(context.options.tail)
    for record in records:
        line = json.dumps(record.model_dump(mode="json")) if context.json else _audited(record)
        context.console.text(f"{line}\n")


def lock_status(context: Context) -> None:
    """Who has the lock."""
    with context.site() as site:
        holder = site.lock.holder()
        stale = holder is not None and site.lock.is_stale(holder)
    if context.json:
        told = None if holder is None else {**holder.model_dump(mode="json"), "stale": stale}
        context.console.text(json.dumps(told) + "\n")
        return
    gone = "; they are gone, and the next one takes it over" if stale else ""
    context.console.text("nobody deploys\n" if holder is None else f"{holder}{gone}\n")


def lock_release(context: Context) -> None:
    """Take the lock away from whoever has it."""
    with context.site() as site, site.journal(context.trail.follow).stage("lock release") as end:
        holder = site.lock.release()
        end.was_so, end.detail = holder is None, f"taken from {holder}" if holder else ""
    said = f"taken from {holder}" if holder else "nobody had it"
    context.console.answer("lock", {"taken_from": holder}, said)


def schema_status(context: Context) -> None:
    """Where the schema stands, and what the release that serves knows of it."""
    with context.site() as site:
        serving = site.store.load().serving
        if serving is None:
            raise RefusedError("no release has the traffic; deploy one first")
        now = site.engine.heads(serving, _SECONDS)
    told = {"database": now.model_dump(), "release": serving.heads.model_dump()}
    if context.json:
        context.console.text(json.dumps(told) + "\n")
        return
    for phase in ("expand", "contract"):
        at, knows = told["database"][phase], told["release"][phase]
        context.console.text(f"{phase:<9} {at}; {serving.version} knows {knows}\n")


def _logged(line: str) -> dict[str, str]:
    """A line of Compose's: the container, the time by Docker, and what was written."""
    found = _LOGGED.fullmatch(line)
    return found.groupdict() if found else {"line": line}


def _lane(site: Site, state: State, lane: Lane) -> dict[str, object]:
    tenant = state.lanes[lane]
    condition: Condition = site.engine.condition(lane, _SECONDS)
    return {
        "version": tenant.release.version,
        "status": tenant.status,
        "healthy": sorted(condition.healthy),
        "ill": sorted(condition.images.keys() - condition.healthy),
    }


def _servers(site: Site, state: State) -> dict[str, str]:
    """What is wrong with Kafka, PostgreSQL and nginx, each by the release that serves."""
    return {} if state.serving is None else site.servers.behind(state.serving, _SECONDS)


def _unfinished(state: State) -> str | None:
    operation = state.operation
    if operation is None:
        return None
    way = "is being undone" if operation.going_back else f"has reached {operation.reached}"
    return f"{operation.kind} of {operation.release.version} {way}"


def _status_lines(found: Mapping[str, object]) -> Iterator[str]:
    yield f"{'nginx':<12}{found['nginx'] or 'does not answer'}"
    others = found["servers"]
    assert isinstance(others, dict)  # noqa: S101 - made above
    if others:
        wrong = ", ".join(f"{name} {each}" for name, each in others.items())
        yield f"{'servers':<12}{wrong}; see `servers`"
    lanes = found["lanes"]
    assert isinstance(lanes, dict)  # noqa: S101 - made above
    for lane, each in lanes.items():
        well = f"healthy: {', '.join(each['healthy'])}" if each["healthy"] else "nothing runs"
        ill = f"; not: {', '.join(each['ill'])}" if each["healthy"] and each["ill"] else ""
        yield f"{lane:<12}{each['version']}  {each['status']}  {well}{ill}"
    for name in ("previous", "unfinished", "lock"):
        yield f"{name:<12}{found[name] or 'nothing'}"


def _audited(record: Record) -> str:
    took = f"{record.seconds:.1f} s" if record.seconds else ""
    detail = f"  {record.detail}" if record.detail else ""
    who = f"{record.at:%Y-%m-%d %H:%M:%S}  {record.owner:<12} {record.run}"
    return f"{who}  {record.step:<22} {record.event:<9} {took}{detail}"
