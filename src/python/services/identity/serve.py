"""The service: its parts put together, on the chassis."""

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc.aio
from tandem.database.v1.accounts_pb2_grpc import AccountStoreStub
from tandem.database.v1.attempts_pb2_grpc import AttemptStoreStub
from tandem.database.v1.sessions_pb2_grpc import SessionStoreStub
from tandem.identity.v1.identity_pb2_grpc import add_IdentityServicer_to_server

from chassis import Process, StartError, run
from services.identity.access_tokens import AccessTokens
from services.identity.attempts import Attempts
from services.identity.errors import KeysError
from services.identity.key_ring import KeyRing
from services.identity.passwords import Passwords, hashing_threads
from services.identity.servicer import Identity
from services.identity.sessions import Sessions
from services.identity.settings import Settings
from services.identity.sign_in import SignIn
from services.identity.sign_up import SignUp


def assemble(
    settings: Settings, channel: grpc.aio.Channel, keys: KeyRing, executor: Executor
) -> Identity:
    """Build the servicer on a channel to `database`."""
    accounts, attempts = AccountStoreStub(channel), AttemptStoreStub(channel)
    passwords = Passwords(settings.password_hasher(), executor)
    digest_key = settings.attempt_digest_key.get_secret_value().encode()
    sign_up = Attempts("sign-up", settings.sign_up_limits(), attempts, digest_key)
    sign_in = Attempts("sign-in", settings.sign_in_limits(), attempts, digest_key)
    tokens = AccessTokens(keys, timedelta(seconds=settings.access_token_lifetime))
    lifetime = timedelta(seconds=settings.session_lifetime)
    return Identity(
        sign_up=SignUp(accounts, passwords, sign_up),
        sign_in=SignIn(accounts, passwords, sign_in),
        sessions=Sessions(SessionStoreStub(channel), tokens, lifetime),
        keys=keys,
    )


async def start(process: Process[Settings]) -> None:
    """Build the service on a process.

    Raises:
        StartError: there is no usable signing key.
    """
    try:
        keys = KeyRing(process.settings.signing_keys)
    except KeysError as error:
        raise StartError(str(error)) from error
    process.health.add("signing keys", keys.probe)
    executor = await process.enter(_hashing(process.settings.password_hash_threads))
    identity = assemble(process.settings, process.channel(), keys, executor)
    add_IdentityServicer_to_server(identity, process.server())


def main() -> None:
    """Serve until told to stop."""
    run("identity", Settings, start)


@asynccontextmanager
async def _hashing(threads: int) -> AsyncIterator[Executor]:
    with hashing_threads(threads) as executor:
        yield executor
