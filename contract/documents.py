"""Firestore paths and the packed columns of day and month documents.

A day is one document with one little-endian array per quantity (about 14 kB; as Firestore integer arrays it was
67 kB and slow). Pure: no client, no I/O.
"""

import hashlib
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .refusal import Refusal

VERSION = 1


@dataclass(frozen=True)
class Column:
    """How one quantity of a document is packed."""

    code: str  # array typecode: H u16, h i16, I u32, Q u64, q i64, B u8
    per_index: int  # values per quarter (or hour)
    missing: int  # stands for None


_I16_NONE, _U16_NONE, _U32_NONE, _I64_NONE = -(1 << 15), (1 << 16) - 1, (1 << 32) - 1, -(1 << 63)

DAY_COLUMNS = {
    "import_mwh": Column("I", 1, _U32_NONE),
    "export_mwh": Column("I", 1, _U32_NONE),
    "pv_mwh": Column("I", 1, _U32_NONE),
    "standby_mwh": Column("I", 1, _U32_NONE),
    "quality": Column("B", 1, 0),
    "cause": Column("B", 1, 0),
    "coverage_permille": Column("H", 1, _U16_NONE),
    "rev": Column("Q", 1, 0),
    "u_w": Column("H", 1, _U16_NONE),
    "v_min_dv": Column("H", 1, _U16_NONE),
    "v_max_dv": Column("H", 1, _U16_NONE),
    "grid_w": Column("h", 15, _I16_NONE),
    "pv_w": Column("h", 15, _I16_NONE),
    "q_var": Column("h", 15, _I16_NONE),
    "v_dv": Column("H", 15, _U16_NONE),
}
MONTH_COLUMNS = {
    "house_wh": Column("H", 1, _U16_NONE),
    "pv_wh": Column("H", 1, _U16_NONE),
    "import_wh": Column("H", 1, _U16_NONE),
    "export_wh": Column("H", 1, _U16_NONE),
}
PRICE_COLUMNS = {  # of a day that has a tariff, beside DAY_COLUMNS: micro per kWh, taxes included; see money.py
    "import_price_micro": Column("q", 1, _I64_NONE),
    "export_price_micro": Column("q", 1, _I64_NONE),
}
SPOT_COLUMNS = {  # of a month of imported prices, per quarter: micro per kWh, before surcharges and taxes
    "import_micro": Column("q", 1, _I64_NONE),
    "export_micro": Column("q", 1, _I64_NONE),
}
CAUSES = ("none", "power_cut", "wifi", "hub", "internet", "cloud", "unknown", "meter")  # stored by position
PEAKS = ("house", "import", "export", "pv")
SPAN = (  # the books of a meter in a day: what its registers counted, and the sum of its quarters; registers in mWh
    *("from_s", "to_s"),
    *("import0_mwh", "export0_mwh", "pv0_mwh", "standby0_mwh"),
    *("import1_mwh", "export1_mwh", "pv1_mwh", "standby1_mwh"),
    *("import_sum_mwh", "export_sum_mwh", "pv_sum_mwh", "standby_sum_mwh"),
)
# The meter's kinds of events, in wire.EVENT_KINDS' order, and those that the cloud judges by itself.
ALERT_KINDS = (
    *("anomaly", "overuse", "hidden_load", "pv_low", "tamper", "sensor", "sag", "swell", "interruption", "health"),
    *("silent", "hub_silent", "outage", "over_budget", "calibration_due"),
)
LOAD_KINDS = ("anomaly", "overuse", "hidden_load")  # something in the house draws power: one may say "I know"
LANGUAGES = ("en", "fr")  # that notifications are written in
TOTALS = ("import_wh", "export_wh", "pv_wh", "standby_wh", "house_wh", "self_used_wh")


