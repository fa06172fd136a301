"""Commands to meters: sealed, on the downlink until their result comes back through `ingest`."""

from typing import Any

from .contract import documents, wire
from .domain import downlinks
from .store import Fields, Transaction

LIFE_MS = 3_600_000  # a meter that is away for longer is asked again
MOST_WAITING = 8


def ask(
    transaction: Transaction, downlink: Fields, meter: str, k_meter: bytes, name: str, args: dict[str, Any], now_ms: int
) -> int:
    """Puts a command on a meter's downlink, as it was read in this transaction, and returns its id, which grows."""
    waiting = [command for command in downlink["commands"] if command["expires_s"] * 1000 > now_ms][-MOST_WAITING + 1 :]
    number = max([now_ms, *(int(command["id"]) + 1 for command in waiting)])
    expires_ms = now_ms + LIFE_MS
    body = {"id": number, "name": name, "args": args, "expires_ms": expires_ms}
    blob = downlinks.sealed_json(k_meter, meter, wire.COMMAND, body)
    command = {"id": number, "expires_s": expires_ms // 1000, "blob": blob}
    transaction.update(documents.downlink(meter), {"commands": [*waiting, command]})
    return number
