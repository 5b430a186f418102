"""Reflection, as grpcio-reflection ships it, of the repository's own contracts."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc
from tandem.database.v1 import accounts_pb2, activity_pb2
from tandem.identity.v1 import identity_pb2

from tests.conformance.transports import EOF, Transport

IDENTITY = identity_pb2.DESCRIPTOR.services_by_name["Identity"].full_name
ACCOUNTS = accounts_pb2.DESCRIPTOR.services_by_name["AccountStore"].full_name
ACTIVITY = activity_pb2.DESCRIPTOR.services_by_name["ActivityLog"].full_name
SERVICES = (ACCOUNTS, ACTIVITY, IDENTITY, reflection.SERVICE_NAME)

type Request = reflection_pb2.ServerReflectionRequest
type Answer = reflection_pb2.ServerReflectionResponse
type Reflecting = grpc.aio.StreamStreamCall[Request, Answer]


async def _reflecting(transport: Transport) -> Reflecting:
    """A call of a server that has reflection switched on."""
    await transport.start(
        [], adding=lambda server: reflection.enable_server_reflection(SERVICES, server)
    )
    stub = reflection_pb2_grpc.ServerReflectionStub(transport.channel())
    call: Reflecting = stub.ServerReflectionInfo(timeout=20)
    return call


async def _ask(call: Reflecting, **question: object) -> Answer:
    await call.write(reflection_pb2.ServerReflectionRequest(**question))
    answer = await asyncio.wait_for(call.read(), 5)
    assert isinstance(answer, reflection_pb2.ServerReflectionResponse)
    return answer


def _pool_of(answer: Answer) -> descriptor_pool.DescriptorPool:
    """A pool that knows nothing but what the answer says."""
    files = [
        descriptor_pb2.FileDescriptorProto.FromString(each)
        for each in answer.file_descriptor_response.file_descriptor_proto
    ]
    pool, left = descriptor_pool.DescriptorPool(), {each.name: each for each in files}

    def add(name: str) -> None:
        file = left.pop(name, None)
        if file is not None:
            for dependency in file.dependency:
                add(dependency)
            pool.Add(file)

    for file in files:
        add(file.name)
    return pool


async def test_services_are_listed(transport: Transport) -> None:
    call = await _reflecting(transport)
    answer = await _ask(call, list_services="")
    listed = [each.name for each in answer.list_services_response.service]
    assert listed == sorted(SERVICES)


async def test_a_symbol_comes_with_all_files_that_it_needs(transport: Transport) -> None:
    call = await _reflecting(transport)
    answer = await _ask(call, file_containing_symbol=ACTIVITY)
    service = _pool_of(answer).FindServiceByName(ACTIVITY)
    there = activity_pb2.DESCRIPTOR.services_by_name["ActivityLog"]
    assert [each.name for each in service.methods] == [each.name for each in there.methods]
    for method in service.methods:
        message = message_factory.GetMessageClass(method.input_type)
        assert message().SerializeToString() == b""


async def test_questions_of_one_call_are_answered_in_turn(transport: Transport) -> None:
    call = await _reflecting(transport)
    names = [accounts_pb2.DESCRIPTOR.name, identity_pb2.DESCRIPTOR.name]
    for name in names:
        answer = await _ask(call, file_by_filename=name)
        assert answer.original_request.file_by_filename == name
        assert _pool_of(answer).FindFileByName(name).name == name
    await call.done_writing()
    assert await call.read() is EOF
    assert await call.code() is grpc.StatusCode.OK


async def test_an_unknown_symbol_is_an_answer_and_not_the_end(transport: Transport) -> None:
    call = await _reflecting(transport)
    answer = await _ask(call, file_containing_symbol="no.such.Symbol")
    assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    answer = await _ask(call, file_containing_symbol=IDENTITY)
    assert _pool_of(answer).FindServiceByName(IDENTITY).full_name == IDENTITY
