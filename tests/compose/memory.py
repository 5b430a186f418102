"""What containers use of the memory that they may take, as a table of the docs has it."""

import json

from tests.support import docker
from tests.support.docker import Stack, service_of

_MEBIBYTE = 1024 * 1024
_HEAD = "| container | uses | at most |\n| --- | --- | --- |"


def table(stack: Stack) -> str:
    """A line for each container that runs, in Markdown."""
    running = {each["Id"]: each for each in stack.containers() if each["State"]["Running"]}
    command = ["docker", "stats", "--no-stream", "--no-trunc", "--format={{json .}}", *running]
    told = [json.loads(line) for line in docker.run(command).stdout.splitlines()]
    rows = [
        f"| `{service_of(container)}` | {each['MemUsage'].split(' / ')[0]} "
        f"| {container['HostConfig']['Memory'] // _MEBIBYTE} MiB |"
        for each in told
        for container in [running[each["ID"]]]
    ]
    return "\n".join([_HEAD, *sorted(rows)])
