"""What the screens show, as observables: plain Python that components subscribe to. No widgets, no I/O.

What ticks has its own observable, so that one number changing redraws one component.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum

from flet import observable

from .model.alert import Alert
from .model.area import Asked, Outage, Roster, Silent
from .model.bill import Bill, WhatIf
from .model.day import Day
from .model.device import BillFit, Hub, Meter, Outcome
from .model.fields import Fields
from .model.forecast import Forecast, Score
from .model.home import Home
from .model.household import Invitation, Member
from .model.job import Job
from .model.learning import Learning
from .model.live import Course, Freshness, Reading
from .model.panels import Panels
from .model.period import Against, Period
from .model.profile import Profile
from .model.record import Record
from .model.set_up import Passed
from .model.tariff import Tariff, TariffDraft
from .model.transfer import Export, FileDraft, Import
from .problems import Problem


class Phase(Enum):
    """How far a visit is; each has its screens."""

    STARTING = "starting"  # looking for a remembered sign-in
    SIGNED_OUT = "signed_out"
    UNVERIFIED = "unverified"  # signed in, the address not yet verified
    OPENING = "opening"  # signed in, homes not yet read
    NO_HOME = "no_home"
    HOME = "home"


class Lease(Enum):
    """Whether the meter is asked to send live readings."""

    IDLE = "idle"
    ASKING = "asking"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True)
class Person:
    uid: str
    email: str
    areas: tuple[str, ...] = ()  # that they operate


@observable
@dataclass
class Session:
    """Who is here, and which home is open."""

    phase: Phase = Phase.STARTING
    person: Person | None = None
    homes: tuple[Home, ...] = ()
    home: Home | None = None
    profile: Profile | None = None  # what the person says of themselves; None: not read yet
    notice: str = ""  # code of a problem to tell on the next screen, such as an ended sign-in


class Layout(Enum):
    """How much room there is; components care for this, not for pixels."""

    PHONE = "phone"  # one column, bar below
    TABLET = "tablet"  # one column beside the rail
    DESKTOP = "desktop"  # two columns beside the rail


PHONE_BELOW_PX, DESKTOP_FROM_PX = 760, 1080


def layout_of(width_px: float) -> Layout:
    if width_px < PHONE_BELOW_PX:
        return Layout.PHONE
    return Layout.DESKTOP if width_px >= DESKTOP_FROM_PX else Layout.TABLET


@observable
@dataclass
class Ui:
    """How the app is looked at."""

    route: str = "/"
    layout: Layout = Layout.DESKTOP
    theme: str = "system"  # system, light or dark
    language: str = "en"  # one of strings.LANGUAGES
    is_device_dark: bool = False
    moves: bool = True  # False: nothing on the screen moves by itself

    @property
    def is_dark(self) -> bool:
        return self.is_device_dark if self.theme == "system" else self.theme == "dark"


@observable
@dataclass
class Live:
    """The newest reading: it changes every other second."""

    reading: Reading | None = None


@observable
@dataclass
class Way:
    """How the readings come, and which way power runs: what changes now and then, so that a new number is only that."""

    course: Course | None = None  # None: no reading yet
    is_read: bool = False  # the database has answered, if only with "nothing there"
    freshness: Freshness = Freshness.LIVE
    lease: Lease = Lease.IDLE
    refusal: Problem | None = None  # why the lease was refused; None: it was not


@observable
@dataclass
class Clock:
    """The present, once a second while somebody looks at it."""

    now_ms: int = 0


@observable
@dataclass
class Today:
    day: Day | None = None  # None: not read yet
    forecast: Forecast | None = None
    panels: Panels | None = None  # None: not read yet, or no PV
    is_forecast_read: bool = False  # the database has answered, if only with "nothing there"
    score: Score | None = None
    learning: Learning | None = None  # None: not read yet


@observable
@dataclass
class History:
    """The period on the History screen, and the one it is set against; what is being read is None meanwhile."""

    period: Period | None = None  # None: today
    against: Against = Against.NOTHING
    day: Day | None = None  # where the period is one
    other_day: Day | None = None
    record: Record | None = None  # the months of a longer one
    other_record: Record | None = None


@observable
@dataclass
class Inbox:
    alerts: tuple[Alert, ...] | None = None  # None: not read yet
    pages: int = 1  # how many are asked for
    is_whole: bool = True  # there are no older ones
    looked_at: Alert | None = None  # the one whose day is shown
    day: Day | None = None  # of that one; None: not read yet

    @property
    def open_count(self) -> int:
        return sum(alert.is_open for alert in self.alerts or ())


@observable
@dataclass
class Money:
    """What the home pays."""

    tariffs: tuple[Tariff, ...] | None = None  # newest first; None: not read yet
    held: tuple[Tariff, ...] = ()  # those of today and tomorrow, newest first
    spot: Mapping[str, Fields | None] | None = None  # the market prices that they follow, by month; None: not read
    bill: Bill | None = None
    repricing: Job | None = None
    draft: TariffDraft | None = None  # the tariff being typed
    tried: WhatIf | None = None  # what it would have made of the past
    deleted: Tariff | None = None  # the one deleted last, to be brought back


@observable
@dataclass
class Household:
    """Who belongs to the home, and who is invited."""

    members: tuple[Member, ...] | None = None  # None: not read yet
    problem: Problem | None = None  # why the members could not be read
    invitations: tuple[Invitation, ...] | None = None  # None: not read yet, or not for this person to see
    link: str = ""  # of the invitation made last


@observable
@dataclass
class Data:
    """The home's data on its way out or in."""

    export: Export | None = None
    sending: float | None = None  # how much of a file was sent, 0 to 1; None: none is being sent
    asking: FileDraft | None = None  # a file whose columns the person is asked about
    incoming: Import | None = None  # the import that was started last
    are_jobs_read: bool = False


