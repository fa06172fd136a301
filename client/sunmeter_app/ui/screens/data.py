"""The home's data: a copy to take away, and history to bring along."""

import datetime as dt

import flet as ft

from ... import routes
from ...model import fields as read
from ...model.home import Home
from ...model.transfer import MEASURES, QUANTITIES, Export, FileDraft, Import, LineError
from ...speech import Speech
from ...state import Data, Layout
from ...verbs.belongings import CSV, JSON
from .. import controls, parts, shell
from ..component import component
from ..context import use_action, use_speech, use_visit

ERRORS_SHOWN = 5
YEARS_SHOWN = 10


@component
def DataScreen(data: Data, home: Home, layout: Layout) -> ft.Control:
    speech = use_speech()
    header = shell.SubHeading(speech.say("data.title"), speech.say("data.under"), routes.ACCOUNT, layout)
    right = [ImportCard(data, home)] if home.is_owner else []
    return shell.scrolled(header, *shell.pair([ExportCard(data)], right, layout), layout=layout)


@component
def ExportCard(data: Data) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    kind, set_kind = ft.use_state(CSV)
    this_year = speech.local(visit.now_ms / 1000).year
    year, set_year = ft.use_state(this_year)

    async def chosen(chosen_kind: str) -> None:
        set_kind(chosen_kind)

    async def dated(event: ft.Event[ft.Dropdown]) -> None:
        set_year(int(event.control.value or year))

    async def export(_: object) -> None:
        await action.run(lambda: visit.belongings.export(kind, year))

    kinds = [(each, speech.say(f"data.{each}")) for each in (CSV, JSON)]
    years = [(str(each), str(each)) for each in range(this_year, this_year - YEARS_SHOWN, -1)]
    which = [controls.dropdown(speech.say("data.year"), str(year), years, dated)] if kind == CSV else []
    return parts.section(
        speech.say("data.export"),
        parts.muted(speech.say("data.export_why")),
        ft.Row([controls.choice(kinds, kind, chosen)]),
        *which,
        parts.problem(action.problem),
        ft.Row([controls.primary(speech.say("data.export_do"), export, ft.Icons.DOWNLOAD, is_busy=action.is_busy)]),
        *_exported(data.export, speech),
    )


def _exported(export: Export | None, speech: Speech) -> list[ft.Control]:
    if export is None:
        return []
    key = "data.export_done" if export.is_done else "data.export_months" if export.months else "data.export_pages"
    text = speech.say(key, file=export.file, n=export.pages, months=export.months)
    return [parts.progress("export", text, export.share)]


@component
def ImportCard(data: Data, home: Home) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def pick(_: object) -> None:
        await action.run(visit.belongings.offer_file)

    shown: list[ft.Control] = []
    if data.sending is not None:
        shown = [parts.progress("sending", speech.say("data.sending"), data.sending)]
    elif data.asking is not None:
        shown = [ColumnsForm(data.asking)]
    elif data.incoming is not None:
        shown = [ImportJob(data.incoming, home)]
    return parts.section(
        speech.say("data.import"),
        parts.muted(speech.say("data.import_why")),
        parts.problem(action.problem),
        ft.Row([controls.secondary(speech.say("data.import_pick"), None if action.is_busy else pick, ft.Icons.UPLOAD)]),
        *shown,
    )


