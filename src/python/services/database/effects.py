"""Effects that happen once, however often their request is delivered.

After a crash Kafka delivers again what was answered just before. A method for which doing the same
again would be doing harm is called with a key, made once for each intended effect. Key and reply
are stored in the transaction of the effect: a known key gets the reply that it got first.
"""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncSession

from services.database.errors import AlreadyExistsError
from services.database.fields import Fields
from services.database.models import Effect
from services.database.transactions import Work

KEY = "idempotency-key"
"""The name of the key in the metadata of a call."""

RETENTION = timedelta(days=1)
"""How long a key is known: far longer than any request waits to be delivered again."""

type Metadata = Iterable[tuple[str, str | bytes]]


def once[Q: Message, R: Message](
    work: Work[Q, R], reply: type[R], metadata: Metadata | None
) -> Work[Q, R]:
    """Work that happens once for each key.

    Two deliveries at the same time do not pass each other: the second waits for the first's end.
    Work that raises leaves no trace, and may be tried again under the same key.

    Args:
        work: What happens, in a transaction.
        reply: The type of what it answers.
        metadata: Of the call; must hold the key.

    Returns:
        The work, which then also raises `InvalidRequestError` if there is no key, and
        `AlreadyExistsError` if another request had it.
    """

    async def work_once(request: Q, session: AsyncSession) -> R:
        key, fingerprint = _key(metadata), _fingerprint(request)
        row = {"key": key, "fingerprint": fingerprint, "reply": b""}
        taking = insert_or_skip(Effect).values(row).on_conflict_do_nothing().returning(Effect.key)
        if await session.scalar(taking) is None:
            return reply.FromString(await _first_reply(session, key, fingerprint))
        answer = await work(request, session)
        storing = update(Effect).where(Effect.key == key).values(reply=answer.SerializeToString())
        await session.execute(storing)
        return answer

    return work_once


async def _first_reply(session: AsyncSession, key: UUID, fingerprint: bytes) -> bytes:
    effect = (await session.scalars(select(Effect).where(Effect.key == key))).one()
    if effect.fingerprint != fingerprint:
        raise AlreadyExistsError("KEY_TAKEN", f"another request had this {KEY}")
    return effect.reply


def _key(metadata: Metadata | None) -> UUID:
    given = dict(metadata or ()).get(KEY, "")
    with Fields() as fields:
        return fields.new_id(KEY, given if isinstance(given, str) else "")


def _fingerprint(request: Message) -> bytes:
    name = request.DESCRIPTOR.full_name.encode()
    return sha256(name + b"\0" + request.SerializeToString(deterministic=True)).digest()
