"""How a service reaches the brokers, from its environment; what is secret, from files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, Json, PrivateAttr, field_validator, model_validator
from pydantic_settings import BaseSettings

from grpc_kafka import Security, SecurityMechanism, SecurityProtocol

# What librdkafka takes as a secret itself: an environment is read by too many.
_SECRETS = {
    "sasl.password": "TANDEM_KAFKA_PASSWORD_FILE",
    "ssl.key.password": "TANDEM_KAFKA_KEY_PASSWORD_FILE",
    "ssl.key.pem": "TANDEM_KAFKA_KEY_FILE",
    "ssl.keystore.password": "TANDEM_KAFKA_KEY_PASSWORD_FILE",
    "sasl.oauthbearer.client.secret": "",
}
_FILES = ("kafka_password_file", "kafka_ca_file", "kafka_certificate_file", "kafka_key_file")


class KafkaSettings(BaseSettings):
    """The part of a service's settings that is about Kafka; `chassis.Settings` has it."""

    kafka_bootstrap_servers: str = Field(min_length=1)
    """host:port of some brokers, separated by commas."""

    kafka_options: Json[dict[str, str]] = Field(default_factory=dict, validate_default=False)
    """More librdkafka settings, as the brokers in use need them: a JSON object of strings."""

    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""

    kafka_sasl_mechanism: SecurityMechanism = "SCRAM-SHA-512"
    """How the password is shown, where the protocol begins with SASL."""

    kafka_username: str | None = Field(default=None, min_length=1)
    """Who this is, for the brokers."""

    kafka_password_file: Path | None = None
    """A file with the password in it, and nothing else but an end of line."""

    kafka_ca_file: Path | None = None
    """Certificates in PEM that sign the brokers'; without, those that the system trusts."""

    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    """This process's certificate and its key in PEM, where brokers ask for them."""

    kafka_key_password_file: Path | None = None
    """A file with the password of the key."""

    _security: Security = PrivateAttr(default_factory=Security)

    def kafka_settings(self) -> Mapping[str, str]:
        """All that librdkafka is told, secrets among it."""
        return {**self._security.settings(), **self.kafka_options}

    @field_validator("kafka_options")
    @classmethod
    def _without_secrets(cls, options: dict[str, str]) -> dict[str, str]:
        for name in options:
            if name in _SECRETS:
                instead = f"; name a file in {_SECRETS[name]}" if _SECRETS[name] else ""
                raise ValueError(f"{name} is a secret and does not belong in a variable{instead}")
        return options

    @field_validator(*_FILES, "kafka_key_password_file")
    @classmethod
    def _readable(cls, file: Path | None) -> Path | None:
        if file is not None:
            _text_of(file)
        return file

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            self._security = Security(
                self.kafka_security_protocol,
                mechanism=self.kafka_sasl_mechanism,
                username=self.kafka_username,
                password=_secret_in(self.kafka_password_file),
                ca_file=self.kafka_ca_file,
                certificate_file=self.kafka_certificate_file,
                key_file=self.kafka_key_file,
                key_password=_secret_in(self.kafka_key_password_file),
            )
        except ValueError as error:
            raise ValueError(f"TANDEM_KAFKA_SECURITY_PROTOCOL and its like: {error}") from None
        return self


def _secret_in(file: Path | None) -> str | None:
    return None if file is None else _text_of(file).rstrip("\r\n")


def _text_of(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"the file {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the file {file} is not text in UTF-8") from None
    if not text.strip():
        raise ValueError(f"the file {file} is empty")
    return text
