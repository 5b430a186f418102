"""The users of a cluster and their rights: looked at, granted, revoked."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin._acl import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
)
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from grpc_kafka._errors import AccessError
from grpc_kafka._kafka._admin import Admin
from grpc_kafka._kafka._faults import fault_of
from grpc_kafka.access._differences import Difference, Entrance, Step
from grpc_kafka.access._rights import Right

_MECHANISM = "SCRAM-SHA-512"
# Passwords are made by machines, long and used once: what more rounds are for is not at stake.
_ITERATIONS = 4096
_NEEDED = {AclOperation.DESCRIBE, AclOperation.ALTER}
_SLICE = 0.2
_ATTEMPT = 5.0


class Cluster:
    """Users behind brokers that have so many seconds for everything together.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        kafka: further librdkafka settings, such as those for security.
        timeout: seconds until all must be done.

    """

    def __init__(self, bootstrap_servers: str, kafka: Mapping[str, str], timeout: float) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._kafka = kafka
        self._admin = Admin(bootstrap_servers, kafka, timeout, AccessError)
        self._found: dict[Right, AclBinding] = {}

    def look(self, passwords: Mapping[str, str]) -> tuple[dict[str, Entrance], list[Right]]:
        """How users get in with these passwords, by their names, and what rights they have.

        Where brokers do not ask for passwords at the address at hand, none is tried.

        Raises:
            AccessError: the brokers did not answer in time, or refused.
        """
        self._check_allowed()
        rights = self._rights(passwords)
        return {name: self._entrance(name, passwords[name]) for name in passwords}, rights

    def do(self, difference: Difference, passwords: Mapping[str, str]) -> None:
        """Make none of what was found. A user whose password was set gets in when this is done.

        Raises:
            AccessError: the brokers did not answer in time, or refused.
        """
        if difference.right is None:
            self._set_password(difference.user, passwords[difference.user])
        elif difference.step is Step.REVOKE:
            self._revoke(difference.right)
        else:
            self._grant(difference.right)

    def _check_allowed(self) -> None:
        """What is wrong with the brokers, or with who asks, is said before anything else."""
        client = self._admin.client
        self._admin.ask(lambda wait: client.list_topics(timeout=wait))
        asked = client.describe_cluster(
            include_authorized_operations=True, request_timeout=self._admin.left()
        )
        cluster = self._admin.result(asked, "the brokers did not say what is allowed")
        # Of a refusal librdkafka 2.16 makes no error: rights that are not shown seem to be none,
        # and of users that are not shown it dies.
        if not set(cluster.authorized_operations or ()) >= _NEEDED:
            raise AccessError(
                "the brokers do not allow it: this takes DESCRIBE and ALTER on the cluster"
            )

    def _rights(self, users: Iterable[str]) -> list[Right]:
        wanted = {f"User:{user}" for user in users}
        everything = AclBindingFilter(
            ResourceType.ANY,
            None,  # type: ignore[arg-type]
            ResourcePatternType.ANY,
            None,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        asked = self._admin.client.describe_acls(everything, request_timeout=self._admin.left())
        found = self._admin.result(asked, "the rights were not read")
        self._found = {_right(each): each for each in found if each.principal in wanted}
        return list(self._found)

    def _grant(self, right: Right) -> None:
        futures = self._admin.client.create_acls(
            [_binding(right)], request_timeout=self._admin.left()
        )
        for future in futures.values():
            self._admin.result(future, f"{right.user} was not granted {right}")

    def _revoke(self, right: Right) -> None:
        futures = self._admin.client.delete_acls(
            [_only(self._found[right])], request_timeout=self._admin.left()
        )
        for future in futures.values():
            self._admin.result(future, f"{right.user} was not taken {right}")

    def _set_password(self, user: str, password: str) -> None:
        credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
        change = UserScramCredentialUpsertion(user, credential, password.encode())
        futures = self._admin.client.alter_user_scram_credentials(
            [change], request_timeout=self._admin.left()
        )
        for future in futures.values():
            self._admin.result(future, f"{user} was not let in")
        # One part of the brokers knows it a little before the others do.
        while self._entrance(user, password) is not Entrance.OPEN:
            self._admin.left()
            time.sleep(_SLICE)

    def _entrance(self, user: str, password: str) -> Entrance:
        if not self._is_known(user):
            return Entrance.MISSING
        if not self._kafka.get("security.protocol", "").upper().startswith("SASL_"):
            return Entrance.OPEN
        return Entrance.OPEN if self._gets_in(user, password) else Entrance.REFUSED

    def _is_known(self, user: str) -> bool:
        asked = self._admin.client.describe_user_scram_credentials(
            [user], request_timeout=self._admin.left()
        )
        try:
            found = asked[user].result(self._admin.left() + 1)  # type: ignore[index]
        except TimeoutError as error:
            raise AccessError(f"{user} was not looked up: the brokers took too long") from error
        except KafkaException as error:
            if error.args[0].code() == KafkaError.RESOURCE_NOT_FOUND:
                return False
            raise AccessError(f"{user} was not looked up: {fault_of(error).reason}") from error
        mechanisms = [each.mechanism for each in found.scram_credential_infos]
        return ScramMechanism.SCRAM_SHA_512 in mechanisms

    def _gets_in(self, user: str, password: str) -> bool:
        """Whether the brokers believe a password; they are asked for nothing else."""
        own = {"sasl.mechanism": _MECHANISM, "sasl.username": user, "sasl.password": password}
        shared = {name: value for name, value in self._kafka.items() if name != "sasl.mechanisms"}
        wait = min(self._admin.left(), _ATTEMPT)
        tried = Admin(self._bootstrap_servers, shared | own, wait, AccessError)
        while not tried.refused:
            with suppress(KafkaException):
                tried.client.list_topics(timeout=_SLICE)
                return True
            tried.left()
        return False


def _right(found: AclBinding) -> Right:
    permission = AclPermissionType(found.permission_type)
    pattern = ResourcePatternType(found.resource_pattern_type)
    otherwise = []
    if permission is not AclPermissionType.ALLOW:
        otherwise.append(permission.name)
    if pattern is not ResourcePatternType.LITERAL:
        otherwise.append(pattern.name)
    if found.host != "*":
        otherwise.append(f"from {found.host}")
    return Right(
        found.principal.removeprefix("User:"),
        AclOperation(found.operation).name,
        ResourceType(found.restype).name.lower(),
        found.name,
        " ".join(otherwise),
    )


def _binding(right: Right) -> AclBinding:
    return AclBinding(
        ResourceType[right.kind.upper()],
        right.name,
        ResourcePatternType.LITERAL,
        f"User:{right.user}",
        "*",
        AclOperation[right.operation],
        AclPermissionType.ALLOW,
    )


def _only(found: AclBinding) -> AclBindingFilter:
    """What finds this one and no other."""
    return AclBindingFilter(
        found.restype,
        found.name,
        found.resource_pattern_type,
        found.principal,
        found.host,
        found.operation,
        found.permission_type,
    )
