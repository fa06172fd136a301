"""A tariff being typed: tried on the home's own past, then set."""

import datetime as dt
from collections.abc import Callable

import flet as ft

from ... import routes
from ...model.bill import TriedMonth, WhatIf
from ...model.home import Home
from ...model.tariff import ALL_WEEK, KINDS, MOST_ZONES, OTHER_DAYS, WEEKEND, WORKDAYS, ZONES, TariffDraft, ZoneDraft
from ...model.typed import Draft
from ...speech import Speech
from ...state import Layout, Money
from .. import controls, parts, shell, theme
from ..component import component
from ..context import use_action, use_speech, use_visit

SAME_MICRO = 10_000  # less than a cent is no difference


@component
def TariffScreen(money: Money, home: Home, layout: Layout) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    header = shell.SubHeading(speech.say("tariff.new"), speech.say("tariff.under"), routes.MONEY, layout)
    if money.tariffs is None:
        return shell.scrolled(header, parts.card(parts.skeleton(320)), layout=layout)
    form = TariffForm(visit.money.draft(), home, layout)
    tried = [Tried(money.tried, home)] if money.tried else []
    return shell.scrolled(header, *shell.pair([form], tried, layout), layout=layout)


@component
def TariffForm(draft: TariffDraft, home: Home, layout: Layout) -> ft.Control:
    """What is typed stays in the draft; only the kind and the number of prices by the clock draw anew."""
    visit, speech = use_visit(), use_speech()
    trying, saving = use_action(), use_action()
    _, redraw = ft.use_state(0)

    def changed() -> None:
        redraw(lambda count: count + 1)

    async def chosen(kind: str) -> None:
        draft.choose(kind)
        changed()

    async def try_out(_: object) -> None:
        await trying.run(visit.money.try_out)

    async def save(_: object) -> None:
        await saving.run(visit.money.save)

    def amount(key: str, text: Draft, helper: str | None = None) -> ft.Control:
        return controls.number_field(speech.say(key, currency=home.currency), text, helper=helper)

    kinds = [(kind, speech.say(f"tariff.kind_{kind}")) for kind in KINDS]
    return parts.section(
        speech.say("tariff.new"),
        controls.field(speech.say("tariff.name"), draft.name, max_length=60, counter=""),
        controls.field(speech.say("tariff.from"), draft.valid_from, hint_text="2026-02-01"),
        parts.small(speech.say("tariff.kind")),
        ft.Row(
            [controls.choice(kinds, draft.kind, chosen, width=controls.THIRD_PX if layout is Layout.PHONE else None)]
        ),
        amount(f"tariff.price_{draft.kind}", draft.price, helper=_why(draft.kind, speech)),
        *_zones(draft, home, changed, speech),
        amount("tariff.export", draft.export, helper=speech.say("tariff.export_why")),
        amount("tariff.standing", draft.standing),
        amount("tariff.tax", draft.tax),
        amount("tariff.vat", draft.vat, helper=speech.say("tariff.vat_why")),
        parts.problem(trying.problem or saving.problem),
        ft.Row(
            [
                controls.secondary(speech.say("tariff.try"), None if trying.is_busy else try_out, ft.Icons.SCIENCE),
                *_save(home, speech, save, saving.is_busy),
            ],
            spacing=12,
            wrap=True,
            run_spacing=12,
        ),
    )


def _why(kind: str, speech: Speech) -> str | None:
    return speech.say("tariff.dynamic_why") if kind == "dynamic" else None


def _save(home: Home, speech: Speech, save: parts.Handler, is_busy: bool) -> list[ft.Control]:
    return [controls.primary(speech.say("tariff.save"), save, is_busy=is_busy)] if home.may_change else []


def _zones(draft: TariffDraft, home: Home, changed: Callable[[], None], speech: Speech) -> list[ft.Control]:
    """The prices by the clock, and a button for one more."""
    if draft.kind != ZONES:
        return []

    async def add(_: object) -> None:
        draft.zones.append(ZoneDraft())
        changed()

    button = controls.secondary(
        speech.say("tariff.zone_add"), add if len(draft.zones) < MOST_ZONES else None, ft.Icons.ADD
    )
    return [
        *(ZoneForm(draft, place, home, changed, key=str(id(zone))) for place, zone in enumerate(draft.zones)),  # type: ignore[call-arg]
        ft.Row([button]),
    ]


