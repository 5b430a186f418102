"""People who sign up and in, each an account of its own."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tandem.identity.v1 import identity_pb2 as pb
from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from tandem.identity.v1.identity_pb2_grpc import IdentityAsyncStub

TIMEOUT = 20.0


@dataclass(frozen=True)
class Person:
    """Who somebody is, and the network that she comes from: nobody else does."""

    account_id: str = field(default_factory=lambda: str(uuid7()))
    password: str = "correct horse"

    @property
    def email(self) -> str:
        return f"Ada.{self.account_id}@example.org"

    @property
    def address(self) -> str:
        return f"client {self.account_id}"

    async def sign_up(self, identity: "IdentityAsyncStub") -> pb.Grant:
        request = pb.SignUpRequest(
            account_id=self.account_id,
            email=self.email,
            password=self.password,
            display_name="Ada",
            user_agent="Firefox\0 on Linux",
            client_address=self.address,
        )
        return (await identity.SignUp(request, timeout=TIMEOUT)).grant

    async def sign_in(self, identity: "IdentityAsyncStub", password: str = "") -> pb.Grant:
        request = pb.SignInRequest(
            email=self.email.upper(),
            password=password or self.password,
            user_agent="Safari",
            client_address=self.address,
        )
        return (await identity.SignIn(request, timeout=TIMEOUT)).grant


async def session_ids(identity: "IdentityAsyncStub", grant: pb.Grant) -> set[str]:
    request = pb.ListSessionsRequest(access_token=grant.access_token)
    return {
        session.id for session in (await identity.ListSessions(request, timeout=TIMEOUT)).sessions
    }
