"""Examples for the `--help` of each command."""

from collections.abc import Mapping

_OF: Mapping[str, str] = {
    "setup": """
        bluegreen -d production setup --dry-run               what a server lacks
        bluegreen -d production setup --lock-wait 600         its folder, and secrets that are new
    """,
    "doctor": """
        bluegreen -d production doctor                        all that is in the way of a deploy
        bluegreen -d production doctor --json                 an object a line
    """,
    "servers": """
        bluegreen -d production servers --dry-run             what would start anew
        bluegreen -d production servers
    """,
    "build": """
        bluegreen build                                       into the folder release
        bluegreen build --release /tmp/release --json         elsewhere, for a pipeline
    """,
    "deploy": """
        bluegreen -d production deploy --release release --dry-run
        bluegreen -d production deploy --release release      what `build` put together
        bluegreen -d staging deploy --dry-run                 builds nothing; says how it would
        bluegreen -d staging deploy --lock-wait 600           built now; waits for who deploys
        bluegreen -d production deploy --set-up               a new service, in one command
        bluegreen -d staging deploy --verbose                 with each command that it runs
    """,
    "rollback": """
        bluegreen -d production rollback                      to the release before
        bluegreen -d production rollback 20261129-101500-0123456789ab
    """,
    "migrate": """
        bluegreen -d production migrate status                where the schema stands
        bluegreen -d production migrate contract --dry-run    what would be removed
    """,
    "migrate contract": """
        bluegreen -d production migrate contract --dry-run    what would be run
        bluegreen -d production migrate contract              once no way back is needed
    """,
    "migrate status": """
        bluegreen -d production migrate status
        bluegreen -d production migrate status --json
    """,
    "prune": """
        bluegreen -d production prune --dry-run               which releases, which images
        bluegreen -d production prune
    """,
    "status": """
        bluegreen -d production status
        bluegreen -d production status --json                 for a monitor
    """,
    "history": """
        bluegreen -d production history                       what `rollback` can be given
        bluegreen -d production history --json
    """,
    "logs": """
        bluegreen -d production logs                          of all services that serve
        bluegreen -d production logs account --lane green --tail 500
    """,
    "audit": """
        bluegreen -d production audit --tail 50
        bluegreen -d production audit --json                  for a log store
    """,
    "lock": """
        bluegreen -d production lock status                   who deploys
        bluegreen -d production lock release                  once they are surely gone
    """,
    "lock status": """
        bluegreen -d production lock status
        bluegreen -d production lock status --json
    """,
    "lock release": """
        bluegreen -d production lock release                  once who has it is surely gone
    """,
    "config": """
        bluegreen -d production config
        bluegreen -s other/deploy.toml -d staging config      of another file
    """,
    "plan": """
        bluegreen plan deploy --release release               to a bare server
        bluegreen plan rollback --state state.json            from a server's memory
    """,
    "plan deploy": """
        bluegreen -d production plan deploy --release release
        bluegreen -d production plan deploy --release release --state state.json --json
    """,
    "plan rollback": """
        bluegreen -d production plan rollback --state state.json --release release
        bluegreen -d production plan rollback --state state.json
    """,
    "plan contract": """
        bluegreen -d production plan contract --state state.json
    """,
    "plan prune": """
        bluegreen -d production plan prune --state state.json 20261129-101500-0123456789ab
    """,
}


def examples(command: str) -> str:
    """Those of a command, such as `lock status`, as the end of its help.

    Raises:
        KeyError: it has none.
    """
    lines = [line.strip() for line in _OF[command].strip().splitlines()]
    return "\n".join(["examples:", *(f"  {line}" for line in lines)])
