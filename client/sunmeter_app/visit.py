"""One visit: a browser tab from its opening to its end. Turns what a person does into calls, and what comes back
into state. Knows no widgets.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from . import area_feeds, feeds, routes
from .calls import Calls
from .data.backend import Backend, Browser
from .data.source import Denied, Query, Source
from .deeds import Deeds, grace
from .model.home import home_from
from .model.period import Against, Period, Span, asked_in, holding, query_of
from .problems import SIGNED_OUT, UNREACHABLE, Problem
from .reading import Reading
from .state import Phase, State
from .verbs.alerting import Alerting
from .verbs.belongings import Belongings
from .verbs.fitting import Fitting
from .verbs.housekeeping import Housekeeping
from .verbs.living_together import LivingTogether
from .verbs.neighbouring import Neighbouring
from .verbs.notifying import Notifying
from .verbs.operating import Operating
from .verbs.paying import Paying
from .verbs.preferring import Preferring
from .verbs.setting_up import SettingUp
from .verbs.signing_in import SigningIn
from .watches import Key, Watches, Work

log = logging.getLogger("sunmeter.app")

KEPT_HOME = "sunmeter.home"
VERIFY_POLL_S = 4.0
REACH_POLL_S = 4.0  # the services, where they were out of reach at the start
TELL_ADDRESS_AFTER_S = 0.4  # who leafs through days makes one entry in the browser's history, not fifty
_START: Key = ("start",)
_OF_PERSON = ("homes", "profile", "push")  # what is read whichever home is open


class Visit:
    """The verbs of the app, over one backend, for one person at a time.

    now_s and sleep are the clock; navigate changes the address in the browser;
    grace waits while something may be undone.
    """

    def __init__(
        self,
        backend: Backend,
        browser: Browser,
        navigate: Callable[[str], None],
        now_s: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        grace: Callable[[], Awaitable[object]] = grace,
    ):
        self.state = State()
        self.deeds = Deeds(grace)
        self._memory = browser
        self._navigate = navigate
        self._now_s = now_s
        self._sleep = sleep
        self._watches = Watches(self._failed)
        self.account = SigningIn(backend, self.state.session, browser, self._admitted, now_s)
        calls = Calls(backend.functions, self.account.id_token, self.state.session, self._called)
        self._reading = Reading(self.state, calls, now_s, sleep, self._settle)
        self.belongings = Belongings(calls, self.state, browser, self.account.sign_in_again, self._leave)
        self.money = Paying(calls, self.state, self.go, now_s)
        self.alerts = Alerting(calls, self.state, self._settle, now_s)
        self.preferences = Preferring(calls, self.state, browser, lambda: self.account.source)
        self.notifying = Notifying(
            calls, self.state, browser.notifications, browser, backend.registrar, lambda: self.account.source, now_s
        )
        self.operating = Operating(calls, self.state, self._settle)
        self.housekeeping = Housekeeping(calls)
        self.neighbours = Neighbouring(calls, self.state)
        self.fitting = Fitting(calls, self.state)
        self.household = LivingTogether(calls, self.state, self._prefer, self.go)
        self.set_up = SettingUp(calls, self.state, browser, self._open_new, self._settle)
        self._is_connected = True
        self._is_shown = True
        self._used_s = now_s()
        self._preferred_home = ""
        self._after_sign_in = routes.HOME
        self._query = ""  # of the browser's address, where that is History's: the period

    @property
    def now_ms(self) -> int:
        return int(self._now_s() * 1000)

    @property
    def unused_since_s(self) -> float | None:
        """Since when nobody has used this tab; None: a signed-in person has it before them, or it is not connected."""
        is_looked_at = self._is_shown and self.state.session.phase is not Phase.SIGNED_OUT
        return self._used_s if self._is_connected and not is_looked_at else None

    # --- coming and going -------------------------------------------------------------------------------------------

    @property
    def is_invited(self) -> bool:
        """Somebody followed an invitation and has yet to sign in."""
        return routes.invitation_of(self._after_sign_in) is not None

    async def start(self, route: str) -> None:
        """Opens the visit at an address; waits until it is known who is here, or the browser is lost meanwhile."""
        self._note_address(route)
        self._settle()
        await self._watches.ended(_START)

    async def _resume(self) -> None:
        """Signs in again where the browser remembers a sign-in, as soon as the services are within reach."""
        await self.preferences.recall()
        await self.set_up.recall()
        self._preferred_home = await self._memory.get(KEPT_HOME) or ""
        while not await self.account.resume():
            if self.state.session.notice != UNREACHABLE:
                await self.notifying.unsubscribe()  # before: what is entered ends this start
                self._enter(Phase.SIGNED_OUT)
                return
            await self._sleep(REACH_POLL_S)

    def connected(self) -> None:
        """The browser is back after a lost connection, with the page loaded anew before somebody's eyes."""
        self._is_connected = True
        self._attend(True)
        self.state.ui.notify()  # type: ignore[attr-defined]  # what changed meanwhile was drawn for nobody

    def disconnected(self) -> None:
        """The browser is gone, perhaps for good: nothing is read for nobody."""
        self._is_connected = False
        self._settle()

    def shown(self) -> None:
        self._attend(True)

    def hidden(self) -> None:
        """The tab is in the background: the meter need not hurry."""
        self._attend(False)

    def _attend(self, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._used_s = self._now_s()
        self._called()
        self._settle()

    def _called(self) -> None:
        """Whoever asks again and again asks now, if the page is looked at."""
        if self.account.source is not None:
            self.account.source.attend(self._is_shown)

    def moved(self, route: str) -> None:
        """The browser shows another address."""
        if self._note_address(route):
            self._show_as_asked()
        if routes.alert_of(route) and self.state.session.homes:
            self._choose_home()
        else:
            self._settle()

    def go(self, route: str) -> None:
        """Leads the browser to another address; to History as it was left."""
        if route == routes.HISTORY and (query := self._wanted_query()):
            route = f"{route}?{query}"
        self.moved(route)
        self._navigate(route)

    def _note_address(self, route: str) -> bool:
        """Takes the address in; whether it is History's and asks for another period."""
        self._used_s = self._now_s()
        place, _, query = route.partition("?")
        self.state.ui.route = place
        if routes.place_of(place) != routes.HISTORY or query == self._query:
            return False
        self._query = query
        return True

    def _show_as_asked(self) -> None:
        """The period that the address asks for."""
        self.state.history.period, self.state.history.against = asked_in(self._query)

    def _wanted_query(self) -> str:
        """The period that is shown; today needs no word."""
        home, history = self.state.session.home, self.state.history
        is_today = home is not None and history.period == holding(Span.DAY, home.date_at(self._now_s()))
        return query_of(None if is_today else history.period, history.against)

    async def _tell_address(self) -> None:
        """Puts the period into the address: a reload, or another instance of the server, goes on from there."""
        await self._sleep(TELL_ADDRESS_AFTER_S)
        self._query = self._wanted_query()
        self._navigate(f"{routes.HISTORY}?{self._query}" if self._query else routes.HISTORY)

    async def close(self) -> None:
        await self._watches.stop()
        await self.account.close()

    async def sign_out(self) -> None:
        """Ends the sign-in here: nothing of the person stays in the tab or in the browser."""
        await self._leave("")

    def _admitted(self, is_verified: bool) -> None:
        self._called()
        self._enter(Phase.OPENING if is_verified else Phase.UNVERIFIED)

    async def _leave(self, notice: str) -> None:
        await self.deeds.do_now()
        await self.notifying.forget()  # while it is still known who it is
        await self.account.forget()
        await self._memory.forget(KEPT_HOME)
        await self.set_up.forget()
        self._preferred_home = ""
        self.state.session.notice = notice
        self._enter(Phase.SIGNED_OUT)  # stops every watch before anything is forgotten
        self._after_sign_in, self._query = routes.HOME, ""
        self.state.forget_person()
        await self.account.close()

    def _enter(self, phase: Phase) -> None:
        self.state.session.phase = phase
        place = routes.place_of(self.state.ui.route)
        if phase is Phase.SIGNED_OUT and place not in routes.PUBLIC:
            is_link = place == routes.JOIN or routes.alert_of(self.state.ui.route)
            self._after_sign_in = self.state.ui.route if is_link else place
            self.go(routes.WELCOME)
        elif phase in (Phase.OPENING, Phase.UNVERIFIED) and place in routes.PUBLIC:
            self.go(self._after_sign_in)
        else:
            self._settle()

    # --- using ------------------------------------------------------------------------------------------------------

    async def open_home(self, home_id: str) -> None:
        """Shows another of the person's homes."""
        await self._prefer(home_id)
        self._choose_home()

    async def _open_new(self, home_id: str) -> None:
        await self._prefer(home_id)
        self.go(routes.SET_UP)

    async def _prefer(self, home_id: str) -> None:
        """The home that is shown as soon as it is among the person's own."""
        self._preferred_home = home_id
        await self._memory.put(KEPT_HOME, home_id)

    def show(self, period: Period) -> None:
        """Shows another period in History."""
        self.state.history.period = period
        self._settle()

    def compare(self, against: Against) -> None:
        """Sets what History shows against another period."""
        self.state.history.against = against
        self._settle()

    def look_back(self) -> None:
        """Reads older alerts besides."""
        self.state.inbox.pages += 1
        self._settle()

    # --- what is read meanwhile -------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Starts and stops background work to match where the visit is."""
        self._watches.want(self._wanted() if self._is_connected else {})

    def _wanted(self) -> dict[Key, Work]:
        session, source = self.state.session, self.account.source
        if session.phase is Phase.STARTING:
            return {_START: self._resume}
        if source is None or session.person is None or session.phase is Phase.SIGNED_OUT:
            return {}
        if session.phase is Phase.UNVERIFIED:
            return {("verification",): self._await_verification}
        uid = session.person.uid
        wanted: dict[Key, Work] = {
            ("homes", uid): lambda: self._follow_homes(source, uid),
            ("profile", uid): lambda: feeds.follow_profile(source, uid, self.state, self.preferences.take_over),
            ("push", uid): self.notifying.keep,
        }
        if session.person.areas and routes.place_of(self.state.ui.route) == routes.AREA:
            seen = self.state.neighbourhood
            seen.area = seen.area or session.person.areas[0]
            wanted |= area_feeds.wanted(source, seen, seen.area, self._settle, self._sleep)
        if session.phase is Phase.HOME and session.home is not None:
            wanted |= self._reading.wanted(source, session.home, self._is_shown)
            query = self._wanted_query()
            if routes.place_of(self.state.ui.route) == routes.HISTORY and query != self._query:
                wanted["address", query] = self._tell_address
        return wanted

    async def _await_verification(self) -> None:
        """Notices by itself when the link in the mail has been followed."""
        while True:
            await self._sleep(VERIFY_POLL_S)
            try:
                if await self.account.check_verified():
                    return
            except Problem as problem:
                if problem.code != UNREACHABLE:
                    raise

    async def _follow_homes(self, source: Source, uid: str) -> None:
        async for found in source.watch_query(Query("homes", where=(("member_uids", "array-contains", uid),))):
            homes = [home_from(path, fields, uid) for path, fields in found.items()]
            self.state.session.homes = tuple(sorted(homes, key=lambda home: (home.name, home.id)))
            self._choose_home()

    def _choose_home(self) -> None:
        """Opens the home of the alert that is looked at, else the preferred one, the one that is open, the first."""
        session, alert = self.state.session, routes.alert_of(self.state.ui.route)
        by_id = {home.id: home for home in session.homes}
        open_id = session.home.id if session.home else ""
        linked = by_id.get(alert[0]) if alert else None
        if linked:  # it stays open when the alert is left; the browser's next visit begins at home
            self._preferred_home = linked.id
        chosen = linked or by_id.get(self._preferred_home) or by_id.get(open_id) or next(iter(session.homes), None)
        if chosen is None or chosen.id != open_id:
            self._watches.want({key: work for key, work in self._wanted().items() if key[0] in _OF_PERSON})
            self.state.forget_home()
            self._show_as_asked()
        session.home = chosen
        session.phase = Phase.HOME if chosen else Phase.NO_HOME
        self._settle()

    def _failed(self, key: Key, error: Exception) -> None:
        """A watch ended by itself. Without the homes there is no visit; the rest shows what it has."""
        is_ended = isinstance(error, Denied) or (isinstance(error, Problem) and error.code == SIGNED_OUT)
        if is_ended and (key[0] in ("verification", "homes")):
            asyncio.get_running_loop().create_task(self._leave(SIGNED_OUT))
