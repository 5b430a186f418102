"""A method and its messages as texts."""

from __future__ import annotations

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message

from grpc_kafka._contracts import ContractsError


class Method:
    """A method of a contract that is called by one request.

    Args:
        pool: where its contract is.
        name: `package.Service/Method`.

    Raises:
        ContractsError: there is none of this name, or it takes a stream of requests.

    """

    def __init__(self, pool: DescriptorPool, name: str) -> None:
        self._pool = pool
        self._found = _found(pool, name)
        if self._found.client_streaming:
            raise ContractsError(f"{name} takes a stream of requests; call it by a program")
        self._request = message_factory.GetMessageClass(self._found.input_type)
        self._answer = message_factory.GetMessageClass(self._found.output_type)

    @property
    def path(self) -> str:
        """As it is called: `/package.Service/Method`."""
        return f"/{self._found.containing_service.full_name}/{self._found.name}"

    @property
    def streams(self) -> bool:
        """Whether it gives any number of answers."""
        return self._found.server_streaming

    def encoded(self, text: str) -> bytes:
        """A request.

        Args:
            text: JSON, by the names of the contract or in lowerCamelCase.

        Raises:
            ContractsError: it is no JSON, or no such message; says where.
        """
        try:
            made: Message = json_format.Parse(text, self._request(), descriptor_pool=self._pool)
        except json_format.ParseError as error:
            name = self._found.input_type.full_name
            raise ContractsError(f"the request is no {name} in JSON: {error}") from error
        return made.SerializeToString()

    def decoded(self, answer: bytes) -> str:
        """An answer as JSON in one line.

        Raises:
            ContractsError: it is no such message, or one without JSON; says why.
        """
        try:
            return json_format.MessageToJson(
                self._answer.FromString(answer),
                indent=None,
                descriptor_pool=self._pool,
                ensure_ascii=False,
            )
        except (DecodeError, json_format.Error, TypeError, ValueError) as error:
            name = self._found.output_type.full_name
            raise ContractsError(f"the answer is no {name} in JSON: {error}") from error


def signature_of(method: MethodDescriptor) -> str:
    """A method in one line, with the types of its messages."""
    name = f"{method.containing_service.full_name}/{method.name}"
    takes = f"{'stream ' if method.client_streaming else ''}{method.input_type.full_name}"
    gives = f"{'stream ' if method.server_streaming else ''}{method.output_type.full_name}"
    return f"{name} ({takes}) returns ({gives})"


def _found(pool: DescriptorPool, name: str) -> MethodDescriptor:
    service, _, method = name.lstrip("/").rpartition("/")
    try:
        known = pool.FindServiceByName(service)
    except KeyError:
        package = service.rpartition(".")[0] or "PACKAGE"
        raise ContractsError(
            f"there is no contract of {service or name!r}: --list {package} says which are known,"
            " --descriptors names a file with others"
        ) from None
    if method not in known.methods_by_name:
        has = ", ".join(sorted(known.methods_by_name))
        raise ContractsError(f"{service} has no method {method!r}; it has {has}")
    return known.methods_by_name[method]
