"""Why a site is not proved.

ScenarioError
+-- NoAnswerError     nothing answered, or not in time
+-- WrongAnswerError  the answer is not what was expected
"""

from services.account.scenario.answer import Answer

_LONGEST_BODY = 500  # characters


class ScenarioError(Exception):
    """A step of the scenario failed.

    Attributes:
        asked: Method and URL.
    """

    def __init__(self, asked: str, message: str) -> None:
        super().__init__(message)
        self.asked = asked

    def lines(self) -> list[str]:
        """For people: what was asked, and what came of it."""
        return [f"asked     {self.asked}", f"failed    {self}"]


class NoAnswerError(ScenarioError):
    """Nothing answered, or not in time."""


class WrongAnswerError(ScenarioError):
    """The answer is not what was expected.

    Attributes:
        answer: What came instead.
    """

    def __init__(self, answer: Answer, expected: str) -> None:
        super().__init__(answer.asked, expected)
        self.answer = answer

    def lines(self) -> list[str]:
        """With the beginning of the body."""
        answer = self.answer
        leads = f", leads to {answer.location}" if answer.location else ""
        return [
            f"asked     {self.asked}",
            f"expected  {self}",
            f"answered  {answer.status}, {answer.media_type or 'no content type'}{leads}",
            f"body      {_beginning(answer.words())}",
        ]


def _beginning(text: str) -> str:
    return text if len(text) <= _LONGEST_BODY else f"{text[:_LONGEST_BODY]}…"
