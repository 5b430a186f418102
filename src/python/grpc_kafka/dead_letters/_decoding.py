"""A request's message as text, where its contract is at hand."""

from __future__ import annotations

from google.protobuf import descriptor_pool, message_factory, text_format
from google.protobuf.message import DecodeError


def text_of(message: bytes, method: str, pool: descriptor_pool.DescriptorPool) -> str | None:
    """A request as text; None when its contract is not at hand, or it does not follow it."""
    service, _, name = method.lstrip("/").rpartition("/")
    try:
        found = pool.FindServiceByName(service).methods_by_name[name].input_type
        decoded = message_factory.GetMessageClass(found).FromString(message)
    except (KeyError, DecodeError):
        return None
    return text_format.MessageToString(decoded)
