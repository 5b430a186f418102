"""What the plugins in pants-plugins/ add to Pants, seen at work."""

import pytest

from tests.build.checkout import Checkout

# Pants' first look at the repository may take minutes where other suites run.
pytestmark = pytest.mark.timeout(600)

CALLS_A_SERVICE = """\
from grpc import aio
from tandem.identity.v1 import identity_pb2, identity_pb2_grpc


async def keys(channel: aio.Channel) -> {answer}:
    request = identity_pb2.GetVerificationKeysRequest()
    return await identity_pb2_grpc.IdentityStub(channel).GetVerificationKeys(request)
"""


def test_types_of_generated_stubs_are_checked(checkout: Checkout) -> None:
    right = CALLS_A_SERVICE.format(answer="identity_pb2.GetVerificationKeysResponse")
    with checkout.file("src/python/services/identity/calling.py", right) as path:
        done = checkout.pants("check", path)
    assert done.returncode == 0, done.stdout
    wrong = CALLS_A_SERVICE.format(answer="int")
    with checkout.file("src/python/services/identity/calling.py", wrong) as path:
        done = checkout.pants("check", path)
    assert done.returncode != 0
    assert 'got "GetVerificationKeysResponse", expected "int"' in done.stdout


def test_editing_a_contract_is_enough(checkout: Checkout) -> None:
    contract = "src/protos/tandem/identity/v1/identity.proto"
    edited = (checkout.root / contract).read_text() + (
        "\n// A fresh message.\nmessage Novelty {\n  // What is new.\n  string news = 1;\n}\n"
    )
    code = (
        "from tandem.identity.v1 import identity_pb2\n\n"
        'NEWS: str = identity_pb2.Novelty(news="none").news\n'
    )
    with (
        checkout.file(contract, edited),
        checkout.file("src/python/services/identity/novelty.py", code) as path,
    ):
        done = checkout.pants("check", path)
    assert done.returncode == 0, done.stdout


def test_lint_reads_python_contracts_and_shell(checkout: Checkout) -> None:
    contract = "src/protos/tandem/identity/v1/identity.proto"
    uncommented = (checkout.root / contract).read_text() + (
        "\n// A service.\nservice Undocumented {\n"
        "  rpc Say(SignInRequest) returns (SignInResponse);\n}\n"
    )
    with (
        checkout.file("src/python/chassis/untidy.py", "import os\nx = {  'a':1 }\n") as python,
        checkout.file("build-support/careless.sh", "#!/bin/bash\nrm $1\n") as shell,
        checkout.file(contract, uncommented),
    ):
        done = checkout.pants("lint", python, shell, contract)
    assert done.returncode != 0
    for finding in ("F401", "ruff format failed", "SC2086", 'RPC "Say"'):
        assert finding.lower() in done.stdout.lower(), done.stdout


def test_lint_reads_dockerfiles(checkout: Checkout) -> None:
    dockerfile = "infra/images/kafka-tools/Dockerfile"
    careless = (checkout.root / dockerfile).read_text() + "RUN cd /tmp && ls\n"
    with checkout.file(dockerfile, careless):
        done = checkout.pants("lint", "infra/images/kafka-tools:image")
    assert done.returncode != 0
    assert "DL3003" in done.stdout, done.stdout


def test_fmt_sorts_imports_and_formats_and_fix_removes_what_is_not_used(checkout: Checkout) -> None:
    untidy = "import sys\nimport os\nx = {  'a':sys.path }\n"
    with checkout.file("src/python/chassis/untidy.py", untidy) as path:
        assert checkout.pants("fmt", path).returncode == 0
        formatted = (checkout.root / path).read_text()
        assert checkout.pants("fix", path).returncode == 0
        fixed = (checkout.root / path).read_text()
    assert formatted == 'import os\nimport sys\n\nx = {"a": sys.path}\n'
    assert fixed == 'import sys\n\nx = {"a": sys.path}\n'
