"""Print a table of the images' sizes: ``./pants run infra/images:sizes``.

A program's own layers are the two that it adds to its runtime's; a server's own is its settings, on
a base of its own.
"""

import sys

from infra.images import contents

# How the Dockerfiles of servers add them.
_SETTINGS = "COPY /image /"

_HEAD = "| image | whole, MB | own requirements, MB | own sources, MB |\n| --- | --- | --- | --- |"


def main(arguments: list[str]) -> int:
    """Print the table of the images with a tag (dev); return the exit code."""
    tag = contents.tag_of(
        arguments, "sizes", "Print a table of the sizes of the images, in Markdown."
    )
    try:
        print(table(tag))
    except contents.EngineError as error:
        print(f"{error}\n./pants package :: builds the images", file=sys.stderr)
        return 1
    return 0


def table(tag: str) -> str:
    """The table, in Markdown."""
    rows = [_HEAD]
    for name in contents.names():
        sizes = [size for _, size in contents.layers(contents.reference(name, tag))]
        # What the Dockerfiles add last: requirements, then sources.
        own = (
            ["", ""] if name in contents.RUNTIMES else [f"{size / 1e6:.1f}" for size in sizes[-2:]]
        )
        rows.append(f"| `tandem/{name}` | {sum(sizes) / 1e6:.0f} | {' | '.join(own)} |")
    for name in contents.SERVERS:
        layers = list(contents.layers(contents.reference(name, tag)))
        settings = sum(size for made_by, size in layers if _SETTINGS in made_by)
        whole = sum(size for _, size in layers)
        rows.append(f"| `tandem/{name}` | {whole / 1e6:.0f} |  | {settings / 1e6:.1f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
