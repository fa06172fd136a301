"""Tariff and budget: what the month costs, where it will end, and the tariffs that make it so."""

import datetime as dt

import flet as ft

from ... import routes
from ...model.bill import Bill
from ...model.home import Home
from ...model.job import Job
from ...model.tariff import Tariff, in_force
from ...model.typed import Draft, of_micro
from ...speech import Speech
from ...state import Layout, Money
from .. import controls, parts, shell, theme
from ..component import component
from ..context import use_action, use_speech, use_visit
from ..tariff_words import lines


@component
def MoneyScreen(money: Money, home: Home, layout: Layout) -> ft.Control:
    speech = use_speech()
    header = shell.SubHeading(speech.say("money.title"), speech.say("money.under"), routes.ACCOUNT, layout)
    left = [MonthCard(money, home), BudgetCard(home, key=str(home.budget_micro))]  # type: ignore[call-arg]
    right = [TariffsCard(money, home), *_repricing(money.repricing, speech)]
    return shell.scrolled(header, *shell.pair(left, right, layout), layout=layout)


def _repricing(job: Job | None, speech: Speech) -> list[ft.Control]:
    if job is None or job.state != "running":
        return []
    months, done = job.whole("months"), job.whole("months_done")
    text = speech.say("money.repricing", done=done, months=months) if months else speech.say("money.repricing_begins")
    return [parts.card(parts.progress("repricing", text, job.share))]


# --- the month -------------------------------------------------------------------------------------------------------


@component
def MonthCard(money: Money, home: Home) -> ft.Control:
    """What the running month has cost, and where it will end."""
    speech = use_speech()
    bill = money.bill
    if bill is None:
        why = "money.no_bill" if money.tariffs else "money.no_bill_tariff"
        return parts.card(parts.empty(ft.Icons.RECEIPT_LONG_OUTLINED, speech.say("money.title"), speech.say(why)))
    amounts = {name: speech.money(getattr(bill, f"{name}_micro"), home.currency) for name in ("so_far", "lo", "hi")}
    amounts["mid"] = speech.money(bill.p50_micro, home.currency)
    figures = ft.Row(
        [
            _figure(speech.say("money.so_far"), amounts["so_far"]),
            _figure(speech.say("money.expected"), amounts["mid"]),
        ],
        spacing=12,
    )
    scale = ft.Column(
        [
            figures,
            _scale(bill, home.budget_micro),
            parts.muted(speech.say("money.range", lo=amounts["lo"], hi=amounts["hi"])),
        ],
        spacing=14,
    )
    month = speech.month(dt.date.fromisoformat(f"{bill.month}-01"))
    spoken = speech.say("money.bill_spoken", **amounts)
    return parts.section(speech.say("money.month", month=month), parts.told("bill", spoken, scale))


def _figure(name: str, amount: str) -> ft.Control:
    return ft.Column([parts.muted(name), parts.headline(amount, 26)], spacing=2, expand=True)


def _scale(bill: Bill, budget_micro: int | None) -> ft.Control:
    """The month on a line: what is spent, the range of its end, the budget as a mark."""
    top = max(bill.hi_micro, budget_micro or 0, 1)

    def part(from_micro: int, to_micro: int, color: str) -> ft.Control:
        return ft.Container(expand=max(1, round(1000 * (to_micro - from_micro) / top)), height=12, bgcolor=color)

    spent, low = max(0, bill.so_far_micro), max(0, bill.lo_micro, bill.so_far_micro)
    high = max(low, bill.hi_micro)
    pieces = [
        part(0, spent, theme.HOUSE),
        part(spent, low, theme.tint(theme.HOUSE, 0.45)),
        part(low, high, theme.tint(theme.HOUSE, 0.2)),
    ]
    if high < top:
        pieces.append(part(high, top, theme.RAISED))
    bar = ft.Container(ft.Row(pieces, spacing=0), border_radius=6, clip_behavior=ft.ClipBehavior.HARD_EDGE)
    if budget_micro is None:
        return bar
    before = max(1, round(1000 * budget_micro / top))
    mark = ft.Row(
        [
            ft.Container(expand=before),
            ft.Container(width=3, height=20, bgcolor=theme.TEXT, border_radius=2),
            *([ft.Container(expand=1000 - before)] if before < 1000 else []),
        ],
        spacing=0,
    )
    return ft.Stack([ft.Container(bar, padding=ft.Padding.symmetric(vertical=4)), mark])


