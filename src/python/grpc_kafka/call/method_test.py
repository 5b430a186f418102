import pytest
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, timestamp_pb2

from grpc_kafka._contracts import ContractsError
from grpc_kafka.call._method import Method, signature_of


@pytest.fixture
def pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop.v1")
    message = file.message_type.add(name="Item")
    message.field.add(
        name="full_name",
        number=1,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
    )
    service = file.service.add(name="Store")
    for name, takes, gives in (("Get", False, False), ("Watch", False, True), ("Put", True, True)):
        service.method.add(
            name=name,
            input_type=".shop.v1.Item",
            output_type=".shop.v1.Item",
            client_streaming=takes,
            server_streaming=gives,
        )
    made = descriptor_pool.DescriptorPool()
    made.Add(file)
    return made


def test_a_method_has_json_on_both_ends(pool: descriptor_pool.DescriptorPool) -> None:
    method = Method(pool, "shop.v1.Store/Get")
    assert (method.path, method.streams) == ("/shop.v1.Store/Get", False)
    for text in ('{"fullName": "Öl"}', '{"full_name": "Öl"}'):
        assert method.decoded(method.encoded(text)) == '{"fullName": "Öl"}'
    assert Method(pool, "/shop.v1.Store/Watch").streams


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shop.v1.Store/Sell", "shop.v1.Store has no method 'Sell'; it has Get, Put, Watch"),
        ("shop.v1.Shop/Get", "there is no contract of 'shop.v1.Shop': --list shop.v1 says"),
        ("Get", "there is no contract of 'Get'"),
        ("shop.v1.Store/Put", "takes a stream of requests"),
    ],
)
def test_what_cannot_be_called_is_said(
    pool: descriptor_pool.DescriptorPool, name: str, said: str
) -> None:
    with pytest.raises(ContractsError) as caught:
        Method(pool, name)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["{", '{"name": 1}', "7"])
def test_a_request_that_does_not_follow_the_contract_is_said(
    pool: descriptor_pool.DescriptorPool, text: str
) -> None:
    with pytest.raises(ContractsError, match=r"the request is no shop\.v1\.Item in JSON"):
        Method(pool, "shop.v1.Store/Get").encoded(text)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("Timestamp", b"\xff"),
        ("Timestamp", timestamp_pb2.Timestamp(seconds=10**15).SerializeToString()),
        ("Any", any_pb2.Any(type_url="x/of.Another", value=b"1").SerializeToString()),
    ],
)
def test_an_answer_that_has_no_json_is_said(kind: str, answer: bytes) -> None:
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="a.proto", package="a")
    for known in (timestamp_pb2, any_pb2):
        copy = descriptor_pb2.FileDescriptorProto()
        known.DESCRIPTOR.CopyToProto(copy)
        pool.Add(copy)
        file.dependency.append(copy.name)
    method = file.service.add(name="B").method.add(name="Get")
    method.input_type = method.output_type = f".google.protobuf.{kind}"
    pool.Add(file)
    with pytest.raises(ContractsError, match=rf"the answer is no google\.protobuf\.{kind} in JSON"):
        Method(pool, "a.B/Get").decoded(answer)


def test_a_signature_tells_what_streams(pool: descriptor_pool.DescriptorPool) -> None:
    found = pool.FindServiceByName("shop.v1.Store").methods_by_name["Watch"]
    said = "shop.v1.Store/Watch (shop.v1.Item) returns (stream shop.v1.Item)"
    assert signature_of(found) == said
