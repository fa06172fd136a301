"""HTTP as the app needs it, so that each place it runs in brings its own: a server's sockets, a browser's fetch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    body: bytes

    @property
    def is_error(self) -> bool:
        return self.status >= 400

    def json(self) -> dict[str, Any]:
        """The body's object; {} where it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def items(self) -> list[dict[str, Any]]:
        """The body's objects, where it is a list of them. Raises OSError for a body that was cut short."""
        try:
            found = json.loads(self.body)
        except ValueError as error:
            raise ConnectionError("no JSON") from error
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


class Http(Protocol):
    """Asks a server. Raises OSError when it is out of reach: TimeoutError where it was reached and did not answer."""

    async def send(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer: ...
