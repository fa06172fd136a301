"""An outage of an area: its homes, when it began and ended, and how sure it is. Pure; who belongs is `correlation`'s.

docs/grid.md says the rules in words, with a table of cases.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..contract import documents
from .darkness import STEADY_MS, Darkness

JOINT_MS = 20_000  # meters poll every few seconds: those of one cut were last heard within this
REOPEN_MS = 1_800_000  # out again within this is the same outage
PROOF_MS = 1_500_000  # a quarter, the hub's time for it, and some: by then a restart would have been told
LEFT_MS = 6 * 3_600_000  # so long after the last return, who is still dark has a trouble of its own
KEPT_MS = 7 * 86_400_000  # what a hub tells that late still finds its outage
SUSPECTED, LIKELY, CONFIRMED, REFUTED = "suspected", "likely", "confirmed", "refuted"
DARK, UNHEARD, RETURNING, BACK, LEFT = "dark", "unheard", "returning", "back", "left"


@dataclass(frozen=True)
class Size:
    """How much there is in the area."""

    homes: int
    hubs: int


@dataclass(frozen=True)
class Member:
    """One home of an outage."""

    meter: str
    hub: str
    state: str
    from_ms: int  # of its newest darkness
    to_ms: int | None
    times: int = 1  # how often it was dark, counting only returns that lasted
    after_ms: int = 0  # how long it had been back before the newest darkness; 0: it is the first
    is_proved: bool = False
    told: str = ""  # what its members were told last


@dataclass(frozen=True)
class Outage:
    """One outage of an area; its id is when it was first known to have begun."""

    id: str
    start_ms: int
    end_ms: int | None = None  # None: somebody is still dark
    says: str = SUSPECTED
    homes: dict[str, Member] = field(default_factory=dict)

    @staticmethod
    def of(document: dict[str, Any]) -> "Outage":
        homes = {home: Member(**member) for home, member in document["homes"].items()}
        return Outage(document["id"], document["start_ms"], document["end_ms"], document["says"], homes)

    def document(self, size: Size, now_ms: int) -> dict[str, Any]:
        """As operators read it: with its extent. `until_ms`: until when the area's task has to look at it; `look_ms`:
        when time alone changes something."""
        states = [member.state for member in self.homes.values()]
        return {
            "v": documents.VERSION,
            "id": self.id,
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "says": self.says,
            "homes": {home: vars(member) for home, member in self.homes.items()},
            "extent": {
                "homes": len(states),
                "of": max(size.homes, len(states)),
                "dark": sum(state in (DARK, UNHEARD) for state in states),
                "hubs": sorted({member.hub for member in self.homes.values()}),
            },
            "look_ms": next_look_ms([self], now_ms),
            "until_ms": (1 << 48) if self.end_ms is None else self.end_ms + KEPT_MS,
        }

    def holds(self, moment_ms: int, grace_ms: int = 0) -> bool:
        return self.start_ms - JOINT_MS <= moment_ms and (self.end_ms is None or moment_ms <= self.end_ms + grace_ms)


def next_look_ms(outages: Iterable[Outage], now_ms: int) -> int | None:
    """When time alone changes something next: a return that lasts, a proof that did not come, a home left over."""
    moments: list[int] = []
    for outage in outages:
        moments += [(member.to_ms or 0) + STEADY_MS for member in outage.homes.values() if member.state == RETURNING]
        if outage.end_ms is not None and outage.says not in (CONFIRMED, REFUTED):
            moments.append(outage.end_ms + PROOF_MS)
        if outage.end_ms is None and (returned := [member.to_ms for member in outage.homes.values() if member.to_ms]):
            moments.append(max(returned) + LEFT_MS)
    return min((moment for moment in moments if moment > now_ms), default=None)


def brought_up_to_date(outage: Outage, joined: Iterable[Darkness], now_ms: int) -> Outage:
    """The outage after what is known now: its homes, its end, and what can be said of it."""
    by_home: dict[str, list[Darkness]] = {}
    for each in joined:
        by_home.setdefault(each.home, []).append(each)
    homes = {home: _later(_alone(member, home in by_home, now_ms), now_ms) for home, member in outage.homes.items()}
    homes |= {home: _member(found, outage.homes.get(home), now_ms) for home, found in by_home.items()}
    homes = _without_left_over(homes, now_ms)
    is_over = bool(homes) and all(member.state in (BACK, LEFT) for member in homes.values())
    end_ms = max((member.to_ms or 0) for member in homes.values()) if is_over else None
    is_any_seen = outage.says != SUSPECTED or any(each.is_seen for found in by_home.values() for each in found)
    start_ms = min([outage.start_ms, *(each.from_ms for found in by_home.values() for each in found if each.is_seen)])
    after = replace(outage, start_ms=start_ms, end_ms=end_ms, homes=homes)
    return replace(after, says=_says(after, is_any_seen, now_ms))


def _member(found: Sequence[Darkness], known: Member | None, now_ms: int) -> Member:
    """A home from its darknesses that belong here; its own meter's and its hub's make one where they touch."""
    # Of a silence in which the hub had lost its line, the meter's own story is the better one.
    found = [each for each in found if each.is_seen or not each.is_faint] or found
    spans = _spans(found)
    from_ms, times, after_ms = _counted(spans, known)
    to_ms = spans[-1][1]
    is_seen_now = any(each.is_seen and each.to_ms is None for each in found)
    state = (DARK if is_seen_now else UNHEARD) if to_ms is None else RETURNING
    newest = max(found, key=lambda each: (each.is_seen, each.from_ms))
    member = Member(newest.meter, newest.hub, state, from_ms, to_ms, times, after_ms)
    is_proved = any(each.is_proved for each in found) or (known is not None and known.is_proved)
    return _later(replace(member, is_proved=is_proved, told=known.told if known else ""), now_ms)


def _spans(found: Iterable[Darkness]) -> list[tuple[int, int | None]]:
    """From when to when a home was dark, oldest first [ms]: a return that did not last ends nothing."""
    spans: list[tuple[int, int | None]] = []
    for each in sorted(found, key=lambda each: each.from_ms):
        from_ms, to_ms = each.from_ms, each.to_ms
        if spans and ((before_ms := spans[-1][1]) is None or from_ms - before_ms < STEADY_MS):
            from_ms, _ = spans.pop()
            to_ms = None if before_ms is None or to_ms is None else max(before_ms, to_ms)
        spans.append((from_ms, to_ms))
    return spans


def _counted(spans: Sequence[tuple[int, int | None]], known: Member | None) -> tuple[int, int, int]:
    """Of the newest darkness: its beginning [ms], its number, and how long the home had been back before it [ms]."""
    from_ms, times = spans[-1][0], len(spans)
    after_ms = from_ms - (spans[-2][1] or from_ms) if times > 1 else 0
    if known is None:
        return from_ms, times, after_ms
    if known.times > times:  # what came before is no longer among the signals
        if known.to_ms and from_ms - known.to_ms >= STEADY_MS:
            return from_ms, known.times + 1, from_ms - known.to_ms
        return from_ms, known.times, known.after_ms
    if known.times == times == 1:
        from_ms = min(from_ms, known.from_ms)
    return from_ms, times, after_ms


def _alone(member: Member, is_told_of: bool, now_ms: int) -> Member:
    """A home that is dark, and of which nothing says so any more: it was deleted, or its meter moved away."""
    if is_told_of or member.state not in (DARK, UNHEARD):
        return member
    return replace(member, state=LEFT, to_ms=now_ms)


def _later(member: Member, now_ms: int) -> Member:
    if member.state == RETURNING and now_ms >= (member.to_ms or 0) + STEADY_MS:
        return replace(member, state=BACK)
    return member


def _without_left_over(homes: dict[str, Member], now_ms: int) -> dict[str, Member]:
    """A few who are dark long after all others came back no longer keep the outage open."""
    returned = [member.to_ms for member in homes.values() if member.state == BACK and member.to_ms]
    waiting = {home for home, member in homes.items() if member.state in (DARK, UNHEARD)}
    if not returned or len(waiting) >= 3 or now_ms < max(returned) + LEFT_MS:
        return homes
    last_ms = max(returned)
    left = {home: replace(homes[home], state=LEFT, to_ms=last_ms) for home in waiting if homes[home].from_ms <= last_ms}
    return homes | left


def _says(outage: Outage, is_any_seen: bool, now_ms: int) -> str:
    """How sure it is. Two restarts because of lost power prove it, of very few homes one."""
    proofs = sum(member.is_proved for member in outage.homes.values())
    if proofs >= min(2, -(-len(outage.homes) // 2)) and proofs:
        return CONFIRMED
    if outage.end_ms is not None and now_ms >= outage.end_ms + PROOF_MS:
        return REFUTED
    if outage.says == CONFIRMED:
        return CONFIRMED
    return LIKELY if is_any_seen else SUSPECTED