@component
def BudgetCard(home: Home) -> ft.Control:
    """What a month may cost."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    draft, _ = ft.use_state(Draft("" if home.budget_micro is None else of_micro(home.budget_micro)))

    async def save(_: object) -> None:
        await action.run(lambda: visit.money.set_budget(draft.text))

    told = parts.told("budget", standing := _standing(visit.state.money.bill, home, speech), parts.body(standing))
    if not home.may_change:
        return parts.section(speech.say("money.budget"), told)
    name = speech.say("money.budget_field", currency=home.currency)
    typed = controls.number_field(name, draft, on_submit=save, helper=speech.say("money.budget_why"))
    button = controls.secondary(speech.say("money.budget_save"), save)
    return parts.section(speech.say("money.budget"), told, typed, parts.problem(action.problem), ft.Row([button]))


def _standing(bill: Bill | None, home: Home, speech: Speech) -> str:
    if home.budget_micro is None:
        return speech.say("money.budget_none")
    budget = speech.money(home.budget_micro, home.currency)
    if bill is None or bill.hi_micro <= home.budget_micro:
        return speech.say("money.budget_within", budget=budget)
    return speech.say("money.budget_over" if bill.lo_micro > home.budget_micro else "money.budget_open", budget=budget)


# --- the tariffs -----------------------------------------------------------------------------------------------------


@component
def TariffsCard(money: Money, home: Home) -> ft.Control:
    """Every tariff, the newest first; the one deleted last can be brought back."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def new(_: object) -> None:
        visit.money.write(None)

    async def undo(_: object) -> None:
        await action.run(visit.money.undo_delete)

    if money.tariffs is None:
        return parts.section(speech.say("money.tariffs"), parts.skeleton(44), parts.skeleton(44))
    valid = in_force(money.tariffs, visit.money.today)
    rows: list[ft.Control] = [TariffRow(each, home, each == valid) for each in money.tariffs]
    if not rows:
        none, why = speech.say("money.none"), speech.say("money.none_why")
        rows = [parts.empty(ft.Icons.SELL_OUTLINED, none, why)]
    gone: list[ft.Control] = []
    if money.deleted is not None:
        text = speech.say("money.deleted", date=_date(money.deleted, speech))
        gone = [ft.Row([parts.muted(text, expand=True), controls.link(speech.say("undo"), undo)])]
    button = [ft.Row([controls.primary(speech.say("money.new"), new, ft.Icons.ADD)])] if home.may_change else []
    return parts.section(
        speech.say("money.tariffs"), *parts.parted(rows), *gone, parts.problem(action.problem), *button
    )


@component
def TariffRow(tariff: Tariff, home: Home, is_valid: bool) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def change(_: object) -> None:
        visit.money.write(tariff)

    async def delete(_: object) -> None:
        await action.run(lambda: visit.money.delete(tariff))

    date = _date(tariff, speech)
    buttons: list[ft.Control] = []
    if home.may_change:
        buttons = [
            controls.icon_button(ft.Icons.EDIT_OUTLINED, speech.say("money.change", date=date), change),
            controls.icon_button(ft.Icons.DELETE_OUTLINE, speech.say("money.delete", date=date), delete),
        ]
    told = [speech.say("money.from", date=date), *lines(tariff, home.currency, speech)]
    remark = speech.say("money.in_force") if is_valid else ""
    name = tariff.name or speech.say("money.unnamed")
    row = parts.line(ft.Icons.SELL_OUTLINED, name, told, ft.Row(buttons, spacing=0, tight=True), remark=remark)
    return ft.Column([row, parts.problem(action.problem)], spacing=8) if action.problem else row


def _date(tariff: Tariff, speech: Speech) -> str:
    return speech.date_year(dt.date.fromisoformat(tariff.id))
