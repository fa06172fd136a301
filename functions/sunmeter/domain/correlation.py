"""Which homes that went dark belong to one outage. Pure; docs/grid.md says the rules in words, with a table of cases.

An area is what one part of the grid feeds, so it has one outage at a time. It opens where homes go dark together, takes
in whoever goes dark with it, and ends when all are back; one that comes again soon after is the same outage.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from .darkness import Darkness
from .outages import JOINT_MS, KEPT_MS, REOPEN_MS, Outage, Size, brought_up_to_date

GROW_MS = 3_600_000  # a fault that goes on takes more of the street within this
HUB_WITH_MS = 600_000  # a hub silent later than this after the beginning has run out of battery, or has its own trouble
SEED_MS = KEPT_MS - 86_400_000  # meters that are gone for good open nothing anew once their outage is forgotten
MOST_ROUNDS = 5


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
        outages[name] = brought_up_to_date(outage, joined, now_ms)
    return sorted(outages.values(), key=lambda outage: outage.start_ms)


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
        if each.home in outage.homes and outage.holds(each.by_ms):
            belongs = True
        elif each.is_faint:
            belongs = False
        elif not each.is_seen:
            belongs = _fell_silent_with(each, first_ms)
        else:
            is_next = last_ms < each.from_ms <= last_ms + GROW_MS and outage.holds(each.from_ms)
            is_no_chance = each.is_proved or each in in_groups
            belongs = (is_next and is_no_chance) or _went_dark_with(each, joined, first_ms)
            belongs = belongs or _went_with_its_hub(each, dark, first_ms)
        if belongs:
            joined.add(each)
            last_ms = max(last_ms, each.from_ms)
    return joined


def _went_dark_with(dark: Darkness, others: Iterable[Darkness], first_ms: int) -> bool:
    """A meter that was last heard as the outage began, or as another of its meters was."""
    moments = [first_ms, *(other.from_ms for other in others if other.is_seen)]
    return any(abs(dark.from_ms - moment_ms) <= JOINT_MS for moment_ms in moments)


def _fell_silent_with(hub: Darkness, first_ms: int) -> bool:
    """A hub that may have fallen silent as the outage began, or did so soon after."""
    return hub.from_ms <= first_ms + HUB_WITH_MS and first_ms - JOINT_MS <= hub.by_ms


def _went_with_its_hub(dark: Darkness, others: Iterable[Darkness], first_ms: int) -> bool:
    """A meter that its hub, once it is back, still does not hear: it was last heard when the hub was."""
    return any(
        not other.is_seen
        and other.home == dark.home
        and other.from_ms - JOINT_MS <= dark.from_ms <= other.by_ms
        and _fell_silent_with(other, first_ms)
        for other in others
    )
