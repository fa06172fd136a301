"""Outages of a simulated street: what is said of a house, a street, a hub, its line and a meter's Wi-Fi.

`CASES` is the table of docs/grid.md, row by row.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

from dev.paths import ROOT
from sunmeter.domain import correlation, outage_alerts, outages
from sunmeter.domain.darkness import METER, Darkness, Signal
from sunmeter.domain.outages import BACK, CONFIRMED, DARK, LEFT, LIKELY, REFUTED, SUSPECTED, UNHEARD, Outage, Size
from tests.unit.functions.desk import AREA, Desk
from tests.unit.functions.street import Fault, House, HubPlan, Street, street

HOUR_S, CUT_S = 3600, 3605  # an hour of calm first; the cut falls between two polls and two heartbeats
MINUTE_MS = 60_000
START_MS = 1_795_305_600_000


def played(
    houses: Sequence[House], hubs: Sequence[HubPlan], faults: Iterable[Fault], until_s: int = 3 * HOUR_S, seed: int = 1
) -> Desk:
    plays = Street(houses, hubs, faults, START_MS, seed)
    return Desk(list(houses), now_ms=START_MS).runs(plays.play(until_s), START_MS + until_s * 1000)


def power(homes: Iterable[str], from_s: int = CUT_S, to_s: int = 1 << 30) -> Fault:
    return Fault("power", frozenset(homes), from_s, to_s)


def names(houses: Iterable[House]) -> list[str]:
    return [house.home for house in houses]


def after_s(desk: Desk, number: int = 0) -> float:
    """How long after the cut the first member was told [s]."""
    return (desk.tells[number][0] - START_MS) / 1000 - CUT_S


ALIVE = street(2, 10, battery_s=HOUR_S)
DEAD = street(2, 50)


@dataclass(frozen=True)
class Case:
    """One row: what happens, what is told of outages, and what operators read of meters and hubs in the end."""

    town: tuple[list[House], list[HubPlan]]
    faults: tuple[Fault, ...]
    outage: str  # "": none; else what is said of it in the end
    told: int  # homes whose members are told
    meters: frozenset[str]
    hubs: frozenset[str] = frozenset()


HALF_S = CUT_S + HOUR_S // 2
CASES = {
    "the street loses power, hubs live on batteries": Case(
        ALIVE, (power(names(ALIVE[0]), to_s=HALF_S),), CONFIRMED, 20, frozenset({"power"})
    ),
    "the street loses power for two hours, the batteries are empty after one": Case(
        ALIVE,
        (power(names(ALIVE[0]), to_s=CUT_S + 2 * HOUR_S),),
        CONFIRMED,
        20,
        frozenset({"power"}),
        frozenset({"hub"}),
    ),
    "the street loses power, and its hubs with it": Case(
        DEAD, (power(names(DEAD[0]), to_s=HALF_S),), CONFIRMED, 100, frozenset(), frozenset({"hub"})
    ),
    "one house loses power": Case(ALIVE, (power(["h3"], to_s=HALF_S),), "", 0, frozenset({"power"})),
    "one meter loses its Wi-Fi": Case(
        ALIVE, (Fault("wifi", frozenset({ALIVE[0][3].meter}), CUT_S, HALF_S),), "", 0, frozenset({"wifi"})
    ),
    "one hub dies": Case(DEAD, (power(["h0"], to_s=HALF_S),), "", 0, frozenset(), frozenset({"hub"})),
    "one hub loses its line": Case(
        DEAD, (Fault("line", frozenset({"hub0"}), CUT_S, HALF_S),), "", 0, frozenset(), frozenset({"line"})
    ),
    "all hubs lose their lines": Case(
        DEAD,
        (Fault("line", frozenset({"hub0", "hub1"}), CUT_S, HALF_S),),
        REFUTED,
        100,
        frozenset(),
        frozenset({"line"}),
    ),
    "a hub's access point fails, and its line does not": Case(
        ALIVE, (Fault("access_point", frozenset({"hub0"}), CUT_S, CUT_S + 120),), REFUTED, 10, frozenset({"wifi"})
    ),
    "a hub's router starts anew": Case(
        ALIVE,
        tuple(Fault(kind, frozenset({"hub0"}), CUT_S, CUT_S + 240) for kind in ("access_point", "line")),
        "",
        0,
        frozenset({"wifi"}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_seen_becomes_what_is_said(name: str) -> None:
    case = CASES[name]
    desk = played(*case.town, case.faults, until_s=4 * HOUR_S)
    assert [outage.says for outage in desk.outages] == ([case.outage] if case.outage else [])
    assert len({home for _, home, _ in desk.tells}) == len(desk.tells) == case.told
    assert {desk.says(house.meter) for house in desk.houses} - {""} == case.meters
    assert {desk.says(hub) for hub in desk.hubs} == case.hubs
    for outage in desk.outages:
        assert outage.end_ms is not None
        assert {member.state for member in outage.homes.values()} == {BACK}


def test_the_table_of_cases_in_the_docs_is_this_one() -> None:
    text = (ROOT / "docs" / "grid.md").read_text()
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\| .* \|$", text, re.MULTILINE)
    ]
    found = {row[0]: row[1:] for row in rows if row[0] in CASES}
    assert list(found) == list(CASES)
    for name, case in CASES.items():
        outage, told, meters, hubs = found[name][:4]
        assert (outage.strip("`") or "none") == (case.outage or "none"), name
        assert told == str(case.told or "nobody"), name
        assert set(re.findall(r"`(\w+)`", meters)) == case.meters, name
        assert set(re.findall(r"`(\w+)`", hubs)) == case.hubs, name


def test_a_live_hub_s_street_is_told_within_a_minute_and_a_dead_one_s_within_six() -> None:
    """Without the way of the push, which `make bench NAME=cloud` adds; the worst of several phases."""
    alive = [played(*ALIVE, [power(names(ALIVE[0]), CUT_S + phase)], CUT_S + 900, phase) for phase in range(4)]
    dead = [played(*DEAD, [power(names(DEAD[0]), CUT_S + phase * 47)], CUT_S + 900, phase) for phase in range(4)]
    assert max(after_s(desk) - phase for phase, desk in enumerate(alive)) <= 45
    assert max(after_s(desk) - phase * 47 for phase, desk in enumerate(dead)) <= 355
    assert {outage.says for desk in alive for outage in desk.outages} == {LIKELY}
    assert {outage.says for desk in dead for outage in desk.outages} == {SUSPECTED}


def test_a_hub_without_a_battery_joins_the_outage_that_its_neighbour_tells() -> None:
    houses, hubs = street(2, 10, battery_s=(HOUR_S, 0))
    desk = played(houses, hubs, [power(names(houses))], CUT_S + 600)
    (outage,) = desk.outages
    states = Counter(member.state for member in outage.homes.values())
    assert states == {DARK: 10, UNHEARD: 10}
    assert max(ms for ms, *_ in desk.tells) <= START_MS + (CUT_S + 150) * 1000, "the call goes out with the first word"


def test_homes_return_one_by_one_and_the_outage_ends_with_the_last() -> None:
    houses, hubs = ALIVE
    faults = [power([house.home], CUT_S, CUT_S + 600 + number * 60) for number, house in enumerate(houses)]
    middle = played(houses, hubs, faults, CUT_S + 600 + 10 * 60 + 200)
    states = Counter(member.state for member in middle.outages[0].homes.values())
    assert 0 < states[BACK] < 20
    assert states[DARK] > 0
    assert middle.outages[0].end_ms is None
    end = played(houses, hubs, faults, CUT_S + 3600).outages[0]
    returned_s = {home: ((member.to_ms or 0) - START_MS) / 1000 - CUT_S for home, member in end.homes.items()}
    assert end.end_ms == max(member.to_ms or 0 for member in end.homes.values())
    for number, house in enumerate(houses):
        assert returned_s[house.home] == pytest.approx(600 + number * 60, abs=60)  # the hub's own house starts it anew


def test_an_outage_grows_while_it_lasts_and_not_by_a_meter_s_wifi() -> None:
    houses, hubs = ALIVE
    first, second = names(houses[:8]), names(houses[8:16])
    faults = [power(first), power(second, CUT_S + 900), Fault("wifi", frozenset({houses[18].meter}), CUT_S + 600)]
    desk = played(houses, hubs, faults, CUT_S + 1500)
    (outage,) = desk.outages
    assert set(outage.homes) == {*first, *second}
    assert desk.says(houses[18].meter) == "house"


def test_power_that_flutters_is_one_outage_and_told_once() -> None:
    houses, hubs = ALIVE
    for period_s, off_s in ((120, 60), (420, 200), (1200, 300)):
        faults = [power(names(houses), CUT_S + k * period_s, CUT_S + k * period_s + off_s) for k in range(10)]
        desk = played(houses, hubs, faults, CUT_S + 10 * period_s + HOUR_S)
        assert len(desk.outages) == 1, period_s
        assert len(desk.tells) == 20, period_s


def test_without_the_rule_that_a_return_must_last_fluttering_power_would_be_told_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(correlation, "REOPEN_MS", 0)
    houses, hubs = ALIVE
    faults = [power(names(houses), CUT_S + k * 1200, CUT_S + k * 1200 + 300) for k in range(4)]
    assert len(played(houses, hubs, faults, CUT_S + 5 * 1200).outages) == 4


def test_a_house_that_stays_dark_for_reasons_of_its_own_does_not_keep_the_outage_open() -> None:
    houses, hubs = street(1, 6, battery_s=12 * HOUR_S)
    desk = played(houses, hubs, [power(names(houses[1:])[:4], to_s=HALF_S), power(["h5"])], 9 * HOUR_S)
    (outage,) = desk.outages
    assert outage.homes["h5"].state == LEFT
    assert outage.end_ms is not None
    assert desk.says(houses[5].meter) == "house"


def test_a_hub_that_was_cut_off_tells_of_an_outage_that_is_over_and_nobody_is_woken() -> None:
    houses, hubs = street(1, 10, battery_s=4 * HOUR_S)
    faults = [power(names(houses), to_s=CUT_S + 900), Fault("line", frozenset({"hub0"}), CUT_S, CUT_S + 2 * HOUR_S)]
    desk = played(houses, hubs, faults, CUT_S + 3 * HOUR_S)
    (outage,) = desk.outages
    assert (outage.says, len(outage.homes), desk.tells) == (CONFIRMED, 10, [])
    assert outage.start_ms == pytest.approx(START_MS + CUT_S * 1000, abs=5_000)
    assert outage.end_ms == pytest.approx(START_MS + (CUT_S + 900) * 1000, abs=15_000)


def test_a_return_is_taken_in_also_where_it_makes_the_darkness_a_blink_or_was_told_late() -> None:
    houses, _ = street(1, 4, battery_s=HOUR_S)
    for told_late_s in (0, 600):
        homes = [Signal(METER, house.home, house.hub) for house in houses]
        told_ms = 30_000 + told_late_s * 1000
        measured = [home.told("silent", 5_000, told_ms, measured=not told_late_s) for home in homes]
        dark = [each.darknesses(f"m{n}")[0] for n, each in enumerate(measured)]
        opened = correlation.correlate([], dark, Size(4, 1), told_ms)
        assert {member.state for member in opened[0].homes.values()} == {DARK}
        back = [each.told("back", told_ms + 20_000, told_ms + 20_000) for each in measured]
        dark = [each.darknesses(f"m{n}")[0] for n, each in enumerate(back)]
        assert all(each.is_faint for each in dark)
        (after,) = correlation.correlate(opened, dark, Size(4, 1), told_ms + 20_000 + 180_000)
        assert {member.state for member in after.homes.values()} == {BACK}
        assert correlation.correlate([], dark, Size(4, 1), told_ms + 20_000) == [], "by itself it opens nothing"


def test_hubs_that_tell_of_their_lines_with_their_first_word_end_what_was_suspected() -> None:
    homes = [(f"h{n}", f"m{n}", Signal(METER, f"h{n}", f"hub{n % 2}")) for n in range(4)]

    def dark(*hubs: Signal) -> list[Darkness]:
        of = {hub.hub: [each for each in homes if each[2].hub == hub.hub] for hub in hubs}
        return [each for hub in hubs for each in hub.darknesses_of_hub(of[hub.hub])]

    silent = [Signal("hub", "", f"hub{n}").told("silent", 1_000, 300_000, found=True) for n in range(2)]
    opened = correlation.correlate([], dark(*silent), Size(4, 2), 300_000)
    assert [outage.says for outage in opened] == [SUSPECTED]
    back = [hub.told("back", 900_000, 900_000).cut_off(1_000) for hub in silent]
    (after,) = correlation.correlate(opened, dark(*back), Size(4, 2), 900_000 + outages.PROOF_MS)
    assert (after.says, {member.state for member in after.homes.values()}) == (REFUTED, {BACK})


def test_a_home_that_is_deleted_in_the_dark_does_not_keep_the_outage_open() -> None:
    dark = [Darkness(f"h{n}", f"m{n}", "hub0", 1_000, 1_000, None) for n in range(4)]
    opened = correlation.correlate([], dark, Size(10, 1), 60_000)
    rest = [replace(each, to_ms=400_000) for each in dark[1:]]
    (after,) = correlation.correlate(opened, rest, Size(9, 1), 400_000 + 180_000)
    assert (after.homes["h0"].state, after.end_ms) == (LEFT, 580_000)


def test_three_meters_that_are_gone_for_good_open_nothing_again_when_their_outage_is_forgotten() -> None:
    gone = [Darkness(f"h{n}", f"m{n}", "hub0", 1_000, 1_000, None) for n in range(3)]
    size = Size(10, 1)
    (outage,) = correlation.correlate([], gone, size, 60_000)
    assert outage.end_ms is None
    assert correlation.correlate([], gone, size, 1_000 + correlation.SEED_MS) == []


# --- any faults ----------------------------------------------------------------------------------------------------


# A street takes seconds: a failure is told as it was found.
STREETS = settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])


@some.composite
def nights(draw: some.DrawFn) -> tuple[list[House], list[HubPlan], list[Fault]]:
    """Two or three hubs with some houses, and up to four faults of any kind in one hour."""
    hubs = draw(some.integers(2, 3))
    houses, plans = street(hubs, draw(some.integers(2, 6)), [draw(some.sampled_from([0, 7200])) for _ in range(hubs)])
    faults = []
    for _ in range(draw(some.integers(0, 4))):
        kind = draw(some.sampled_from(["power", "power", "wifi", "line", "access_point"]))
        of = {"power": names(houses), "wifi": [house.meter for house in houses]}.get(kind, [plan.hub for plan in plans])
        some_of = draw(some.sets(some.sampled_from(of), min_size=1))
        from_s = draw(some.integers(1200, 3000))
        faults.append(Fault(kind, frozenset(some_of), from_s, from_s + draw(some.integers(10, 1500))))
    return houses, plans, faults


@STREETS
@given(nights())
def test_every_outage_ends_once_all_is_well_and_is_never_told_twice(
    night: tuple[list[House], list[HubPlan], list[Fault]],
) -> None:
    houses, plans, faults = night
    desk = played(houses, plans, faults, 4 * HOUR_S)
    for outage in desk.outages:
        assert outage.end_ms is not None
        assert outage.says in (CONFIRMED, REFUTED)
    assert len(desk.tells) == len({told[1:] for told in desk.tells})
    assert len(desk.outages) <= len(faults)


@STREETS
@given(nights())
def test_what_is_called_proved_lost_power_in_truth(night: tuple[list[House], list[HubPlan], list[Fault]]) -> None:
    houses, plans, faults = night
    desk = played(houses, plans, faults, 4 * HOUR_S)
    lost = {home for fault in faults if fault.kind == "power" for home in fault.of}
    for outage in desk.outages:
        assert {home for home, member in outage.homes.items() if member.is_proved} <= lost
        if outage.says == CONFIRMED:
            assert lost & set(outage.homes)


@STREETS
@given(nights())
def test_homes_that_go_dark_together_under_a_living_hub_are_always_in_an_outage(
    night: tuple[list[House], list[HubPlan], list[Fault]],
) -> None:
    houses, plans, faults = night
    steady = [replace(plan, battery_s=7200) for plan in plans]
    cuts = [fault for fault in faults if fault.kind == "power" and fault.to_s - fault.from_s > 60]
    desk = played(houses, steady, cuts, 4 * HOUR_S)
    for fault in cuts:
        lit = [home for home in fault.of if not any(other is not fault and home in other.of for other in cuts)]
        if len(lit) >= 3:
            of = {home for outage in desk.outages for home in outage.homes}
            assert set(lit) <= of


def words_of(houses: Sequence[House], plans: Sequence[HubPlan], faults: Iterable[Fault]) -> list[tuple[int, Any]]:
    """What meters' signals are told, with when."""
    posts = Street(houses, plans, faults, START_MS).play(3 * HOUR_S)
    return [(post.at_ms, word) for post in posts for word in post.words if word[0] in ("status", "restart")]


