"""Two instances of the app behind one address: the one that a tab is at dies, and the tab goes on at the other."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect

from dev.actors import PASSWORD, Person, Place
from dev.neighbourhood import app_environment
from dev.paths import VENV_PYTHON
from dev.ports import answers
from dev.processes import Processes, wait_until
from dev.stack import Stack
from sunmeter_app.strings import FR

from .driver import SESSION, App
from .relay import relayed
from .screens import SETTLE_MS, SETTLE_TRIES
from .serving import free_port
from .test_journey import sign_in

pytestmark = [pytest.mark.stack, pytest.mark.browser]
OpenTab = Callable[..., App]
GROUND: FloatRect = {"x": 2, "y": 760, "width": 8, "height": 8}  # below the rail's tabs


class Instances:
    """Processes of the app over one backend, behind one address; each knows nothing of the others."""

    def __init__(self, stack: Stack, processes: Processes):
        self._stack = stack
        self._processes = processes

    def started(self, name: str) -> tuple[int, Callable[[], None]]:
        """Its port, and its death."""
        port = free_port()
        command: list[str | Path] = [VENV_PYTHON, "-m", "sunmeter_app", "--port", str(port)]
        program = self._processes.start(name, command, environment=app_environment(self._stack))
        wait_until(lambda: answers(port), f"{name} answers", program=program)
        return port, lambda: self._processes.kill_program(program)


@pytest.fixture
def instances(stack: Stack) -> Iterator[Instances]:
    with Processes(stack.folder / "logs") as processes:
        yield Instances(stack, processes)


def test_a_tab_whose_instance_dies_goes_on_where_it_was_at_another(
    stack: Stack, instances: Instances, open_tab: OpenTab
) -> None:
    (first, die), (second, _) = instances.started("app-one"), instances.started("app-two")
    person = Person.joined(Place.of(stack), "lea@example.org", PASSWORD)
    for name in ("Maple Street 12", "Seaside 3"):
        person.new_home(name)
    with relayed(first) as relay:
        app = open_tab(f"{relay.address}/sign-in")
        sign_in(app, person)
        light = painted(app)
        week = leafs_back(app)
        dark = painted(app)
        assert dark != light
        session = app.page.evaluate(SESSION)
        die()
        relay.cut(second)
        app.page.wait_for_function(f"session => {SESSION} !== session", arg=session)
        app.sees(week)
        app.sees("Seaside 3")
        app.does_not_see("Maple Street 12")
        app.tab(FR["nav.account"])
        app.sees(re.compile(person.email))
        assert painted(app) == dark


def leafs_back(app: App) -> str:
    """Chooses the second home, dark, French, and the week before; what the screen then says of it."""
    app.tab("Account")
    app.sees("Seaside 3")
    app.click(re.compile("^Seaside 3: Open"))
    app.shows("Maple Street 12: Open")
    app.click("Dark")
    app.click("Français")
    app.sees(FR["account.sign_out"])
    app.tab(FR["nav.history"])
    app.click(FR["history.week"])
    app.click(FR["history.previous_week"])
    app.page.wait_for_url(re.compile(r"/history\?week="))
    return app.words("history-day")


def painted(app: App) -> bytes:
    """A picture of the app's ground, once it stays the same: what is painted lags behind what is said."""
    pictures = [b""]
    for _ in range(SETTLE_TRIES):
        pictures.append(app.page.screenshot(clip=GROUND))
        if pictures[-1] == pictures[-2]:
            return pictures[-1]
        app.page.wait_for_timeout(SETTLE_MS)
    raise AssertionError("the screen does not come to rest")
