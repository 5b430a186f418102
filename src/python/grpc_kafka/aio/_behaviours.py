"""What an application gives to handle a method, in all the forms that `grpc.aio` takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from grpc_kafka.aio._routing import Handler

_ON_THE_LOOP = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

type Behaviour = Callable[[object, object], object]


def behaviour_of(handler: Handler) -> Behaviour:
    """The one of a handler's behaviours that is of its arity.

    Raises:
        TypeError: it has none.
    """
    found: object
    if handler.response_streaming:
        found = handler.stream_stream if handler.request_streaming else handler.unary_stream
    else:
        found = handler.stream_unary if handler.request_streaming else handler.unary_unary
    if found is None:
        raise TypeError("the handler has no behaviour of its arity")
    # No `cast`: it is asked for with every call.
    return found  # type: ignore[return-value]


def is_async(behaviour: Behaviour) -> bool:
    """Whether it runs on the loop: a coroutine, or an asynchronous generator."""
    code = getattr(behaviour, "__code__", None)
    if code is not None and code.co_flags & _ON_THE_LOOP:
        # As nearly all are; it is asked for with every call, and to look closer takes a while.
        return True
    return _is(inspect.iscoroutinefunction, behaviour) or is_async_generator(behaviour)


def is_async_generator(behaviour: Behaviour) -> bool:
    """Whether it yields its answers on the loop."""
    return _is(inspect.isasyncgenfunction, behaviour)


def _is(kind: Callable[[object], bool], behaviour: Behaviour) -> bool:
    call = getattr(behaviour, "__call__", None)  # noqa: B004 - an object may be a handler
    return kind(behaviour) or kind(call)


def bytes_of(handler: Handler, answer: object) -> bytes:
    """An answer as bytes; none at all for None.

    Raises:
        TypeError: it is none, or its serializer makes something else of it.
    """
    write = handler.response_serializer
    message: object = answer if write is None else write(answer)
    if message is None:
        return b""
    if not isinstance(message, bytes):
        raise TypeError(f"an answer, or what its serializer makes of it, is bytes: {type(message)}")
    return message
