"""What a failure probably comes from, and the next thing to do, by what the log says."""

import re

_CAUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        (r"SyntaxError|IndentationError|TabError", "the code cannot be parsed; fix the file, save"),
        (
            r"No module named '?(services|chassis|grpc_kafka|local)",
            "a module of this repository is not there; check the import and the file's name",
        ),
        (r"No module named '?tandem", "a generated module is missing; is there such a .proto?"),
        (
            r"ModuleNotFoundError|No module named",
            "a package is missing; add it to 3rdparty/python/requirements.txt and the locks",
        ),
        (r"ImportError|cannot import name", "an import names what is not there; fix it and save"),
        (r"settings are wrong", "the settings and src/python/local/services.py disagree"),
        (
            r"[Aa]ddress already in use|cannot listen on",
            "another process took the port; start :local again to see which",
        ),
        (
            r"password authentication failed|role \S+ does not exist",
            "the passwords in .local/secrets are not those of the data; start with --reset",
        ),
        (
            r"database files are incompatible|was initialized by PostgreSQL version",
            "the data is of another PostgreSQL; start again with --reset",
        ),
        (r"No space left on device", "the disk is full"),
        (
            r"no Kafka broker answered|topic \S+ was not created.*(Timed out| in \d+ s)",
            "no Kafka broker answers at the address of --kafka; correct it, or leave --kafka away",
        ),
        (
            r"schema is at .* newer than this release",
            (
                "the data has run a migration that is not here: go back to the branch that has it, "
                "or, if it is gone, begin anew by --reset"
            ),
        ),
        (r"Connection refused|connection failed", "a server that it needs does not answer"),
        (r"SIGKILL", "the system ended it: too little memory, or somebody's kill -9"),
        (r"SIGSEGV|SIGABRT|SIGBUS", "a crash in native code; the log's end is all there is"),
        (r"not ready after", "it hangs at its start, or its health check fails; see its log"),
    )
)


def probable(what: str, log: str) -> str:
    """Name the probable cause and the next step; empty where nothing is known."""
    text = f"{log}\n{what}"
    return next((advice for pattern, advice in _CAUSES if pattern.search(text)), "")
