"""Which artifacts of Maven a folder of jars holds."""

import io
import re
import tarfile
import zipfile
from collections.abc import Iterator

from infra.images.system_packages import Package

_JAR = re.compile(r"(?P<name>.+?)-(?P<version>\d[^/]*)\.jar")

# Whose the jars are that do not say so themselves.
_GROUPS = {
    "caffeine": "com.github.ben-manes.caffeine",
    "hash4j": "com.dynatrace.hash4j",
    "jspecify": "org.jspecify",
    "pcollections": "org.pcollections",
    "re2j": "com.google.re2j",
    "scala-library": "org.scala-lang",
    "scala-logging_2.13": "com.typesafe.scala-logging",
    "scala-reflect": "org.scala-lang",
    "snappy-java": "org.xerial.snappy",
    "zstd-jni": "com.github.luben",
}


def read(archive: bytes) -> Iterator[Package]:
    """The artifacts of all jars in a tar archive; those of an unknown group are `generic`."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as folder:
        for member in folder:
            found = _JAR.fullmatch(member.name.rpartition("/")[2])
            content = folder.extractfile(member)
            if found is None or content is None:
                continue
            name, version = found["name"], found["version"]
            group = _group(name, content.read())
            yield Package("maven" if group else "generic", name, version, group)


def _group(name: str, jar: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(jar)) as files:
        for path in files.namelist():
            # Jars may hold others' files beside their own.
            if found := re.fullmatch(
                rf"META-INF/maven/([^/]+)/{re.escape(name)}/pom\.properties", path
            ):
                return found[1]
    return "org.apache.kafka" if name.startswith("kafka") else _GROUPS.get(name, "")