@observable
@dataclass
class Devices:
    """The home's meter and hub."""

    meter: Meter | None = None  # None: not read yet
    hub: Hub | None = None  # None: not read yet, or not for this person to see
    is_hub_hidden: bool = False
    outcomes: tuple[Outcome, ...] | None = None  # what commands came to, newest first; None: not read yet
    week: tuple[Day, ...] | None = None  # the days last stored; None: not read yet
    step: str = ""  # the job of the step of the calibration that was asked last
    bill: BillFit | None = None
    page_code: str = ""  # told once
    offered: int = 0  # the firmware that the meter was just told of
    moved_to: str = ""  # the home that the meter was just moved to
    neighbour_code: str = ""  # to be typed by a neighbour


@observable
@dataclass
class Neighbourhood:
    """The area that an operator looks at."""

    area: str = ""
    roster: Roster | None = None  # None: not read yet
    outages: tuple[Outage, ...] | None = None
    silent: tuple[Silent, ...] | None = None
    commands: tuple[Asked, ...] | None = None
    sheds: tuple[Asked, ...] | None = None
    hubs: Mapping[str, Hub] = field(default_factory=dict)

    def forget(self) -> None:
        """Before another area is shown."""
        self.area, self.roster, self.outages, self.silent = "", None, None, None
        self.commands, self.sheds, self.hubs = None, None, {}


@observable
@dataclass
class Progress:
    """How far the set-up of homes came in this browser."""

    passed: Passed = field(default_factory=dict)


class Here(Enum):
    """Whether this browser is told of alerts."""

    UNKNOWN = "unknown"  # not looked yet, or the project has no web push
    UNSUPPORTED = "unsupported"
    OFF = "off"
    BLOCKED = "blocked"  # the person has said no, and only the browser's settings take that back
    ON = "on"


@observable
@dataclass
class ThisDevice:
    here: Here = Here.UNKNOWN


@dataclass
class State:
    """All of it, for one visit. Not observable itself: a component gets the part it shows."""

    session: Session = field(default_factory=Session)
    ui: Ui = field(default_factory=Ui)
    live: Live = field(default_factory=Live)
    way: Way = field(default_factory=Way)
    clock: Clock = field(default_factory=Clock)
    today: Today = field(default_factory=Today)
    history: History = field(default_factory=History)
    inbox: Inbox = field(default_factory=Inbox)
    data: Data = field(default_factory=Data)
    devices: Devices = field(default_factory=Devices)
    money: Money = field(default_factory=Money)
    neighbourhood: Neighbourhood = field(default_factory=Neighbourhood)
    household: Household = field(default_factory=Household)
    device: ThisDevice = field(default_factory=ThisDevice)
    progress: Progress = field(default_factory=Progress)

    def forget_home(self) -> None:
        """Drops everything that belongs to a home, before another home or another person is shown."""
        self.live.reading = None
        self.way.course, self.way.is_read, self.way.freshness = None, False, Freshness.LIVE
        self.way.lease, self.way.refusal = Lease.IDLE, None
        _forget(self.today)
        _forget(self.history)
        _forget(self.inbox)
        _forget(self.data)
        _forget(self.devices)
        _forget(self.money)
        _forget(self.household)

    def forget_person(self) -> None:
        """Drops everything that belongs to a person."""
        self.forget_home()
        self.neighbourhood.forget()
        self.session.person, self.session.homes, self.session.home = None, (), None
        self.session.profile = None
        self.progress.passed = {}
        _forget(self.device)


def _forget(part: object) -> None:
    """Sets every field of a part of the state back to what it begins with."""
    for each in fields(part):  # type: ignore[arg-type]
        setattr(part, each.name, each.default)
