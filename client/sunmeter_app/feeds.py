"""What a visit reads while a home is open: each feed follows one document or query and keeps one part of the state."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from .contract import documents, ledger
from .data.source import Denied, Fields, Query, Source
from .model import prices, tariff
from .model.alert import newest_first
from .model.bill import bill_from
from .model.day import day_from, days_from
from .model.device import bill_fit_from, hub_from, meter_from, outcomes_from
from .model.forecast import forecast_from, score_from
from .model.home import Home
from .model.household import invitations_from
from .model.job import job_from
from .model.learning import learning_from
from .model.live import reading_from
from .model.panels import panels_from
from .model.profile import Profile, profile_from
from .model.record import record_from
from .model.transfer import newest
from .state import History, Inbox, State

ALERTS_OF_PAGE = 50
DAYS_OF_EVENTS = 7


def look_at_clock(state: State, now_ms: int) -> None:
    """Tells the time, and what it makes of the newest reading."""
    state.clock.now_ms = now_ms
    if state.live.reading is not None:
        state.way.freshness = state.live.reading.freshness(now_ms)


async def follow_live(source: Source, home: Home, state: State, now_ms: Callable[[], int]) -> None:
    async for found in source.watch(documents.live(home.id)):
        reading = reading_from(found)
        state.live.reading = reading
        state.way.course, state.way.is_read = reading.course if reading else None, True
        look_at_clock(state, now_ms())


async def follow_today(source: Source, home: Home, state: State, today: ledger.LocalDay) -> None:
    state.today.day = None
    async for found in source.watch(documents.day(home.id, today.day)):
        state.today.day = day_from(found, today)


async def follow_forecast(source: Source, home: Home, state: State) -> None:
    async for found in source.watch(documents.insight(home.id, "forecast")):
        state.today.forecast, state.money.bill = forecast_from(found), bill_from(found)
        state.today.panels = panels_from(found)
        state.today.is_forecast_read = True


async def follow_score(source: Source, home: Home, state: State) -> None:
    async for found in source.watch(documents.insight(home.id, "score")):
        state.today.score = score_from(found)


async def follow_learning(source: Source, home: Home, state: State) -> None:
    async for found in source.watch(documents.insight(home.id, "model")):
        state.today.learning = learning_from(found)


async def follow_alerts(source: Source, home: Home, state: State) -> None:
    most = ALERTS_OF_PAGE * state.inbox.pages
    newest = Query(f"homes/{home.id}/alerts", order_by=(("start_ms", "desc"),), limit=most)
    async for found in source.watch_query(newest):
        state.inbox.alerts, state.inbox.is_whole = newest_first(found), len(found) < most


async def follow_day(
    source: Source, home: Home, part: History | Inbox, span: ledger.LocalDay, field: str = "day"
) -> None:
    """part: whose day it is. field: "day", or "other_day" for the one that it is set against."""
    setattr(part, field, None)
    async for found in source.watch(documents.day(home.id, span.day)):
        setattr(part, field, day_from(found, span))


async def follow_months(
    source: Source, home: Home, state: State, months: tuple[str, str], field: str = "record"
) -> None:
    """One range query: a year reads twelve documents, and the rules read one. field: as of `follow_day`."""
    setattr(state.history, field, None)
    first, last = months
    wanted = Query(f"homes/{home.id}/months", where=(("month", ">=", first), ("month", "<=", last)))
    async for found in source.watch_query(wanted):
        setattr(state.history, field, record_from(months, found))


async def follow_tariffs(source: Source, home: Home, state: State) -> None:
    async for found in source.watch_query(Query(f"homes/{home.id}/tariffs")):
        state.money.tariffs = tariff.newest_first(found)


async def look_at_prices(source: Source, home: Home, state: State, now_s: int) -> bool:
    """The tariffs of today and tomorrow and the market prices that they follow: one look at each, a read for each.

    False where market prices are still missing. A change of the tariffs changes the home's revision, which asks again.
    """
    tariffs = {path: await _once(source, path) for path in _tariffs_held(home, now_s)}
    held = tariff.newest_first({path: found for path, found in tariffs.items() if found is not None})
    months = prices.months_needed(held, now_s, home.tz)
    state.money.spot = {month: await _once(source, documents.prices(home.id, month)) for month in months}
    state.money.held = held
    return not months or None not in prices.prices_ahead(held, state.money.spot, now_s, home.tz)


def _tariffs_held(home: Home, now_s: int) -> list[str]:
    return [documents.tariff(home.id, each) for each in prices.needed(home.tariffs, now_s, home.tz)]


async def _once(source: Source, path: str) -> Fields | None:
    """A document as it is now."""
    watched = source.watch(path)
    try:
        return await anext(watched)
    finally:
        if isinstance(watched, AsyncGenerator):
            await watched.aclose()


async def follow_repricing(source: Source, home: Home, state: State) -> None:
    path = documents.job(home.id, "reprice")
    async for found in source.watch(path):
        state.money.repricing = job_from(path, found)


async def follow_invitations(source: Source, home: Home, state: State) -> None:
    if not home.is_owner:
        return  # the rules show them to owners alone
    async for found in source.watch_query(Query(f"homes/{home.id}/invitations")):
        state.household.invitations = invitations_from(found)


async def follow_imports(source: Source, home: Home, state: State) -> None:
    async for found in source.watch_query(Query(f"homes/{home.id}/jobs", where=(("kind", "==", "import"),))):
        state.data.incoming, state.data.are_jobs_read = newest(found), True


async def follow_profile(
    source: Source, uid: str, state: State, take_over: Callable[[Profile], Awaitable[None]]
) -> None:
    """take_over: lets the tab be as the person wants it."""
    async for found in source.watch(documents.user(uid)):
        state.session.profile = profile_from(found)
        await take_over(state.session.profile)


async def follow_meter(source: Source, home: Home, state: State) -> None:
    if home.meter is None:
        return
    path = documents.meter(home.meter)
    async for found in source.watch(path):
        state.devices.meter = meter_from(path, found)


async def follow_hub(source: Source, home: Home, state: State) -> None:
    """A hub of another account serves homes too; what it tells is for its owner."""
    if home.hub is None:
        return
    path = documents.hub(home.hub)
    state.devices.is_hub_hidden = False
    try:
        async for found in source.watch(path):
            state.devices.hub = hub_from(path, found)
    except Denied:
        state.devices.hub, state.devices.is_hub_hidden = None, True


async def follow_outcomes(source: Source, home: Home, state: State) -> None:
    async for found in source.watch_query(Query(f"homes/{home.id}/jobs", where=(("kind", "==", "command"),))):
        state.devices.outcomes = outcomes_from(found)


async def follow_week(source: Source, home: Home, state: State) -> None:
    """The days last stored, for the causes of what they lack."""
    newest = Query(f"homes/{home.id}/days", order_by=(("day", "desc"),), limit=DAYS_OF_EVENTS)
    async for found in source.watch_query(newest):
        state.devices.week = days_from(found, home.tz)


async def follow_bill_fit(source: Source, home: Home, state: State) -> None:
    async for found in source.watch(documents.job(home.id, "bill")):
        state.devices.bill = bill_fit_from(found)
