"""Outages of an area, from who was dark when. Pure; docs/grid.md says the rules in words, with a table of cases.

An area is what one part of the grid feeds, so it has one outage at a time. It opens where homes go dark together, takes
in whoever goes dark with it, and ends when all are back; one that comes again soon after is the same outage.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..contract import documents
from .darkness import STEADY_MS, Darkness

JOINT_MS = 20_000  # meters poll every few seconds: those of one cut were last heard within this
GROW_MS = 3_600_000  # a fault that goes on takes more of the street within this
HUB_WITH_MS = 600_000  # a hub silent later than this after the beginning has run out of battery, or has its own trouble
REOPEN_MS = 1_800_000  # out again within this is the same outage
PROOF_MS = 1_500_000  # a quarter, the hub's time for it, and some: by then a restart would have been told
LEFT_MS = 6 * 3_600_000  # so long after the last return, who is still dark has a trouble of its own
KEPT_MS = 7 * 86_400_000  # what a hub tells that late still finds its outage
SEED_MS = KEPT_MS - 86_400_000  # meters that are gone for good open nothing anew once their outage is forgotten
MOST_ROUNDS = 5
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


def correlate(stored: Iterable[Outage], dark: Iterable[Darkness], size: Size, now_ms: int) -> list[Outage]:
    """The outages as they are now, those that changed and those that did not, oldest first.

    Who is taken in may bring others: it is gone through again until nobody is, so that looking twice changes nothing.
    """
    before, known = sorted(stored, key=lambda outage: outage.start_ms), list(dark)
    for _ in range(MOST_ROUNDS):
        after = _correlated(before, known, size, now_ms)
        if after == before:
            break
        before = after
    return before


def _correlated(stored: Iterable[Outage], dark: Sequence[Darkness], size: Size, now_ms: int) -> list[Outage]:
    outages = {outage.id: outage for outage in stored}
    seen = sorted((each for each in dark if each.is_seen), key=lambda each: each.from_ms)
    unheard = sorted((each for each in dark if not each.is_seen), key=lambda each: each.from_ms)
    members: dict[str, set[Darkness]] = {outage: set() for outage in outages}
    groups = list(_together([each for each in seen if not each.is_faint]))
    opening = [group for group in groups if _opens(group, size) and group[0].from_ms > now_ms - SEED_MS]
    for seed in opening:
        _join(seed, outages, members)
    for seed in _silent_hubs([each for each in unheard if not each.is_faint], outages, size):
        _join(seed, outages, members)
    for name, outage in outages.items():
        joined = _grown(outage, members[name], groups, [*seen, *unheard])
        outages[name] = _brought_up_to_date(outage, joined, now_ms)
    return sorted(outages.values(), key=lambda outage: outage.start_ms)


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


def _join(seed: Sequence[Darkness], outages: dict[str, Outage], members: dict[str, set[Darkness]]) -> None:
    outage = _outage_of(seed, outages)
    outages[outage.id] = outage
    members.setdefault(outage.id, set()).update(seed)


def _together(seen: Sequence[Darkness]) -> Iterator[list[Darkness]]:
    """Groups of homes that went dark at one moment: the one is followed by the next within JOINT_MS."""
    group: list[Darkness] = []
    for each in seen:
        if group and each.from_ms - group[-1].from_ms > JOINT_MS:
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _opens(group: Sequence[Darkness], size: Size) -> bool:
    """Are these enough homes for the street? Three; or two, if they are half, or one measured its mains."""
    homes = len({each.home for each in group})
    return is_enough(homes, size.homes) or (homes >= 2 and any(each.is_proved for each in group))


def is_enough(some: int, of: int) -> bool:
    return some >= 3 or (some >= 2 and 2 * some >= of)


def _silent_hubs(unheard: Sequence[Darkness], outages: dict[str, Outage], size: Size) -> list[list[Darkness]]:
    """Hubs that fell silent together, with their homes: where nobody else is left to tell, they open an outage."""
    groups: list[list[Darkness]] = []
    for each in unheard:
        if groups and all(_overlap(each, other) for other in groups[-1]):
            groups[-1].append(each)
        else:
            groups.append([each])
    enough = [group for group in groups if is_enough(len({each.hub for each in group}), size.hubs)]
    return [group for group in enough if not all(_is_known(each, outages.values()) for each in group)]


def _overlap(one: Darkness, other: Darkness) -> bool:
    """May both have begun at the same moment?"""
    return one.from_ms <= other.by_ms and other.from_ms <= one.by_ms


def _is_known(dark: Darkness, outages: Iterable[Outage]) -> bool:
    return any(
        (member := outage.homes.get(dark.home)) is not None
        and member.from_ms <= dark.by_ms
        and outage.holds(dark.by_ms)
        for outage in outages
    )


def _outage_of(seed: Sequence[Darkness], outages: dict[str, Outage]) -> Outage:
    """The outage that a group belongs to, or a new one: two are one where they overlap, or follow each other soon."""
    first_ms = _moment_ms(seed)
    last_ms = max((1 << 48) if each.to_ms is None else each.to_ms for each in seed)
    for outage in sorted(outages.values(), key=lambda outage: -outage.start_ms):
        end_ms = (1 << 48) if outage.end_ms is None else outage.end_ms
        if first_ms <= end_ms + REOPEN_MS and last_ms >= outage.start_ms - JOINT_MS:
            return replace(outage, start_ms=min(outage.start_ms, first_ms))
    return Outage(id=str(first_ms), start_ms=first_ms)


def _moment_ms(seed: Sequence[Darkness]) -> int:
    """When it began: with the first meter; or, of hubs that fell silent together, once all had been heard."""
    seen = [each.from_ms for each in seed if each.is_seen]
    return min(seen) if seen else max(each.from_ms for each in seed)


def _grown(
    outage: Outage, seed: set[Darkness], groups: Sequence[list[Darkness]], dark: Sequence[Darkness]
) -> set[Darkness]:
    """All who belong to an outage: those who opened it, and whoever goes dark with it and not by chance."""
    first_ms = outage.start_ms
    last_ms = max([first_ms, *(each.from_ms for each in seed), *(each.from_ms for each in outage.homes.values())])
    joined = set(seed)
    in_groups = {each for group in groups if len({one.home for one in group}) >= 2 for each in group}
    for each in sorted(dark, key=lambda each: each.by_ms):
        was_member = each.home in outage.homes and outage.holds(each.by_ms)
        if each.is_faint:
            belongs = was_member
        elif each.is_seen:
            is_with = abs(each.from_ms - first_ms) <= JOINT_MS or any(
                abs(each.from_ms - other.from_ms) <= JOINT_MS for other in joined if other.is_seen
            )
            is_more = (each.is_proved or each in in_groups) and last_ms < each.from_ms <= last_ms + GROW_MS
            belongs = was_member or is_with or (is_more and outage.holds(each.from_ms))
            belongs = belongs or _went_with_its_hub(each, dark, first_ms)
        else:
            is_with = each.from_ms <= first_ms + HUB_WITH_MS and first_ms - JOINT_MS <= each.by_ms
            belongs = is_with or was_member
        if belongs:
            joined.add(each)
            last_ms = max(last_ms, each.from_ms)
    return joined


def _went_with_its_hub(dark: Darkness, others: Sequence[Darkness], first_ms: int) -> bool:
    """A meter that its hub, once it is back, still does not hear: it was last heard when the hub was."""
    return any(
        not other.is_seen
        and other.home == dark.home
        and other.from_ms - JOINT_MS <= dark.from_ms <= other.by_ms
        and other.from_ms <= first_ms + HUB_WITH_MS
        and first_ms - JOINT_MS <= other.by_ms
        for other in others
    )


def _brought_up_to_date(outage: Outage, joined: Iterable[Darkness], now_ms: int) -> Outage:
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
    spans: list[list[int | None]] = []
    for each in sorted(found, key=lambda each: each.from_ms):
        last_end = spans[-1][1] if spans else None
        if spans and (last_end is None or each.from_ms - last_end < STEADY_MS):
            ends = (last_end, each.to_ms)
            spans[-1][1] = None if None in ends else max(end for end in ends if end is not None)
        else:
            spans.append([each.from_ms, each.to_ms])
    newest = max(found, key=lambda each: (each.is_seen, each.from_ms))
    from_ms, to_ms = spans[-1]
    assert from_ms is not None
    times, after_ms = len(spans), (from_ms - (spans[-2][1] or from_ms)) if len(spans) > 1 else 0
    if known is not None and known.times > times:  # what came before is no longer among the signals
        is_new = known.to_ms is not None and from_ms - known.to_ms >= STEADY_MS
        times, after_ms = (
            (known.times + 1, from_ms - known.to_ms) if is_new and known.to_ms else (known.times, known.after_ms)
        )
    elif known is not None and times == known.times == 1:
        from_ms = min(from_ms, known.from_ms)
    is_seen_now = any(each.is_seen and each.to_ms is None for each in found)
    state = (DARK if is_seen_now else UNHEARD) if to_ms is None else RETURNING
    member = Member(newest.meter, newest.hub, state, from_ms, to_ms, times, after_ms)
    is_proved = any(each.is_proved for each in found) or (known is not None and known.is_proved)
    return _later(replace(member, is_proved=is_proved, told=known.told if known else ""), now_ms)


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
