"""The figures of a period: energy with its uncertainty, shares, money and CO2, alone or beside those of another."""

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from ..model.home import Home
from ..model.record import Compared, Known
from ..speech import Speech
from ..strings import NO_BREAK
from . import controls, parts
from .component import component
from .context import use_action, use_speech, use_visit


@dataclass(frozen=True)
class Sheet:
    """A file of what is shown; its text is made when it is asked for."""

    file: str
    text: Callable[[], str]


@dataclass(frozen=True)
class Row:
    """One figure: its name, as it is written, and the number that two of them are compared by."""

    name: str
    text: str
    number: float
    is_share: bool = False  # compared in points, not in parts of itself


def rows_of(known: Known, home: Home, speech: Speech) -> list[Row]:
    """Every figure that is there."""
    energy, costs = known.energy, known.costs
    rows = [_energy("figure.house", energy.house_wh, speech, known.u_wh)]
    if energy.pv_wh > 0:
        rows.append(_energy("figure.pv", energy.pv_wh, speech))
    rows.append(_energy("figure.import", energy.import_wh, speech))
    if energy.export_wh > 0:
        rows.append(_energy("figure.export", energy.export_wh, speech))
    if energy.pv_wh > 0:
        shares = (("figure.own", energy.self_sufficiency), ("figure.self_use", energy.self_use))
        rows += [
            Row(speech.say(name), speech.percent(share), share, is_share=True)
            for name, share in shares
            if share is not None
        ]
    if costs is not None:
        rows.append(_money("figure.cost", costs.cost_micro, home, speech))
        if energy.pv_wh > 0:
            rows.append(_money("figure.saved", costs.saved_micro, home, speech))
        grams = (("figure.co2", costs.co2_g), ("figure.co2_saved", costs.co2_saved_g))
        rows += [Row(speech.say(name), _kg(g, speech), g) for name, g in grams if g is not None and speech.tells_co2]
    return rows


def _energy(name: str, wh: float, speech: Speech, u_wh: float | None = None) -> Row:
    return Row(speech.say(name), f"{speech.kwh(wh, u_wh)}{NO_BREAK}kWh", wh)


def _money(name: str, micro: int, home: Home, speech: Speech) -> Row:
    return Row(speech.say(name), speech.money(micro, home.currency), micro)


def _kg(grams: int, speech: Speech) -> str:
    return f"{speech.number(grams / 1000, 1)}{NO_BREAK}kg"


def figures_card(known: Known, home: Home, speech: Speech, sheet: Sheet) -> ft.Control:
    """What a period came to, in figures, and the way to take them along."""
    return parts.section(
        speech.say("history.figures"),
        parts.facts(facts_of(known, home, speech)),
        *_notes(known, speech),
        TakeAlong(sheet),
    )


@component
def TakeAlong(sheet: Sheet) -> ft.Control:
    """What is shown, as a file for a spreadsheet."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def save(_: object) -> None:
        await action.run(lambda: visit.belongings.keep(sheet.file, sheet.text()))

    button = controls.link(speech.say("history.take_along"), save)
    return ft.Column([ft.Row([button], wrap=True), *([parts.problem(action.problem)] if action.problem else [])])


def facts_of(known: Known, home: Home, speech: Speech) -> list[tuple[str, str]]:
    """Every figure by its name, and how much of it was measured."""
    rows = [(row.name, row.text) for row in rows_of(known, home, speech)]
    if known.measured_permille is not None:
        name = speech.say("figure.measured" if known.days == 1 else "figure.measured_days")
        rows.append((name, speech.percent(known.measured_permille / 1000)))
    return rows


def _notes(known: Known, speech: Speech) -> list[ft.Control]:
    """What has to be known of these figures."""
    told = [speech.say("figure.uncertain_why")] if known.u_wh is not None else []
    if known.costs is not None and known.priced_days < known.days:
        told.append(speech.say("figure.priced", n=known.priced_days, of=known.days))
    if known.costs is not None and known.costs.unpriced_wh >= 1:
        told.append(speech.say("figure.unpriced", kwh=speech.kwh(known.costs.unpriced_wh)))
    return [parts.muted(text, 12.5) for text in told]


def compared_card(pair: Compared | None, names: tuple[str, str], home: Home, speech: Speech) -> ft.Control:
    """Two periods side by side, over what is known in both. names: of this one and the other."""
    title = speech.say("history.compared")
    if pair is None:
        return parts.section(title, parts.muted(speech.say("history.compared_none", other=names[1])))
    over = (
        speech.say("history.compared_days", n=pair.this.days)
        if pair.hours is None
        else speech.say("history.compared_hours", n=speech.number(pair.hours, 2))
    )
    here = rows_of(pair.this, home, speech)
    there = {row.name: row for row in rows_of(pair.other, home, speech)}
    lines = [_compared(row, there[row.name], speech) for row in here if row.name in there]
    head = _line("", names[0], names[1], "", is_head=True)
    return parts.section(title, parts.muted(over, 12.5), ft.Column([head, *lines], spacing=10))


def _compared(row: Row, other: Row, speech: Speech) -> ft.Control:
    change = speech.points(row.number, other.number) if row.is_share else speech.change(row.number, other.number)
    label = speech.say("history.compared_spoken", name=row.name, this=row.text, other=other.text, change=change)
    line = _line(row.name, row.text, other.text, change)
    return ft.Semantics(container=True, label=label.rstrip(" ,"), exclude_semantics=True, content=line)


def _line(name: str, this: str, other: str, change: str, is_head: bool = False) -> ft.Control:
    end = ft.TextAlign.END
    first = (
        parts.small(this, 12.5, expand=4, text_align=end) if is_head else parts.strong(this, expand=4, text_align=end)
    )
    return ft.Row(
        [
            parts.muted(name, expand=4),
            first,
            parts.muted(other, 12.5 if is_head else 13, expand=4, text_align=end),
            parts.muted(change, expand=2, text_align=end),
        ],
        spacing=10,
    )
