"""The words that follow from a service's name. Pure."""

from dataclasses import dataclass

_VOWELS = frozenset("aeiou")
_HISSING = ("s", "x", "z", "ch", "sh")


def plural(word: str) -> str:
    """Of a word in the singular, as most words of English have it."""
    if word.endswith("y") and len(word) > 1 and word[-2] not in _VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(_HISSING) else f"{word}s"


def singular(word: str) -> str:
    """Of a word in the plural; a word that is in none stays as it is."""
    if word.endswith("ies") and len(word) > len("ties"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    ends_so_itself = word.endswith(("ss", "us", "is"))
    return word[:-1] if word.endswith("s") and not ends_so_itself else word


@dataclass(frozen=True)
class Service:
    """A service that can be made.

    Attributes:
        name: One word in lower case, such as `orders`.
        web: Whether it has pages.
        data: Whether it has rows in the database.
    """

    name: str
    web: bool = False
    data: bool = False

    @property
    def title(self) -> str:
        """The name of its gRPC service: `Orders`."""
        return self.name.capitalize()

    @property
    def record(self) -> str:
        """One of its rows: `order`."""
        return singular(self.name)

    @property
    def model(self) -> str:
        """The class of its rows: `Order`."""
        return self.record.capitalize()

    @property
    def store(self) -> str:
        """The gRPC service that keeps them: `OrderStore`."""
        return f"{self.model}Store"
