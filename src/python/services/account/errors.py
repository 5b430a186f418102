"""Why the account service refuses.

AccountError
+-- InvalidFieldsError        what was typed is not acceptable
+-- EmailTakenError           another account has this e-mail address
+-- IdTakenError              a sign-up under this id opened another account
+-- WrongCredentialsError     no account opens by this e-mail address and password
+-- SignedOutError            nobody is signed in, or not any more
+-- NotFoundError             what was asked for is not there
+-- TooManyAttemptsError      to be tried again later
+-- TooManyStreamsError       there are as many live streams as may be
+-- ServiceError              another service is at fault
    +-- ServiceUnavailableError   it did not answer in time
    +-- ServiceFailedError        it answered what the contract does not say
"""

from collections.abc import Mapping


class AccountError(Exception):
    """A request cannot be answered as asked."""


class InvalidFieldsError(AccountError):
    """What was typed is not acceptable.

    Attributes:
        fields: A message for people by the name of the field.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(f"not acceptable: {', '.join(sorted(self.fields)) or 'the request'}")


class EmailTakenError(AccountError):
    """Another account has this e-mail address."""


class IdTakenError(AccountError):
    """A sign-up under this id opened an account with another e-mail address."""


class WrongCredentialsError(AccountError):
    """No account opens by this e-mail address and password."""


class SignedOutError(AccountError):
    """Nobody is signed in.

    Attributes:
        ended: Whether somebody was, and the session has ended since.
    """

    def __init__(self, *, ended: bool) -> None:
        self.ended = ended
        super().__init__("the session has ended" if ended else "nobody is signed in")


class NotFoundError(AccountError):
    """What was asked for is not there."""


class TooManyAttemptsError(AccountError):
    """To be tried again later.

    Attributes:
        retry_after: Seconds until then, if the service said so.
    """

    def __init__(self, retry_after: float | None) -> None:
        self.retry_after = retry_after
        super().__init__("too many attempts")


class TooManyStreamsError(AccountError):
    """There are as many live streams as may be."""


class ServiceError(AccountError):
    """Another service is at fault.

    Attributes:
        service: Its name.
    """

    def __init__(self, service: str, message: str) -> None:
        self.service = service
        super().__init__(f"{service}: {message}")


class ServiceUnavailableError(ServiceError):
    """It did not answer in time; the same request may be sent again.

    Attributes:
        retry_after: Seconds to wait before.
    """

    def __init__(self, service: str, message: str, retry_after: float = 5.0) -> None:
        self.retry_after = retry_after
        super().__init__(service, message)


class ServiceFailedError(ServiceError):
    """It answered what the contract does not say."""
