"""Unicode's normal form C of what somebody sent."""

import unicodedata

_MOST_COMPOSED = 4
"""Of so many characters Unicode composes one at the most."""


def composed(text: str, most: int) -> str:
    """In normal form C, unless it has more than so many characters in any form.

    Composing takes time by the square of the accents on one character: half a second for a form's
    body, minutes for a message of gRPC.

    Args:
        text: What was sent.
        most: So many characters may be accepted, in normal form C.
    """
    return text if len(text) > _MOST_COMPOSED * most else unicodedata.normalize("NFC", text)
