"""A home's data out and in, and how homes and accounts go."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sunmeter.domain import imports
from sunmeter_app.app import MOST_FILE_BYTES, TOO_LARGE
from sunmeter_app.model import transfer
from sunmeter_app.model.profile import profile_from
from sunmeter_app.model.transfer import LineError
from sunmeter_app.problems import Problem
from sunmeter_app.serve import ASSETS
from sunmeter_app.state import Phase
from sunmeter_app.strings import EN, FR
from sunmeter_app.visit import Visit

from . import scenes
from .fake_backend import FakeBrowser, FakeWorld
from .tabs import SIGNED_IN, Tabs

JOB = f"homes/{scenes.HOME}/jobs/import-1"


@pytest.mark.parametrize("chars", [1, 5, 6, 11, 100])
def test_a_file_is_sent_in_whole_lines_and_nothing_of_it_is_lost(chars: int) -> None:
    text = "a,b\n1,2\n\nlonger than a piece\n3,4"
    pieces = list(transfer.pieces(text, chars))
    assert "".join(pieces) == text
    assert all(piece.endswith("\n") for piece in pieces[:-1])
    assert all(len(piece) <= max(chars, len("longer than a piece\n")) for piece in pieces)


def test_a_spreadsheets_encoding_is_read_and_an_empty_file_refused() -> None:
    assert transfer.text_of("\ufeffé".encode()) == "é"
    assert transfer.text_of("é,1".encode("cp1252")) == "é,1"
    with pytest.raises(Problem, match="not_understood:file"):
        transfer.text_of(b" \n")


def test_a_profile_that_is_written_back_holds_nothing_that_the_rules_refuse() -> None:
    profile = profile_from({"name": "Lea", "locale": "en", "secret": 1, "mutes": {"sag": None, "unknown": None}})
    assert profile.with_(locale="fr") == {"name": "Lea", "locale": "fr", "mutes": {"sag": None, "unknown": None}}
    assert profile.is_muted("sag", 0)
    assert not profile.is_muted("swell", 0)


@pytest.fixture
def browser() -> FakeBrowser:
    return FakeBrowser(**SIGNED_IN)


@pytest.fixture
async def visit(world: FakeWorld, browser: FakeBrowser) -> AsyncIterator[Visit]:
    """A visit to a furnished home, on the screen of its data."""
    scenes.furnished(world)
    opened = Visit(world.backend, browser, lambda route: None, world.now_s)
    await opened.start("/account/data")
    await _settle()
    yield opened
    await opened.close()


async def _settle() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


async def test_an_export_is_put_together_in_the_order_of_its_pages(visit: Visit, browser: FakeBrowser) -> None:
    await visit.belongings.export("csv", 2026)
    assert browser.saved == {"Maple 2026.csv": "".join(f"page {n}\n" for n in range(1, 13)).encode()}
    assert visit.state.data.export == transfer.Export("Maple 2026.csv", 12, 12, is_done=True)


async def test_an_import_is_previewed_and_nothing_is_stored_before_it_is_asked_for(
    visit: Visit, browser: FakeBrowser, world: FakeWorld
) -> None:
    browser.file = ("meter.csv", b"time,import_kwh\n" + b"2026-05-01T00:00Z,1\n" * 40_000)
    await visit.belongings.offer_file()
    await _settle()
    job = visit.state.data.incoming
    assert job is not None
    assert (job.state, job.quarters, job.errors) == (
        "ready",
        96,
        (LineError(7, "import_kwh", "malformed_number", "n/a"),),
    )
    pieces = [asked for name, asked in world.functions.calls if name == "importpiece"]
    assert [piece["last"] for piece in pieces] == [False, True]
    assert "importapply" not in world.functions.names()
    assert visit.state.data.sending is None


async def test_a_file_that_nobody_understands_leaves_nothing_behind(visit: Visit, browser: FakeBrowser) -> None:
    browser.file = ("poem.txt", b"no columns here")
    with pytest.raises(Problem, match="not_understood"):
        await visit.belongings.offer_file()
    assert visit.state.data.incoming is None


async def test_an_account_goes_only_with_its_password_and_leaves_the_browser_empty(
    visit: Visit, browser: FakeBrowser, world: FakeWorld
) -> None:
    with pytest.raises(Problem, match="invalid_login_credentials"):
        await visit.belongings.delete_account(scenes.EMAIL, "wrong", {scenes.HOME: "delete"})
    assert "deleteaccount" not in world.functions.names()
    fates = {scenes.HOME: "delete", "other": "uid-7"}
    await visit.belongings.delete_account(scenes.EMAIL, scenes.PASSWORD, fates)
    asked = {"email": scenes.EMAIL, "homes": {scenes.HOME: "delete", "other": {"pass_to": "uid-7"}}}
    assert world.functions.calls[-1] == ("deleteaccount", asked)
    assert visit.state.session.phase is Phase.SIGNED_OUT
    assert visit.state.session.profile is None
    assert "sunmeter.sign_in" not in browser.kept


async def test_a_file_too_large_for_one_message_is_refused_before_anything_is_sent(
    tabs: Tabs, world: FakeWorld
) -> None:
    scenes.furnished(world)
    for content in (TOO_LARGE, b"x" * (MOST_FILE_BYTES + 1)):
        tab = await tabs.open(dict(SIGNED_IN), route="/account/data", file=("years.csv", content))
        await tab.click(EN["data.import_pick"])
        assert tab.words("problem") == EN["problem.file_too_large"]
    assert "importstart" not in world.functions.names()


def test_the_page_knows_the_same_limit_and_the_same_words() -> None:
    script = (ASSETS / "js" / "files.js").read_text()
    assert f"MOST_BYTES = {MOST_FILE_BYTES};" in script
    assert f'TOO_LARGE = "{TOO_LARGE.decode().replace(chr(0), chr(92) + "0")}";' in script
    assert "js/files.js" in (ASSETS / "index.html").read_text()
    assert f"{MOST_FILE_BYTES // 1_000_000} MB" in EN["problem.file_too_large"]


# --- on the screen ---------------------------------------------------------------------------------------------------


async def test_the_screen_shows_preview_progress_and_outcome_of_an_import(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.functions._importstart(person, scenes.HOME, "meter.csv", "time,import_kwh")
    world.functions._importpiece(person, scenes.HOME, "import-1", 0, "", True)
    tab = await tabs.open(dict(SIGNED_IN), route="/account/data")
    assert "Line 7 · import_kwh: “n/a” is no number" in tab.words("import-errors")
    assert "8.20 kWh" in tab.texts()
    await tab.click(EN["data.bring_in"])
    assert tab.words("import-progress") == "Being brought in: 0 of 1 months"
    world.database.change(JOB, state="done", applied=["2026-05"], stored=90, kept=6)
    await tab.settle()
    assert tab.words("import-done").startswith("meter.csv: 90 quarters of an hour are in; 6 were known")


async def test_a_preview_is_forgotten_when_it_is_not_wanted(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.functions._importstart(person, scenes.HOME, "meter.csv", "time,import_kwh")
    tab = await tabs.open(dict(SIGNED_IN), route="/account/data")
    assert EN["data.unfinished"] in tab.texts()
    await tab.click(EN["data.drop"])
    assert JOB not in world.database.documents
    assert "meter.csv" not in tab.texts()


async def test_a_home_goes_only_when_its_name_is_typed(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/account/delete")
    await tab.type(EN["delete.home_name"], "Maple")
    await tab.click(EN["delete.home_do"])
    assert tab.words("problem") == EN["problem.name_differs"]
    await tab.type(EN["delete.home_name"], "Maple Street 12")
    await tab.click(EN["delete.home_do"])
    assert tab.words("set-up-step") == "Step 1 of 6: Home"


async def test_an_account_says_to_whom_its_home_passes(tabs: Tabs, world: FakeWorld) -> None:
    person, heir = scenes.furnished(world), world.identity.add("max@example.com", "another sentence")
    roles = {person.uid: "owner", heir.uid: "viewer"}
    world.database.change(f"homes/{scenes.HOME}", roles=roles, member_uids=sorted(roles))
    tab = await tabs.open(dict(SIGNED_IN), route="/account/delete")
    await tab.select("What becomes of Maple Street 12", heir.uid)
    await tab.type(EN["field.email"], scenes.EMAIL)
    await tab.type(EN["field.password"], scenes.PASSWORD)
    await tab.click(EN["delete.account_do"])
    assert world.functions.calls[-1][1]["homes"] == {scenes.HOME: {"pass_to": heir.uid}}
    assert tab.words("done") == EN["done.account_deleted"]
    assert "problem" not in tab.identifiers()


async def test_another_language_is_spoken_at_once_and_kept_for_notifications(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    storage = dict(SIGNED_IN)
    tab = await tabs.open(storage, route="/account")
    await tab.choose("fr")
    assert FR["account.sign_out"] in [getattr(each, "content", None) for each in tab.controls()]
    assert storage["sunmeter.language"] == "fr"
    assert world.database.documents["users/uid-1"] == {"locale": "fr"}
    await tab.go("/history")
    assert "jeu. 18 juin 2026" in tab.texts()


async def test_a_browser_that_speaks_french_is_answered_in_french(tabs: Tabs) -> None:
    tab = await tabs.open({"sunmeter.browser_language": "fr-CA"})
    assert FR["welcome.title"] in tab.texts()


async def test_a_file_that_does_not_say_what_it_holds_is_asked_about(
    visit: Visit, browser: FakeBrowser, world: FakeWorld
) -> None:
    browser.file = ("heating.csv", b"when,a,b\n2026-05-01T00:00Z,1,2\n")
    await visit.belongings.offer_file()
    draft = visit.state.data.asking
    assert draft is not None
    assert draft.columns == ("when", "a", "b")
    with pytest.raises(Problem, match="which_columns"):
        await visit.belongings.send_as_told(draft)
    draft.quantities[2], draft.measures[2] = "pv", "power-W"
    await visit.belongings.send_as_told(draft)
    asked = next(asked for name, asked in reversed(world.functions.calls) if name == "importstart")
    assert asked["options"] == {"columns": {"2": {"quantity": "pv", "kind": "power", "unit": "W"}}}
    await _settle()
    assert visit.state.data.asking is None
    assert visit.state.data.incoming is not None


async def test_the_screen_asks_what_the_columns_hold(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(
        dict(SIGNED_IN), route="/account/data", file=("heating.csv", b"when,a\n2026-05-01T00:00Z,1\n")
    )
    await tab.click(EN["data.import_pick"])
    assert tab.words("columns") == EN["data.columns_why"]
    await tab.click(EN["data.columns_send"])
    assert tab.words("problem") == EN["problem.which_columns"]
    await tab.select("Column a", "export")
    await tab.select("a is", "counter-Wh")
    await tab.click(EN["data.columns_send"])
    options = next(asked["options"] for name, asked in reversed(world.functions.calls) if name == "importstart")
    assert options == {"columns": {"1": {"quantity": "export", "kind": "counter", "unit": "Wh"}}}
    assert "8.20 kWh" in tab.texts()


async def test_who_has_no_home_can_delete_the_account_all_the_same(tabs: Tabs, world: FakeWorld) -> None:
    world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    tab = await tabs.open(dict(SIGNED_IN), width=400)
    await tab.click(EN["delete.account"])
    assert EN["delete.home_do"] not in tab.texts()
    await tab.type(EN["field.email"], scenes.EMAIL)
    await tab.type(EN["field.password"], scenes.PASSWORD)
    await tab.click(EN["delete.account_do"])
    assert world.functions.calls[-1] == ("deleteaccount", {"email": scenes.EMAIL, "homes": {}})
    assert EN["done.account_deleted"] in tab.texts()


def test_every_fault_that_the_cloud_finds_in_a_file_has_words() -> None:
    folder = Path(imports.__file__).parent
    sources = "".join((folder / f"{name}.py").read_text() for name in ("cells", "reader"))
    named = {f"data.error_{code}" for code in re.findall(r'(?:CellError|_fault)\(.*"(\w+)"\)', sources)}
    assert len(named) == 10
    assert named == {key for key in EN if key.startswith("data.error_")}
