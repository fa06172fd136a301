"""Orders to erase: when a home is deleted, what this hub still holds of its meter and its time goes too.

An order stands beside the downlink documents and stays there for a year: carried out again, it finds nothing. The last
state of the meter's registers stays, for the next home's first quarter begins with it.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

# Also what waits to be sent, which the cloud would refuse. Of what could not be read only the time of arrival is known.
ERASE = (
    "DELETE FROM quarter WHERE meter = ?1 AND start_s >= ?2 AND start_s < ?3",
    "DELETE FROM dirty WHERE meter = ?1 AND start_s >= ?2 AND start_s < ?3",
    "DELETE FROM frame WHERE meter = ?1 AND coalesce(at_ms, received_ms) >= ?2 * 1000"
    " AND coalesce(at_ms, received_ms) < ?3 * 1000",
    "DELETE FROM refused WHERE meter = ?1 AND received_ms >= ?2 * 1000 AND received_ms < ?3 * 1000",
    "DELETE FROM item WHERE body ->> '$.meter' = ?1 AND coalesce(body ->> '$.ts_ms', body ->> '$.since_ms', ?2 * 1000)"
    " BETWEEN ?2 * 1000 AND ?3 * 1000 - 1",
)


@dataclass(frozen=True)
class Order:
    """Everything of a meter between two moments is to go."""

    meter: str
    from_s: int
    to_s: int


def is_order(fields: dict[str, Any]) -> bool:
    return fields.get("erase") is True


def parse(fields: dict[str, Any]) -> Order:
    """A document `downlink/erase-…`. Raises TypeError, ValueError or KeyError when it is not one."""
    return Order(str(fields["meter"]), int(fields["from_s"]), int(fields["to_s"]))


def carry_out(connection: sqlite3.Connection, orders: list[Order]) -> int:
    """Returns how many rows went."""
    return sum(
        connection.execute(sql, (order.meter, order.from_s, order.to_s)).rowcount for order in orders for sql in ERASE
    )
