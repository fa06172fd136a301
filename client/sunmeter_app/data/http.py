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


class Http(Protocol):
    """Asks a server. Raises OSError when it is out of reach."""

    async def send(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer: ...