@component
def ZoneForm(draft: TariffDraft, place: int, home: Home, changed: Callable[[], None]) -> ft.Control:
    """One price by the clock."""
    speech, zone = use_speech(), draft.zones[place]

    async def remove(_: object) -> None:
        draft.zones.remove(zone)
        changed()

    async def chosen(event: ft.Event[ft.Dropdown]) -> None:
        zone.days = event.control.value or zone.days

    days = [ALL_WEEK, WORKDAYS, WEEKEND, *([OTHER_DAYS] if zone.days == OTHER_DAYS else [])]
    bin_ = controls.icon_button(ft.Icons.CLOSE, speech.say("tariff.zone_remove", n=place + 1), remove)
    price = controls.number_field(speech.say("tariff.zone_price", currency=home.currency), zone.price)
    hours = [
        controls.field(speech.say("tariff.zone_from"), zone.begins, expand=True),
        controls.field(speech.say("tariff.zone_to"), zone.ends, expand=True),
    ]
    chooser = controls.dropdown(
        speech.say("tariff.days"), zone.days, [(each, speech.say(f"tariff.days_{each}")) for each in days], chosen
    )
    head = ft.Row([parts.strong(speech.say("tariff.zone", n=place + 1), expand=True), bin_])
    inside = ft.Column([head, price, ft.Row([*hours], spacing=12), chooser], spacing=12)
    inside.horizontal_alignment = ft.CrossAxisAlignment.STRETCH
    return ft.Container(inside, bgcolor=theme.RAISED, border_radius=16, padding=14)


# --- what it would have cost -----------------------------------------------------------------------------------------


@component
def Tried(tried: WhatIf, home: Home) -> ft.Control:
    """What the tariff would have made of the past, beside what was."""
    speech = use_speech()
    if not tried.days:
        return parts.section(speech.say("tariff.try"), parts.muted(speech.say("tariff.nothing")))
    verdict = _verdict(tried, home, speech)
    rows = [(speech.say("tariff.would"), speech.money(tried.cost_micro, home.currency))]
    if tried.now_micro is not None:
        rows.append((speech.say("tariff.did"), speech.money(tried.now_micro, home.currency)))
    needs = [parts.notice(speech.say(f"tariff.needs_{tried.needs}"))] if tried.needs in ("days", "prices") else []
    return parts.section(
        speech.say("tariff.tried", days=tried.days),
        parts.told("what-if", verdict, parts.headline(verdict, 22), live_region=True),
        parts.facts(rows),
        *needs,
        *(_month(each, _dearest(tried), home, speech) for each in tried.months),
    )


def _verdict(tried: WhatIf, home: Home, speech: Speech) -> str:
    difference = tried.difference_micro
    if difference is None:
        return speech.say("tariff.no_now")
    if abs(difference) < SAME_MICRO:
        return speech.say("tariff.same")
    amount = speech.money(abs(difference), home.currency)
    return speech.say("tariff.saves" if difference < 0 else "tariff.costs", amount=amount)


def _dearest(tried: WhatIf) -> int:
    return max([1, *(max(each.cost_micro, each.now_micro or 0) for each in tried.months)])


def _month(month: TriedMonth, dearest_micro: int, home: Home, speech: Speech) -> ft.Control:
    """A month as two bars, the tried tariff above what was."""
    name = speech.month(dt.date.fromisoformat(f"{month.month}-01"))
    would = speech.money(month.cost_micro, home.currency)
    bars, spoken = (
        [_bar(month.cost_micro, dearest_micro, theme.HOUSE)],
        speech.say("tariff.month_alone", month=name, would=would),
    )
    if month.now_micro is not None:
        did = speech.money(month.now_micro, home.currency)
        spoken = speech.say("tariff.month_now", month=name, would=would, did=did)
        bars.append(_bar(month.now_micro, dearest_micro, theme.tint(theme.HOUSE, 0.35)))
    return parts.told(
        f"what-if-{month.month}", spoken, ft.Column([parts.muted(spoken), ft.Column(bars, spacing=3)], spacing=6)
    )


def _bar(amount_micro: int, dearest_micro: int, color: str) -> ft.Control:
    length = min(1000, max(1, round(1000 * max(0, amount_micro) / dearest_micro)))
    rest = [ft.Container(expand=1000 - length)] if length < 1000 else []
    return ft.Row([ft.Container(expand=length, height=8, bgcolor=color, border_radius=4), *rest], spacing=0)
