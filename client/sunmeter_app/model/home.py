"""A home, as its document names it."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from ..contract.ledger import zone_named
from ..contract.refusal import Refusal
from . import fields as read
from .learning import USUAL_PER_YEAR

UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Home:
    """One home the user is a member of."""

    id: str
    name: str
    zone: str
    currency: str
    role: str  # owner, member or viewer
    hub: str | None  # None: no hub enrolled yet
    meter: str | None  # None: no meter claimed yet
    area: str | None  # None: the home is in no neighbourhood
    consents: bool  # to its load being shed
    shares_page: bool  # its live values, on the hub's own page
    shares_mqtt: bool
    false_alerts_per_year: int  # that its people accept: the threshold of its model
    budget_micro: int | None  # what a month may cost; None: no budget
    known_loads: tuple[tuple[str, int], ...]  # (kind and channel, until when [ms]) that nobody need be told of
    roles: tuple[tuple[str, str], ...]  # (uid, role) of every member
    tariffs: tuple[str, ...]  # their first days, YYYY-MM-DD, in order
    tariff_rev: int  # grows with every change of them
    created_s: int | None  # None: the document does not say; quarters before it are not gaps

    @cached_property
    def tz(self) -> ZoneInfo:
        """The home's zone; UTC where this machine does not know it."""
        try:
            return zone_named(self.zone)
        except Refusal:
            return UTC

    def date_at(self, ts_s: float) -> dt.date:
        """The date in the home's zone."""
        return dt.datetime.fromtimestamp(ts_s, self.tz).date()

    @property
    def is_owner(self) -> bool:
        return self.role == "owner"

    @property
    def may_change(self) -> bool:
        """Whether this person may change what the home pays and how it is warned; viewers only look."""
        return self.role in ("owner", "member")

    def is_known_load(self, kind: str, channel: str, now_ms: int) -> bool:
        """Whether the household said that it knows this load, and nobody need be told of it now."""
        return dict(self.known_loads).get(f"{kind}-{channel}", 0) > now_ms

    @property
    def is_set_up(self) -> bool:
        return self.hub is not None and self.meter is not None


def home_from(path: str, found: read.Fields, uid: str) -> Home:
    """Reads `homes/{id}` for one of its members."""
    return Home(
        id=path.rpartition("/")[2],
        name=read.text(found, "name") or "Home",
        zone=read.text(found, "zone") or "UTC",
        currency=read.text(found, "currency") or "EUR",
        role=read.text(read.mapping(found, "roles"), uid) or "viewer",
        hub=read.text(found, "hub"),
        meter=read.text(found, "meter"),
        area=read.text(found, "area"),
        consents=read.mapping(found, "relay").get("consent") is True,
        shares_page=read.mapping(found, "shares").get("page") is True,
        shares_mqtt=read.mapping(found, "shares").get("mqtt") is True,
        false_alerts_per_year=read.whole(found, "false_alerts_per_year") or USUAL_PER_YEAR,
        budget_micro=read.whole(read.mapping(found, "budget"), "month_micro"),
        known_loads=_known_loads(read.mapping(found, "mutes")),
        roles=tuple(sorted((uid, str(role)) for uid, role in read.mapping(found, "roles").items())),
        tariffs=tuple(sorted(each for each in found.get("tariffs") or () if isinstance(each, str))),
        tariff_rev=read.whole(found, "tariff_rev") or 0,
        created_s=read.moment_s(found, "created"),
    )


def _known_loads(mutes: read.Fields) -> tuple[tuple[str, int], ...]:
    loads = ((name, read.whole(read.mapping(mutes, name), "until_ms")) for name in sorted(mutes))
    return tuple((name, until_ms) for name, until_ms in loads if until_ms is not None)
