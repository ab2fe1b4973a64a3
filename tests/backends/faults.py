"""AWS as it answers while things spread: an operation is refused a few times, or answers too early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.endpoint import Endpoint

Answer = dict[str, Any]


class Refused:
    """The HTTP side of an answer."""

    status_code = 400
    headers: dict[str, str] = {}  # noqa: RUF012


class Spreading:
    """Answers instead of AWS, as often as a test says; `asked` counts every request by operation."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._answers: dict[str, list[Answer]] = {}
        self.asked: dict[str, int] = {}
        real: Callable[..., Any] = Endpoint._get_response

        def get_response(endpoint: Any, request: Any, model: Any, context: Any) -> Any:
            self.asked[model.name] = self.asked.get(model.name, 0) + 1
            waiting = self._answers.get(model.name)
            if not waiting:
                return real(endpoint, request, model, context)
            answer = waiting.pop(0)
            http = Refused()
            http.status_code = answer["ResponseMetadata"]["HTTPStatusCode"]
            return (http, answer), None

        patch.setattr(Endpoint, "_get_response", get_response)

    def refuse(self, operation: str, code: str, message: str = "not yet", times: int = 3) -> None:
        """AWS refuses the next requests of an operation."""
        metadata = {"HTTPStatusCode": 400}
        error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
        self._answers.setdefault(operation, []).extend([error] * times)

    def answer(self, operation: str, answer: Answer, times: int = 3) -> None:
        """AWS answers the next requests of an operation like this, with status 200."""
        metadata = {"ResponseMetadata": {"HTTPStatusCode": 200}}
        self._answers.setdefault(operation, []).extend([answer | metadata] * times)

    def is_over(self) -> bool:
        """Whether every planned answer was given."""
        return not any(self._answers.values())
