"""Commands to meters: sealed, on the downlink until their result comes back through `ingest`."""

from typing import Any

from .contract import documents, wire
from .domain import downlinks
from .store import NOW, Fields, Transaction

LIFE_MS = 3_600_000  # a meter that is away for longer is asked again
MOST_WAITING = 8


def ask(
    transaction: Transaction,
    downlink: Fields,
    meter: str,
    k_meter: bytes,
    name: str,
    args: dict[str, Any],
    now_ms: int,
    *,
    life_ms: int = LIFE_MS,
    tags: Fields | None = None,
) -> int:
    """Puts a command on a meter's downlink, as it was read in this transaction, and returns its id, which grows.

    tags: what `settle` has to know of it; the meter and the hub do not.
    """
    waiting = [command for command in downlink["commands"] if command["expires_s"] * 1000 > now_ms][-MOST_WAITING + 1 :]
    number = max([now_ms, *(int(command["id"]) + 1 for command in waiting)])
    expires_ms = now_ms + life_ms
    body = {"id": number, "name": name, "args": args, "expires_ms": expires_ms}
    blob = downlinks.sealed_json(k_meter, meter, wire.COMMAND, body)
    command = {"id": number, "expires_s": expires_ms // 1000, "blob": blob, **(tags or {})}
    transaction.update(documents.downlink(meter), {"commands": [*waiting, command]})
    return number


def settle(transaction: Transaction, command: Fields, meter: str, outcome: Fields, home: Fields | None) -> None:
    """What else a result means: an operator's record of it; a load that did not switch is asked for again.

    home: the document of its meter's home, where the command has the tag `load`.
    """
    if "area" in command:
        path = documents.area_command(command["area"], f"{meter}-{command['id']}")
        transaction.merge(path, {**outcome, "finished": NOW})
    if "load" in command and outcome["state"] == "failed" and home is not None and home.get("relay"):
        transaction.update(documents.home(command["load"]), {"relay": {**home["relay"], "renew_ms": command["id"]}})