@component
def ColumnsForm(draft: FileDraft) -> ft.Control:
    """What each column holds; the first one is the time."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def send(_: object) -> None:
        await action.run(lambda: visit.belongings.send_as_told(draft))

    async def drop(_: object) -> None:
        visit.belongings.withdraw_file()

    return ft.Column(
        [
            parts.strong(draft.name),
            parts.told("columns", why := speech.say("data.columns_why"), parts.body(why)),
            *(ColumnChoice(draft, place) for place in range(1, len(draft.columns))),
            parts.problem(action.problem),
            ft.Row(
                [
                    controls.primary(speech.say("data.columns_send"), send, is_busy=action.is_busy),
                    controls.link(speech.say("data.drop"), drop),
                ],
                spacing=12,
                wrap=True,
            ),
        ],
        spacing=12,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


@component
def ColumnChoice(draft: FileDraft, place: int) -> ft.Control:
    speech = use_speech()
    quantity, set_quantity = ft.use_state(draft.quantities.get(place, QUANTITIES[0]))
    measure, set_measure = ft.use_state(draft.measures.get(place, MEASURES[0]))

    async def held(event: ft.Event[ft.Dropdown]) -> None:
        draft.quantities[place] = event.control.value or quantity
        set_quantity(draft.quantities[place])

    async def measured(event: ft.Event[ft.Dropdown]) -> None:
        draft.measures[place] = event.control.value or measure
        set_measure(draft.measures[place])

    name = draft.columns[place] or str(place)
    quantities = [(each, speech.say(f"data.quantity_{each}")) for each in QUANTITIES]
    choosers = [controls.dropdown(speech.say("data.column", name=name), quantity, quantities, held)]
    if quantity != "none":
        measures = [(each, _measure(each, speech)) for each in MEASURES]
        choosers.append(controls.dropdown(speech.say("data.measure", name=name), measure, measures, measured))
    return ft.Column([*choosers], spacing=8)


def _measure(measure: str, speech: Speech) -> str:
    kind, _, unit = measure.partition("-")
    return f"{speech.say(f'data.kind_{kind}')} [{unit}]"


@component
def ImportJob(job: Import, home: Home) -> ft.Control:
    """What a file was understood to be and holds; then how far it is brought in."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def bring_in(_: object) -> None:
        await action.run(lambda: visit.belongings.bring_in(job.id))

    async def drop(_: object) -> None:
        await action.run(lambda: visit.belongings.drop(job.id))

    if job.state == "done":
        text = speech.say("data.import_done", file=job.file, stored=job.stored, kept=job.kept)
        return parts.told("import-done", text, parts.notice(text, ft.Icons.CHECK_CIRCLE_OUTLINE))
    if job.state == "applying":
        text = speech.say("data.applying", done=job.months_done, months=job.months)
        return parts.progress("import-progress", text, job.share)
    blocks: list[ft.Control] = [parts.strong(job.file), parts.facts(_preview(job, speech)), *_errors(job, speech)]
    buttons = [controls.link(speech.say("data.drop"), drop)]
    if job.state == "ready" and job.quarters:
        buttons.insert(0, controls.primary(speech.say("data.bring_in"), bring_in, is_busy=action.is_busy))
    elif job.state == "ready":
        blocks.append(parts.notice(speech.say("data.nothing"), is_alarm=True))
    else:
        blocks.append(parts.notice(speech.say("data.unfinished")))
    return ft.Column([*blocks, parts.problem(action.problem), ft.Row(buttons, spacing=12, wrap=True)], spacing=12)


def _preview(job: Import, speech: Speech) -> list[tuple[str, str]]:
    """Name beside figure: what was understood, from when to when, how much energy."""
    rows = [(speech.say("data.format"), job.format)]
    for each in job.series:
        told = f"{speech.say(f'data.quantity_{each.quantity}')}, {speech.say(f'data.kind_{each.kind}')} ({each.unit})"
        rows.append((speech.say("data.column", name=each.name), told))
    from_s, to_s = read.whole(job.preview, "from_s"), read.whole(job.preview, "to_s")
    if from_s is None or to_s is None:
        return rows
    rows.append((speech.say("data.span"), f"{_date(from_s, speech)} – {_date(to_s - 1, speech)}"))
    rows.append((speech.say("data.quarters"), speech.number(job.quarters, 0)))
    energy = read.mapping(job.preview, "energy_wh")
    for name in ("import", "export", "pv"):
        if wh := read.number(energy, f"{name}_wh"):
            rows.append((speech.say(f"data.quantity_{name}"), f"{speech.kwh(wh)} kWh"))
    rows.append((speech.say("data.gaps"), speech.number(job.gaps_n, 0)))
    return rows


def _date(ts_s: int, speech: Speech) -> str:
    date: dt.date = speech.local(ts_s).date()
    return speech.date_year(date)


def _error(error: LineError, speech: Speech) -> str:
    why = speech.say(key, value=error.value) if speech.knows(key := f"data.error_{error.code}") else error.code
    column = f" · {error.column}" if error.column else ""
    return speech.say("data.error", line=error.line, column=column, why=why)


def _errors(job: Import, speech: Speech) -> list[ft.Control]:
    if not job.errors_n:
        return []
    lines = "\n".join(_error(each, speech) for each in job.errors[:ERRORS_SHOWN])
    text = f"{speech.say('data.errors', n=job.errors_n)}\n{lines}"
    return [parts.told("import-errors", text, parts.notice(text, ft.Icons.ERROR_OUTLINE, is_alarm=True))]
