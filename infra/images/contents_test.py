"""What is read of an image: lists of a system, jars, what nginx says."""

import io
import os
import tarfile
import zipfile
from contextlib import redirect_stdout

from infra.images import contents, jars, sizes, system_packages
from infra.images.system_packages import Package

_NGINX = """\
nginx version: nginx/1.31.3
built by gcc 14.2.0 (Alpine 14.2.0)
built with OpenSSL 3.3.7 7 Apr 2026
TLS SNI support enabled
"""


def _folder(**jars: tuple[str, ...]) -> bytes:
    """An archive of jars, each with the files that it is to hold."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as folder:
        for name, paths in jars.items():
            jar = io.BytesIO()
            with zipfile.ZipFile(jar, "w") as files:
                for path in ("META-INF/MANIFEST.MF", *paths):
                    files.writestr(path, "")
            entry = tarfile.TarInfo(f"./{name}.jar")
            entry.size = len(jar.getvalue())
            folder.addfile(entry, io.BytesIO(jar.getvalue()))
    return archive.getvalue()


def test_a_jar_is_of_the_group_that_it_names_itself() -> None:
    own = "META-INF/maven/at.yawk.lz4/lz4-java/pom.properties"
    others = "META-INF/maven/commons-net/commons-net/pom.properties"
    archive = _folder(**{"lz4-java-1.11.2": (others, own), "kafka-clients-4.4.0": (others,)})
    assert list(jars.read(archive)) == [
        Package("maven", "lz4-java", "1.11.2", "at.yawk.lz4"),
        Package("maven", "kafka-clients", "4.4.0", "org.apache.kafka"),
    ]


def test_a_jar_of_which_nothing_is_known_is_listed_all_the_same() -> None:
    archive = _folder(**{"newcomer-1.0.7-17": ()})
    assert list(jars.read(archive)) == [Package("generic", "newcomer", "1.0.7-17")]


def test_the_lists_of_debian_and_alpine_are_read() -> None:
    debian = "Package: libc6\nStatus: install ok installed\nVersion: 2.41-12\n\n"
    alpine = "C:Q1abc=\nP:musl\nV:1.2.5-r9\nA:x86_64\n\n"
    assert list(system_packages.read(debian + alpine)) == [
        Package("deb", "libc6", "2.41-12", "debian"),
        Package("apk", "musl", "1.2.5-r9", "alpine"),
    ]


def test_nginx_tells_what_it_is_made_of() -> None:
    assert list(contents.nginx(_NGINX)) == [
        Package("generic", "nginx", "1.31.3"),
        Package("generic", "openssl", "3.3.7"),
    ]


def test_help_has_examples() -> None:
    written = io.StringIO()
    code: object = None
    with redirect_stdout(written):
        try:
            sizes.main(["--help"])
        except SystemExit as ended:
            code = ended.code
    assert code == 0
    assert "./pants run infra/images:sizes -- 1.2" in written.getvalue()


def test_without_docker_it_is_said_what_is_missing() -> None:
    path, said = os.environ["PATH"], ""
    os.environ["PATH"] = ""
    try:
        contents.identifier("tandem/nginx:dev")
    except contents.EngineError as error:
        said = str(error)
    finally:
        os.environ["PATH"] = path
    assert said.startswith("docker cannot be run")
