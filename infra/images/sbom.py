"""Write what is in each image: ``./pants run infra/images:sbom``.

``dist/sbom/NAME.cdx.json`` lists an image's packages from Debian, PyPI and Maven in CycloneDX 1.6,
and nginx with its OpenSSL. The same image gives the same file.
"""

import os
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from infra.images import contents
from infra.images.system_packages import Package


def main(arguments: list[str]) -> int:
    """Write the files of the images with a tag (dev); return the exit code."""
    tag = contents.tag_of(
        arguments, "sbom", "Write what is in each image to dist/sbom, in CycloneDX 1.6."
    )
    folder = Path(os.environ.get("BUILD_ROOT", ".")) / "dist/sbom"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name in (*contents.names(), *contents.SERVERS):
            image = contents.reference(name, tag)
            digest, packages = contents.identifier(image), contents.packages(image)
            path = folder / f"{name}.cdx.json"
            path.write_text(document(image, digest, packages) + "\n")
            print(f"{path}: {len(packages)} packages")
    except contents.EngineError as error:
        print(f"{error}\n./pants package :: builds the images", file=sys.stderr)
        return 1
    return 0


def document(image: str, digest: str, packages: list[Package]) -> str:
    """What a file says: of an image with this digest, that it holds these packages."""
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, digest))
    bom.metadata.timestamp = datetime.fromtimestamp(0, UTC)
    whole = Component(
        name=image,
        type=ComponentType.CONTAINER,
        bom_ref=image,
        properties=[Property(name="tandem:image", value=digest)],
    )
    bom.metadata.component = whole
    bom.components.update(_component(package) for package in packages)
    bom.register_dependency(whole, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _component(package: Package) -> Component:
    purl = PackageURL(package.kind, package.group or None, package.name, package.version)
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=str(purl),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
