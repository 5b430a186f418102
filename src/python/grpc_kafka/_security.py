"""How a client of the brokers shows who it is, and how it knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

type SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
"""What is on the wire: TLS or not, with or without a name and a password."""

type SecurityMechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]
"""How a name and a password are shown; PLAIN shows the password itself."""

_PROTOCOLS: tuple[str, ...] = get_args(SecurityProtocol.__value__)
_MECHANISMS: tuple[str, ...] = get_args(SecurityMechanism.__value__)


@dataclass(frozen=True, slots=True)
class Security:
    """What an `Endpoint` and the commands need of brokers that do not let in everybody.

        Endpoint("kafka:9093", "blue", "account", kafka=Security(
            "SASL_SSL", username="account", password=password, ca_file=Path("ca.pem"),
        ).settings())

    Attributes:
        protocol: what is on the wire.
        mechanism: how the password is shown.
        username: who calls; needs `password`. Only where the protocol begins with SASL.
        password: never in a repr or in a log.
        ca_file: certificates in PEM that sign the brokers'; None trusts those of the system.
            This and the following only where the protocol ends in SSL.
        certificate_file: the caller's own certificate in PEM, where brokers want one.
        key_file: its key in PEM.
        key_password: opens the key file, if it is locked.

    Raises:
        ValueError: what is given does not fit together; says what, and never a password.

    """

    protocol: SecurityProtocol = "PLAINTEXT"
    mechanism: SecurityMechanism = "SCRAM-SHA-512"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        wrong = self._wrong()
        if wrong:
            raise ValueError(wrong)

    def settings(self) -> dict[str, str]:
        """The same as settings of librdkafka, for `Endpoint.kafka` and `topics`."""
        if self.protocol == "PLAINTEXT":
            return {}
        named: dict[str, str | Path | None] = {"security.protocol": self.protocol}
        if self._sasl:
            named["sasl.mechanism"] = self.mechanism
            named["sasl.username"] = self.username
            named["sasl.password"] = self.password
        if self._tls:
            named["ssl.ca.location"] = self.ca_file
            named["ssl.certificate.location"] = self.certificate_file
            named["ssl.key.location"] = self.key_file
            named["ssl.key.password"] = self.key_password
        return {name: str(value) for name, value in named.items() if value is not None}

    @property
    def _sasl(self) -> bool:
        return self.protocol.startswith("SASL_")

    @property
    def _tls(self) -> bool:
        return self.protocol.endswith("SSL")

    def _wrong(self) -> str:
        if self.protocol not in _PROTOCOLS:
            return f"{self.protocol!r} is no security protocol: take {', '.join(_PROTOCOLS)}"
        if self.mechanism not in _MECHANISMS:
            return f"{self.mechanism!r} is no mechanism: take {', '.join(_MECHANISMS)}"
        return self._wrong_about_names() or self._wrong_about_files()

    def _wrong_about_names(self) -> str:
        named = (self.username, self.password)
        if self._sasl and not all(named):
            return f"{self.protocol} needs a username and a password; give both"
        if not self._sasl and any(each is not None for each in named):
            return f"a username or a password is of no use with {self.protocol}: take SASL_SSL"
        return ""

    def _wrong_about_files(self) -> str:
        files = (self.ca_file, self.certificate_file, self.key_file)
        if not self._tls and any(each is not None for each in (*files, self.key_password)):
            return f"certificates are of no use with {self.protocol}: take SSL or SASL_SSL"
        if (self.certificate_file is None) != (self.key_file is None):
            return "a certificate and its key belong together; give both files, or none"
        if self.key_password is not None and self.key_file is None:
            return "a password for a key without a key file"
        missing = [str(each) for each in files if each is not None and not each.is_file()]
        return f"there is no file {missing[0]}" if missing else ""
