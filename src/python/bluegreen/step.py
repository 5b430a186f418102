"""Steps as values: what is done, in which time, what proves that it is done, how to go back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bluegreen.lane import Lane
from bluegreen.release import Release


class Kind(StrEnum):
    """What an operation is for."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    CONTRACT = "contract"


class Action(StrEnum):
    """Everything that a deployer ever does, in the order of a deploy."""

    PREFLIGHT = "preflight"
    BEGIN = "begin"
    RECORD = "record"
    PULL = "pull"
    SERVERS = "servers"
    EXPAND = "expand"
    CLEAR = "clear"
    TOPICS = "topics"
    START = "start"
    PUBLISH = "publish"
    PROVE = "prove"
    SWITCH = "switch"
    WATCH = "watch"
    DRAIN_HTTP = "drain-http"
    DRAIN_STREAMS = "drain-streams"
    DRAIN_CALLS = "drain-calls"
    STOP = "stop"
    CONTRACT = "contract"
    PRUNE = "prune"
    TURN_BACK = "turn-back"
    GO_ON = "go-on"
    SCHEMA = "schema"
    END = "end"


class Proof(StrEnum):
    """What shows on the server that a step has nothing left to do."""

    RECORDED = "the manifest is on the server"
    PULLED = "all images are on the server"
    SERVERS_HEALTHY = "kafka, postgres and nginx are healthy"
    EXPANDED = "the schema is expanded as far as the release knows"
    CONTRACTED = "the schema is contracted as far as the release knows"
    EMPTY = "the lane has no containers"
    HEALTHY = "all services of the release are healthy in the lane"
    ROUTED = "nginx sends new requests to the lane"
    QUIET = "nothing of the lane runs"


@dataclass(frozen=True)
class Rule:
    """What holds for an action in every plan.

    Attributes:
        timeout: Seconds that it may take, retries and pauses included.
        does: What it does, for people; `{lane}` and `{version}` are filled in.
        attempts: How often it is tried when what is in the way is temporary.
        proof: What shows that it is done; None if it is done anew each time.
        back: What undoes it, in this order.
    """

    timeout: float
    does: str
    attempts: int = 3
    proof: Proof | None = None
    back: tuple[Action, ...] = ()


MOST_WRITING = 10.0
"""What is kept at the most of a step's seconds, to write down what became of it."""

DRAINING = (Action.DRAIN_HTTP, Action.DRAIN_STREAMS, Action.DRAIN_CALLS)

LEAVING = frozenset({Action.CLEAR, Action.TOPICS, *DRAINING, Action.STOP})
"""What is only done to a lane without traffic, once it does not stand in for the other any more."""

_A = Action
RULES: Mapping[Action, Rule] = MappingProxyType(
    {
        _A.PREFLIGHT: Rule(60, "look at disk, clock, engine, registry and schema", 4),
        _A.BEGIN: Rule(15, "remember that {version} goes to {lane}"),
        _A.RECORD: Rule(15, "keep the manifest of {version}", proof=Proof.RECORDED),
        _A.PULL: Rule(900, "pull the images of {version}", 5, proof=Proof.PULLED),
        _A.SERVERS: Rule(180, "have kafka, postgres and nginx up", proof=Proof.SERVERS_HEALTHY),
        # Nothing to undo: what runs serves on an expanded schema.
        _A.EXPAND: Rule(1200, "expand the schema for {version}", proof=Proof.EXPANDED),
        _A.CLEAR: Rule(60, "remove what is in {lane}", proof=Proof.EMPTY),
        _A.TOPICS: Rule(60, "create and empty the topics of {lane}, grant access"),
        _A.START: Rule(
            180,
            "start {version} in {lane}, until all is healthy",
            proof=Proof.HEALTHY,
            back=(_A.CLEAR,),
        ),
        _A.PUBLISH: Rule(60, "add static files of {version}"),
        _A.PROVE: Rule(120, "drive the real scenario through {lane}", proof=Proof.ROUTED),
        _A.SWITCH: Rule(
            60,
            "send traffic to {lane}",
            proof=Proof.ROUTED,
            back=(_A.START, _A.SWITCH, *DRAINING),
        ),
        _A.WATCH: Rule(300, "watch {lane}; go back by itself if it does worse"),
        _A.DRAIN_HTTP: Rule(60, "let requests to {lane} end", proof=Proof.QUIET),
        _A.DRAIN_STREAMS: Rule(45, "have streams of {lane} reconnect", proof=Proof.QUIET),
        _A.DRAIN_CALLS: Rule(30, "let calls in {lane} end", proof=Proof.QUIET),
        _A.STOP: Rule(60, "stop {lane}; it stays for a rollback", proof=Proof.QUIET),
        _A.CONTRACT: Rule(
            1200, "contract the schema for {version}", proof=Proof.CONTRACTED, back=(_A.SCHEMA,)
        ),
        _A.PRUNE: Rule(300, "remove images and manifests of {versions}"),
        _A.TURN_BACK: Rule(15, "give {version} up"),
        _A.GO_ON: Rule(60, "leave the traffic with {lane}: no other has it", proof=Proof.ROUTED),
        _A.SCHEMA: Rule(60, "note where the schema stands"),
        _A.END: Rule(15, "remember that it is done"),
    }
)


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        action: What.
        timeout: Seconds that it may take.
        lane: Where, for what is done to a lane.
        release: What it is done with.
        kind: Of `BEGIN` and `PREFLIGHT`: what for.
        versions: Of `PRUNE`: which releases.
        optional: Whether the steps after it are done although it failed.
    """

    action: Action
    timeout: float
    lane: Lane | None = None
    release: Release | None = None
    kind: Kind | None = None
    versions: tuple[str, ...] = ()
    optional: bool = False

    @property
    def rule(self) -> Rule:
        """What holds for its action."""
        return RULES[self.action]

    @property
    def name(self) -> str:
        """What to call it: the action, and the lane if there is one."""
        return f"{self.action} {self.lane}" if self.lane else str(self.action)

    @property
    def does(self) -> str:
        """What it does, for people."""
        return self.rule.does.format(
            lane=self.lane,
            version=self.release.version if self.release else "",
            versions=", ".join(self.versions),
        )

    @property
    def back(self) -> tuple[Action, ...]:
        """What undoes it."""
        return self.rule.back


def kept_for_writing(timeout: float) -> float:
    """Seconds of a step's time in which it is written down what became of it."""
    return min(MOST_WRITING, timeout / 10)


def default_timeouts() -> dict[Action, float]:
    """The seconds that each action may take unless told otherwise."""
    return {action: rule.timeout for action, rule in RULES.items()}
