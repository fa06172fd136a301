"""Questions that only the page itself can answer, and their answers.

The app's Python runs on a server, or in a worker of the browser. A question goes to the page through its local storage
(`assets/js/bridge.js` listens there); the answer comes back by whichever way the place has. A question has a nonce of
128 random bits, made for it alone and told to that one page: who does not know it can answer nothing, and once
answered or given up it is worth nothing.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from .problems import Problem

LOOK_S = 10.0
PERSON_S = 180.0  # a person reads the browser's question first
LONGEST_ANSWER_BYTES = 16_384
Ask = Callable[[str], Awaitable[None]]  # hands a question to the page


class Bridge:
    """The open questions of all sessions of one program."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def ask(self, ask: Ask, timeout_s: float, verb: str, **wishes: Any) -> dict[str, Any]:
        """The page's answer. Raises Problem("push_service") when there is none, or when it failed."""
        nonce = secrets.token_hex(16)
        self._open[nonce] = answered = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await ask(json.dumps({"id": nonce, "verb": verb, **wishes}))
                found: dict[str, Any] = await answered
        except (TimeoutError, RuntimeError) as error:
            raise Problem("push_service") from error
        finally:
            self._open.pop(nonce, None)
        if "error" in found:
            raise Problem("push_service", sentence=str(found["error"]))
        return found

    def answer(self, nonce: str, told: bytes | str) -> bool:
        """Takes a page's answer; False when nobody asked that, or when it is no answer."""
        answered = self._open.get(nonce)
        if answered is None or answered.done() or len(told) > LONGEST_ANSWER_BYTES:
            return False
        try:
            found = json.loads(told)
        except ValueError:
            return False
        if not isinstance(found, dict):
            return False
        answered.set_result(found)
        return True