def signals_from(houses: Sequence[House], words: Iterable[tuple[int, Any]]) -> dict[str, Signal]:
    home = {house.meter: house for house in houses}
    signals: dict[str, Signal] = {}
    for at_ms, (kind, meter, *rest) in words:
        known = signals.get(meter, Signal(METER, home[meter].home, home[meter].hub))
        signals[meter] = known.told(rest[0], rest[1], at_ms) if kind == "status" else known.restarted(rest[0])
    return signals


def outages_from(signals: dict[str, Signal], size: Size, now_ms: int) -> list[Outage]:
    dark = [each for name, signal in signals.items() for each in signal.darknesses(name)]
    return correlation.correlate([], dark, size, now_ms)


@STREETS
@given(nights(), some.randoms(use_true_random=False))
def test_words_told_late_twice_and_in_any_order_make_the_same_outages(
    night: tuple[list[House], list[HubPlan], list[Fault]], chance: random.Random
) -> None:
    houses, plans, faults = night
    words = words_of(houses, plans, faults)
    shuffled = [*words, *chance.sample(words, len(words) // 2)]
    chance.shuffle(shuffled)
    size, now_ms = Size(len(houses), len(plans)), START_MS + 4 * HOUR_S * 1000
    in_turn, in_disorder = signals_from(houses, words), signals_from(houses, shuffled)
    assert in_turn == in_disorder
    once = outages_from(in_turn, size, now_ms)
    assert outages_from(in_disorder, size, now_ms) == once
    dark = [each for name, signal in in_turn.items() for each in signal.darknesses(name)]
    assert correlation.correlate(once, dark, size, now_ms) == once, "a task that runs twice changes nothing"
    for signal in in_turn.values():
        assert Signal.of(signal.document(now_ms), METER, signal.home, signal.hub) == signal
    for outage in once:
        assert Outage.of(outage.document(size, now_ms)) == outage


def test_rules_that_take_two_meters_for_a_street_would_call_a_bad_wifi_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    houses, hubs = ALIVE
    falls = [Fault("wifi", frozenset({houses[n].meter}), CUT_S + n, CUT_S + 300) for n in (2, 5)]
    assert played(houses, hubs, falls).outages == []
    monkeypatch.setattr(correlation, "is_enough", lambda some, of: some >= 2)
    assert len(played(houses, hubs, falls).outages) == 1


def test_the_alert_of_a_home_is_one_per_darkness_and_says_how_sure_it_is() -> None:
    desk = played(*ALIVE, [power(names(ALIVE[0]), to_s=HALF_S)], CUT_S + 300)
    condition = outage_alerts.condition(AREA, desk.outages[0], "h7", desk.now_ms)
    assert condition.id == f"outage-{AREA}-{desk.outages[0].id}-1"
    assert (condition.kind, condition.end_ms, condition.channel) == ("outage", None, "")
    suspected = replace(desk.outages[0], says=SUSPECTED)
    assert outage_alerts.condition(AREA, suspected, "h7", desk.now_ms).channel == "outage_suspected"
