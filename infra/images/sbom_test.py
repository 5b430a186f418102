"""What an image's list of packages says."""

import json

from infra.images import sbom
from infra.images.system_packages import Package

_PACKAGES = [
    Package("deb", "libc6", "2.41-12", "debian"),
    Package("generic", "nginx", "1.31.3"),
    Package("maven", "kafka_2.13", "4.4.0", "org.apache.kafka"),
    Package("pypi", "grpcio", "1.85.1"),
]


def test_packages_are_named_so_that_scanners_know_them() -> None:
    found = json.loads(sbom.document("tandem/identity:dev", "sha256:12", _PACKAGES))
    assert found["specVersion"] == "1.6"
    assert {component["purl"] for component in found["components"]} == {
        "pkg:deb/debian/libc6@2.41-12",
        "pkg:generic/nginx@1.31.3",
        "pkg:maven/org.apache.kafka/kafka_2.13@4.4.0",
        "pkg:pypi/grpcio@1.85.1",
    }


def test_the_same_image_gives_the_same_file() -> None:
    first = sbom.document("tandem/identity:dev", "sha256:12", _PACKAGES)
    again = sbom.document("tandem/identity:dev", "sha256:12", list(reversed(_PACKAGES)))
    assert first == again
