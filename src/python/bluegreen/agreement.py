"""Where settings of `deploy.toml` do not agree, as far as what is written can tell.

Not by validators of their tables: those are silent while anything else in them is wrong.
"""

from collections.abc import Iterator, Mapping


def asked_for_heads(content: Mapping[str, object]) -> Iterator[str]:
    """That the image which is asked for heads is not built."""
    match content:
        case {
            "project": {"services": [*services]},
            "build": {"heads": {"image": str(image)}, **others},
        }:
            match others.get("names", []):
                case [*names] if image not in (built := [*services, *names]):
                    named = ", ".join(dict.fromkeys(map(str, built)))
                    yield f"build.heads.image: is none of those that are built: {named}"


def prepared_again_alone(content: Mapping[str, object]) -> Iterator[str]:
    """That what is prepared again is not prepared."""
    match content:
        case {"tasks": {"prepare-again": [*again], **others}}:
            match others.get("prepare", []):
                case [*first] if lacking := [str(each) for each in again if each not in first]:
                    yield f"tasks.prepare-again: has {', '.join(lacking)}, which prepare has not"
