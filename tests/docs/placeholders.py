"""What commands of the docs name that is another thing where they are tested."""

from collections.abc import Mapping

PLACEHOLDERS = {
    "127.0.0.1:8080": "where nginx answers",
    "127.0.0.1:8083": "where identity tells how it is",
    "127.0.0.1:8085": "where PostgreSQL of the local system listens",
    "127.0.0.1:8086": "where the first service that was added answers",
    "127.0.0.1:9092": "a broker on this machine",
    "localhost:9092": "a broker on this machine",
    "kafka:9093": "a broker that asks who comes",
    "/etc/kafka/ca.pem": "who signed its certificate",
    "/run/secrets": "a folder with passwords, a file each",
    "www.example.com": "a server that is reached by SSH",
    "seconds > 1)": "what takes longer than others",
    "VERSION": "a release that served",
    "NAME": "a container, or an image",
    "CONTAINER": "a container",
    "tandem-postgres-1": "the container of PostgreSQL",
    "f95c261f5b200248113054102a455ef3": "the id of a trace",
}
"""By what stands in a command, what it stands for. Nothing else of a command is replaced."""


def put_in(script: str, instead: Mapping[str, str]) -> str:
    """A script with other things in the place of placeholders, the longest first.

    Raises:
        KeyError: the script has no such placeholder, or the table has not.
    """
    for name in sorted(instead, key=len, reverse=True):
        if name not in PLACEHOLDERS or name not in script:
            raise KeyError(name)
        script = script.replace(name, instead[name])
    return script
