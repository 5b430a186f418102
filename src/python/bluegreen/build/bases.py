"""The images that those of a release start from, as a file names them: NAME=IMAGE, line by line."""

from collections.abc import Sequence


def unpinned(text: str) -> Sequence[str]:
    """Those that no digest pins, so that a registry may give others by the same name."""
    lines = (line.strip() for line in text.splitlines())
    images = [line.partition("=")[2] for line in lines if line and not line.startswith("#")]
    return [image for image in images if "@sha256:" not in image]