def _limits(column: Column) -> tuple[int, int]:
    """Least and greatest storable value that is not the sentinel."""
    bits = array(column.code).itemsize * 8
    if column.code.islower():
        return -(1 << (bits - 1)) + 1, (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - (column.missing == (1 << bits) - 1)


def pack(column: Column, values: Iterable[int | None]) -> bytes:
    """Little-endian bytes of a column; None becomes the sentinel, a number beyond the type is clamped to its limit."""
    told = tuple(values)
    packed = _as_they_are(column, told) or array(column.code, _clamped(column, told))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _as_they_are(column: Column, values: tuple[int | None, ...]) -> "array[int] | None":
    """Quickly, where all are numbers that fit, as in most columns; else None."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        return None
    try:
        packed = array(column.code, numbers)
    except OverflowError:
        return None
    return None if column.missing in packed else packed


def _clamped(column: Column, values: Iterable[int | None]) -> Iterator[int]:
    least, greatest = _limits(column)
    for value in values:
        yield column.missing if value is None else min(max(value, least), greatest)


def unpack(column: Column, packed: bytes) -> list[int | None]:
    """The values of a column, None where nothing is stored. Raises Refusal("malformed", "column") if ragged."""
    values = array(column.code)
    if len(packed) % (values.itemsize * column.per_index):
        raise Refusal("malformed", "column")
    values.frombytes(packed)
    if sys.byteorder == "big":
        values.byteswap()
    return [None if value == column.missing else value for value in values]


def blank(column: Column, indices: int) -> list[int | None]:
    """An empty column of that many quarters (or hours)."""
    return [None] * (indices * column.per_index)


def put(column: Column, values: list[int | None], index: int, new: Sequence[int | None]) -> None:
    """Writes the values of one quarter (or hour) in place."""
    if len(new) != column.per_index:
        raise ValueError(f"{len(new)} values where {column.per_index} belong")
    values[index * column.per_index : (index + 1) * column.per_index] = new


def user(uid: str) -> str:
    return f"users/{uid}"


def push_devices(uid: str) -> str:
    return f"users/{uid}/push"


def push_device(uid: str, device: str) -> str:
    return f"users/{uid}/push/{device}"


def home(home_id: str) -> str:
    return f"homes/{home_id}"


def day(home_id: str, day_id: str) -> str:
    return f"homes/{home_id}/days/{day_id}"


def month(home_id: str, month_id: str) -> str:
    return f"homes/{home_id}/months/{month_id}"


def tariff(home_id: str, tariff_id: str) -> str:
    return f"homes/{home_id}/tariffs/{tariff_id}"


def prices(home_id: str, month_id: str) -> str:
    return f"homes/{home_id}/prices/{month_id}"


def live(home_id: str) -> str:
    return f"homes/{home_id}/live/now"


def alert(home_id: str, alert_id: str) -> str:
    return f"homes/{home_id}/alerts/{alert_id}"


def mail(mail_id: str) -> str:
    return f"mail/{mail_id}"


def insight(home_id: str, name: str) -> str:
    return f"homes/{home_id}/insight/{name}"


def kept(home_id: str, name: str) -> str:
    """What a night keeps of other documents for the next one: minutes, months, prices or ratings."""
    return f"homes/{home_id}/kept/{name}"


def job(home_id: str, job_id: str) -> str:
    return f"homes/{home_id}/jobs/{job_id}"


def meter(meter_id: str) -> str:
    return f"meters/{meter_id}"


def assignment(meter_id: str, assignment_id: str) -> str:
    return f"meters/{meter_id}/assignments/{assignment_id}"


def downlink(meter_id: str) -> str:
    return f"downlink/{meter_id}"


def erasure(meter_id: str, assignment_id: str) -> str:
    """An order to a hub, beside the meters' own documents, which it listens to: what it holds of a period is to go."""
    return f"downlink/erase-{meter_id}-{assignment_id}"


def invitation(home_id: str, invitation_id: str) -> str:
    return f"homes/{home_id}/invitations/{invitation_id}"


def batch(home_id: str, job_id: str, month_id: str) -> str:
    """A month of an import that waits to be brought in."""
    return f"homes/{home_id}/jobs/{job_id}/batches/{month_id}"


def offer(offer_id: str) -> str:
    return f"offers/{offer_id}"


def tombstone(home_id: str) -> str:
    return f"tombstones/{home_id}"


def deletion(uid: str) -> str:
    return f"deletions/{uid}"


def area(area_id: str) -> str:
    """Who belongs to an area: its homes, each with meter, hub and whether it consents to shedding."""
    return f"areas/{area_id}"


def signal(area_id: str, name: str) -> str:
    """What was told of one meter or hub of an area."""
    return f"areas/{area_id}/signals/{name}"


def outage(area_id: str, outage_id: str) -> str:
    return f"areas/{area_id}/outages/{outage_id}"


def shed(area_id: str, shed_id: str) -> str:
    """Who asked for loads to be shed, when, why, for how long, and of which homes."""
    return f"areas/{area_id}/sheds/{shed_id}"


def area_command(area_id: str, command_id: str) -> str:
    """An operator's command to a meter (`{meter}-{id}`), who asked for it and why, and what came of it."""
    return f"areas/{area_id}/commands/{command_id}"


def hub(hub_id: str) -> str:
    return f"hubs/{hub_id}"


RELEASES = "releases"


def release(version: int) -> str:
    return f"{RELEASES}/{version}"


def page_code_digest(meter_id: str, code: str) -> bytes:
    """What a downlink holds of the code that opens one meter's live values on its hub's status page."""
    return hashlib.sha256(f"sunmeter/page/v1|{meter_id}|{code}".encode()).digest()


def meter_alert_id(meter_id: str, start_boot: int, start_seq: int) -> str:
    """One alert per event: its start and its end carry the same id, whichever arrives first."""
    return f"{meter_id}-{start_boot}-{start_seq}"


def cloud_alert_id(kind: str, subject: str, mark: str | int) -> str:
    """One alert per condition that the cloud judges: `mark` is when it began, a moment [ms], a day or a month."""
    return f"{kind}-{subject}-{mark}"
