"""What the members of a home are told of an outage: one alert for each time that it was dark. Pure."""

from ..contract import documents
from . import alerts
from .alerts import Condition
from .outages import BACK, DARK, LEFT, REFUTED, REOPEN_MS, SUSPECTED, Member, Outage

CHANNELS = {SUSPECTED: "outage_suspected", REFUTED: "outage_refuted"}  # what people are told instead of the plain words


def wanted(outage: Outage, home: str) -> str:
    """What the members of a home ought to have been told; equal to `Member.told` once they were."""
    member = outage.homes[home]
    over = "over" if member.state in (BACK, LEFT) else "on"
    return f"{member.times}-{over}-{CHANNELS.get(outage.says, '')}"


def alert_id(area: str, outage: Outage, member: Member) -> str:
    return documents.cloud_alert_id("outage", area, f"{outage.id}-{member.times}")


def condition(area: str, outage: Outage, home: str, now_ms: int) -> Condition:
    """The alert of one home; news while it lasts, unless the same people heard of the same outage just before."""
    member = outage.homes[home]
    is_over = member.state in (BACK, LEFT)
    is_again = member.times > 1 and member.after_ms < REOPEN_MS
    is_recent = member.from_ms > now_ms - alerts.NEWS_FOR_MS
    return Condition(
        id=alert_id(area, outage, member),
        kind="outage",
        start_ms=member.from_ms,
        end_ms=(member.to_ms or outage.end_ms or now_ms) if is_over else None,
        is_news=not is_over and not is_again and (is_recent or member.state == DARK),
        meter=member.meter,
        channel=CHANNELS.get(outage.says, ""),
    )
