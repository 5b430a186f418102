"""What a release is: a manifest of the digests of images and Compose files.

Services that did not change keep theirs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints, field_validator

from bluegreen.documents import Document

type Image = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$")
]
"""A repository and a digest; a tag may be moved, a digest not."""

type FileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.yml$")]

type Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

type ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]

_SHORT = 12


class Heads(Document):
    """Revisions of the database's schema; `e0002` is newer than `e0001`.

    Of a release: the newest that it knows. Of a database: the newest that ran, `e0000` if none.
    """

    expand: str = Field(default="e0000", pattern=r"^e[0-9]{4}$")
    contract: str = Field(default="c0000", pattern=r"^c[0-9]{4}$")

    def joined(self, other: "Heads") -> "Heads":
        """The newest of both, branch by branch."""
        return Heads(
            expand=max(self.expand, other.expand), contract=max(self.contract, other.contract)
        )


class Release(Document):
    """What is delivered.

    Attributes:
        revision: The commit in git, 40 hexadecimal digits.
        built_at: When it was put together; whole seconds.
        images: The image of each service and tool.
        files: The SHA-256 of each Compose file, in hexadecimal digits; see `bluegreen.bundle`.
        heads: The newest revisions of the schema that its code knows.
    """

    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    built_at: AwareDatetime
    images: Mapping[ServiceName, Image] = Field(min_length=1)
    files: Mapping[FileName, Sha256] = Field(min_length=1)
    heads: Heads = Heads()

    @field_validator("built_at")
    @classmethod
    def _whole_seconds(cls, moment: datetime) -> datetime:
        if moment.microsecond or moment.utcoffset():
            raise ValueError("should be in UTC, and of whole seconds")
        return moment

    @property
    def version(self) -> str:
        """Its name: when it was put together, and from which commit. Names order by time."""
        return f"{self.built_at:%Y%m%d-%H%M%S}-{self.revision[:_SHORT]}"

    def is_same_as(self, other: "Release") -> bool:
        """Whether the other one would put the very same containers there."""
        mine = (self.images, self.files, self.heads)
        return mine == (other.images, other.files, other.heads)

    def can_serve(self, database: Heads) -> bool:
        """Whether its code works on a database: one that nothing newer has contracted."""
        return self.heads.contract >= database.contract

    def changed_since(self, other: "Release | None") -> list[str]:
        """The services whose images are other ones than before, sorted; all if there was none."""
        before = other.images if other else {}
        names = self.images.keys() | before.keys()
        return sorted(name for name in names if self.images.get(name) != before.get(name))
