"""What an open home needs to be read: what every screen shows, and what only the one does that is looked at."""

import datetime as dt
from collections.abc import Awaitable, Callable

from . import feeds, routes
from .calls import Calls
from .contract import ledger
from .data.source import Source
from .lease import keep_lease
from .model.home import Home
from .model.household import members_from
from .model.period import Period, Span, holding
from .model.set_up import step_of
from .problems import Problem
from .state import State
from .watches import Key, Work

TICK_S = 1.0
PRICES_EVERY_S = 3600.0  # while those of tomorrow are not there yet
Feed = Callable[[Source, Home, State], Awaitable[None]]

_EVERYWHERE: dict[str, Feed] = {
    "forecast": feeds.follow_forecast,
    "learning": feeds.follow_learning,
}
_MONEY: dict[str, Feed] = {"tariffs": feeds.follow_tariffs, "repricing": feeds.follow_repricing}
_CALIBRATION: dict[str, Feed] = {"outcomes": feeds.follow_outcomes, "bill": feeds.follow_bill_fit}
_AT: dict[str, dict[str, Feed]] = {
    routes.MONEY: _MONEY,
    routes.TARIFF: _MONEY,
    routes.DEVICES: {"outcomes": feeds.follow_outcomes, "week": feeds.follow_week},
    routes.SET_UP: {"outcomes": feeds.follow_outcomes},
    routes.CALIBRATION: _CALIBRATION,
    routes.CLAMPS: _CALIBRATION,
    routes.DATA: {"imports": feeds.follow_imports},
    routes.FORECAST: {"score": feeds.follow_score},
}


class Reading:
    """The background work of an open home. now_s and sleep are the clock; turn_page: the home's day has ended."""

    def __init__(
        self,
        state: State,
        calls: Calls,
        now_s: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        turn_page: Callable[[], None],
    ):
        self._state = state
        self._calls = calls
        self._now_s = now_s
        self._sleep = sleep
        self._turn_page = turn_page

    def wanted(self, source: Source, home: Home, is_shown: bool) -> dict[Key, Work]:
        """Everything that is to be read now; a new day, home or screen is a new key."""
        state, today = self._state, ledger.local_day(int(self._now_s()), home.tz)
        place = routes.place_of(state.ui.route)
        wanted: dict[Key, Work] = {
            ("calendar", home.id, today.day): lambda: self._await_midnight(today),
            ("prices", home.id, today.day, str(home.tariff_rev)): lambda: self._await_prices(source, home),
            ("today", home.id, today.day): lambda: feeds.follow_today(source, home, state, today),
            ("alerts", home.id, str(state.inbox.pages)): lambda: feeds.follow_alerts(source, home, state),
        }
        for name, feed in {**_EVERYWHERE, **_AT.get(place, {})}.items():
            wanted[name, home.id] = lambda feed=feed: feed(source, home, state)  # type: ignore[misc]
        if is_shown and self._is_live(place, home):
            wanted["live", home.id] = lambda: feeds.follow_live(source, home, state, self._now_ms)
            wanted["clock",] = self._tick
            if home.meter:
                wanted["lease", home.id, home.meter] = self._keep_lease
        if place in (routes.DEVICES, routes.CALIBRATION, routes.CLAMPS):
            wanted["meter", home.id, home.meter or ""] = lambda: feeds.follow_meter(source, home, state)
            wanted["hub", home.id, home.hub or ""] = lambda: feeds.follow_hub(source, home, state)
        if place == routes.MEMBERS:
            roles = "|".join(f"{uid}={role}" for uid, role in home.roles)
            wanted["members", home.id, roles] = self._ask_members
            wanted["invitations", home.id, home.role] = lambda: feeds.follow_invitations(source, home, state)
        if place == routes.ALERTS and (alert := state.inbox.looked_at) is not None:
            span = ledger.local_day(alert.start_ms // 1000, home.tz)
            wanted["alert_day", home.id, span.day] = lambda: feeds.follow_day(source, home, state.inbox, span)
        if place == routes.HISTORY:
            wanted |= self._history(source, home, today)
        return wanted

    def _is_live(self, place: str, home: Home) -> bool:
        """Whether the screen shows the moment: Home does, and the step of the set-up that looks at the clamps."""
        state = self._state
        passed = state.progress.passed.get(home.id, ())
        is_checked = place == routes.SET_UP and home.is_owner and step_of(home, passed, False) == "clamps"
        return place == routes.HOME or is_checked

    def _history(self, source: Source, home: Home, today: ledger.LocalDay) -> dict[Key, Work]:
        history = self._state.history
        history.period = history.period or holding(Span.DAY, dt.date.fromisoformat(today.day))
        wanted = self._period(source, home, history.period, "")
        if (other := history.period.compared(history.against)) is not None:
            wanted |= self._period(source, home, other, "other_")
        return wanted

    def _period(self, source: Source, home: Home, period: Period, prefix: str) -> dict[Key, Work]:
        """A day whole; of anything longer its months."""
        state = self._state
        if period.span is Span.DAY:
            span, field = ledger.day_of(period.first, home.tz), f"{prefix}day"
            return {(field, home.id, span.day): lambda: feeds.follow_day(source, home, state.history, span, field)}
        months, record = period.months, f"{prefix}record"
        return {(record, home.id, *months): lambda: feeds.follow_months(source, home, state, months, record)}

    async def _ask_members(self) -> None:
        """Names are stored nowhere: they are asked for again whenever somebody came, went or changed."""
        household = self._state.household
        try:
            household.members = members_from(await self._calls.of_home("members"))
            household.problem = None
        except Problem as problem:
            household.problem = problem

    def _now_ms(self) -> int:
        return int(self._now_s() * 1000)

    async def _tick(self) -> None:
        while True:
            feeds.look_at_clock(self._state, self._now_ms())
            await self._sleep(TICK_S)

    async def _keep_lease(self) -> None:
        await keep_lease(lambda: self._calls.of_home("lease"), self._state.way, self._now_s, self._sleep)

    async def _await_prices(self, source: Source, home: Home) -> None:
        """Market prices of tomorrow come some time in the afternoon."""
        while not await feeds.look_at_prices(source, home, self._state, int(self._now_s())):
            await self._sleep(PRICES_EVERY_S)

    async def _await_midnight(self, today: ledger.LocalDay) -> None:
        """Turns the page when the home's day ends."""
        while self._now_s() < today.end_s:
            await self._sleep(min(3600.0, today.end_s - self._now_s() + 0.1))
        self._turn_page()
