"""An Apache Kafka that knows who calls: SASL/SCRAM over TLS, TLS alone, and access lists.

    with secured_kafka.running(tmp_path) as broker:
        broker.user("account", "secret")
        broker.allow("account", [Grant("topic", "blue.a.b.Service", "WRITE")])
        Security(protocol="SASL_SSL", username="account", password_file=..., ca_file=broker.ca)

It has a listener without security as well, whose callers may do everything: for the suite itself.
So may a user `admin`, once there is one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.support import kafka
from tests.support.certificates import Authority
from tests.support.ports import free_ports

_TIMEOUT = 20.0
_ITERATIONS = 4096  # the fewest that Kafka takes


class Grant(NamedTuple):
    """An operation that somebody may do.

    `kind` is topic, group or transactional_id; a name that ends in `*` is a prefix.
    """

    kind: str
    name: str
    operation: str


@dataclass(frozen=True, slots=True)
class SecuredKafka:
    """A broker that lets in whom it knows.

    Attributes:
        plain: the broker and its open listener.
        sasl_ssl: `host:port` of the listener for SASL/SCRAM over TLS.
        ssl: `host:port` of the listener that asks clients for certificates.
        authority: signed the broker's certificate, and signs those of clients.
    """

    plain: kafka.Kafka
    sasl_ssl: str
    ssl: str
    authority: Authority

    def user(self, name: str, password: str) -> None:
        """Let somebody in by SCRAM-SHA-512 with this password."""
        credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
        change = UserScramCredentialUpsertion(name, credential, password.encode())
        admin = self._admin()
        for done in admin.alter_user_scram_credentials([change]).values():
            done.result(_TIMEOUT)
        self._await_entrance(name, password)

    def allow(self, user: str, grants: Sequence[Grant]) -> None:
        """Give somebody rights; nobody has any before."""
        bindings = [_binding(user, grant) for grant in grants]
        admin = self._admin()
        for done in admin.create_acls(bindings).values():
            done.result(_TIMEOUT)

    def _await_entrance(self, name: str, password: str) -> None:
        """Wait until the broker has heard of a user from its controller."""
        settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.sasl_ssl,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": name,
            "sasl.password": password,
            "ssl.ca.location": str(self.authority.certificate),
            "log_level": 0,
        }
        AdminClient(settings).list_topics(timeout=_TIMEOUT)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.plain.bootstrap_servers})


@contextmanager
def running(home: Path) -> Iterator[SecuredKafka]:
    """Start a broker with no data; stop it at the end.

    Args:
        home: a directory of the caller's, for certificates.

    Raises:
        KafkaStartError: it ended, or did not answer in time.
    """
    authority = Authority(home / "authority")
    certificate = authority.sign("broker", addresses=["127.0.0.1"])
    sasl_ssl, ssl = (f"127.0.0.1:{port}" for port in free_ports(2))
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificate.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:admin",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
    }
    with kafka.running(settings, {"SASL_SSL": sasl_ssl, "SSL": ssl}) as broker:
        yield SecuredKafka(broker, sasl_ssl, ssl, authority)


def _binding(user: str, grant: Grant) -> AclBinding:
    prefix = grant.name.endswith("*") and grant.name != "*"
    return AclBinding(
        ResourceType[grant.kind.upper()],
        grant.name.removesuffix("*") if prefix else grant.name,
        ResourcePatternType.PREFIXED if prefix else ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation[grant.operation],
        AclPermissionType.ALLOW,
    )
