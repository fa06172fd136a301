"""The whole app over a recording connection: what a person does, what the screen then says."""

import asyncio

import flet as ft
import flet_charts as fch
import pytest

from sunmeter_app import routes
from sunmeter_app.app import app_for
from sunmeter_app.contract import documents
from sunmeter_app.problems import Problem
from sunmeter_app.strings import EN, SENTENCES
from sunmeter_app.ui import theme

from . import scenes
from .fake_backend import FakeWorld
from .fake_functions import HUB_CODE, METER_LABEL, make_home
from .recording import RecordedApp
from .tabs import SIGNED_IN, Tabs


async def test_a_stranger_is_led_from_any_address_to_the_welcome(tabs: Tabs) -> None:
    tab = await tabs.open(route="/history")
    assert EN["welcome.title"] in tab.texts()


async def test_signing_in_leads_to_the_address_one_came_for(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(route="/alerts")
    await tab.go("/sign-in")
    await tab.type("E-mail address", scenes.EMAIL)
    await tab.type("Password", scenes.PASSWORD)
    await tab.click("Sign in")
    assert "alerts-count" in tab.identifiers()


async def test_a_wrong_password_is_told_with_what_to_do(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(route="/sign-in")
    await tab.type("E-mail address", scenes.EMAIL)
    await tab.type("Password", "not the one")
    await tab.click("Sign in")
    assert tab.words("problem") == EN["problem.invalid_login_credentials"]
    assert "live-grid-w" not in tab.identifiers()


async def test_what_is_typed_fast_is_never_overwritten_by_an_echo(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(route="/sign-in")
    assert await tab.type_fast("E-mail address", scenes.EMAIL) == 0
    assert await tab.type_fast("Password", scenes.PASSWORD) == 0
    await tab.click("Sign in")
    assert "live-grid-w" in tab.identifiers()


async def test_signing_in_shows_the_home_with_exact_figures(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(route="/sign-in")
    await tab.type("E-mail address", scenes.EMAIL)
    await tab.type("Password", scenes.PASSWORD)
    await tab.click("Sign in")
    assert tab.words("live-grid-w") == "Grid: -1.880 kW, exporting"
    assert tab.words("live-pv-w") == "Solar: 3.120 kW, producing"
    assert tab.words("live-house-w") == "House: 1.240 kW, using"
    assert tab.words("live-v") == "Voltage: 231.4 V"
    assert tab.words("live-age") == "Age of the reading: 0 s, Live"
    totals = world.database.documents[documents.day(scenes.HOME, "2026-06-18")]["totals"]
    for name in ("house", "pv", "import", "export"):
        assert f"{totals[f'{name}_wh'] / 1000:.3f} kWh" in tab.words(f"today-{name}-kwh")


async def test_a_remembered_sign_in_opens_the_home_without_a_form(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    assert "live-grid-w" in tab.identifiers()


async def test_a_sign_in_that_has_ended_is_told_and_forgotten(tabs: Tabs) -> None:
    storage = {"sunmeter.sign_in": "refresh-of-nobody"}
    tab = await tabs.open(storage)
    assert tab.words("problem") == EN["problem.signed_out"]
    assert storage == {}


async def test_from_sign_up_to_a_connected_meter(tabs: Tabs, world: FakeWorld) -> None:
    tab = await tabs.open(route="/sign-up")
    await tab.type("E-mail address", "new@example.com")
    await tab.type("Password", "a short sentence")
    await tab.click("Create account")
    assert EN["verify.title"] in tab.texts()
    assert world.identity.mails == [("verify", "new@example.com")]

    await tab.click(EN["verify.do"])
    assert tab.words("problem") == EN["problem.not_verified"]
    world.identity.people["new@example.com"].is_verified = True
    await tab.click(EN["verify.do"])
    assert tab.words("set-up-step") == "Step 1 of 6: Home"

    await tab.type(EN["field.home_name"], "Our house")
    await tab.click(EN["set_up.home_do"])
    await tab.type(EN["field.hub_code"], "WRONG-123")
    await tab.click(EN["set_up.hub_do"])
    assert tab.words("problem") == EN["problem.wrong_code"]
    await tab.type(EN["field.hub_code"], HUB_CODE.lower())
    await tab.click(EN["set_up.hub_do"])
    await tab.type(EN["field.meter_label"], METER_LABEL)
    await tab.click(EN["set_up.meter_do"])
    for place, step in enumerate(("clamps", "tariff", "push"), 4):
        assert tab.words("set-up-step") == f"Step {place} of 6: {EN[f'set_up.step_{step}']}"
        await tab.click(EN["set_up.push_do" if step == "push" else "set_up.later"])
    assert tab.words("set-up-done") == EN["set_up.done"]


async def test_a_second_person_sees_nothing_of_the_first_even_in_the_same_tab(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.identity.add("other@example.com", "another sentence")
    storage = dict(SIGNED_IN)
    tab = await tabs.open(storage)
    await tab.go("/account")
    await tab.click(EN["account.sign_out"])
    assert storage == {}
    assert world.database.watching == []
    assert all(source.is_closed for source in world.sources)

    await tab.go("/sign-in")
    await tab.type("E-mail address", "other@example.com")
    await tab.type("Password", "another sentence")
    await tab.click("Sign in")
    assert tab.words("set-up-step") == "Step 1 of 6: Home"
    assert not any("Maple Street" in text for text in tab.texts())
    assert not tab.identifiers() & {"live-grid-w", "today-house-kwh", "alerts-count"}


async def test_every_label_of_a_charts_axis_is_one_that_flutter_draws(tabs: Tabs, world: FakeWorld) -> None:
    """It draws those that fall on the axis's spacing; left to itself it chooses one that misses them."""
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), width=390)
    charts = [control for control in tab.controls() if isinstance(control, fch.LineChart)]
    assert len(charts) == 2
    for chart in charts:
        for axis in (chart.left_axis, chart.bottom_axis):
            assert axis.label_spacing
            assert [label.value for label in axis.labels if label.value % axis.label_spacing] == []
            assert len(axis.labels) >= 4


async def test_charts_say_their_unit_and_what_is_expected_of_whom(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    assert {EN["chart.house_ahead"], EN["chart.solar_ahead"]} <= set(tab.texts())
    await tab.go("/history")
    assert EN["today.unit"] in tab.texts()


async def test_the_hubs_command_stands_on_a_line_of_its_own_to_be_copied(tabs: Tabs, world: FakeWorld) -> None:
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put(f"homes/{scenes.HOME}", make_home(person.uid, hub=None, meter=None))
    tab = await tabs.open(dict(SIGNED_IN), route="/set-up")
    (command,) = [text for text in tab.controls() if isinstance(text, ft.Text) and text.value == "sunmeter-edge enroll"]
    assert command.selectable
    assert command.font_family == theme.MONOSPACE


async def test_an_alert_of_yesterday_reads_as_a_sentence(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    assert "From yesterday 15:24 to 15:38, 14 min." in tab.words("alert-m-0123456789-77-2210")


def test_the_scenes_agree_with_themselves(world: FakeWorld) -> None:
    """A day has one total wherever it is shown, and an alert that goes on is about what the curve shows."""
    scenes.furnished(world)
    found = world.database.documents
    month = found[documents.month(scenes.HOME, "2026-06")]["days"]
    for day in ("17", "18"):
        assert month[day]["house_wh"] == found[documents.day(scenes.HOME, f"2026-06-{day}")]["totals"]["house_wh"]
    alerts = [fields for path, fields in found.items() if "/alerts/" in path]
    goes_on = [alert for alert in alerts if alert["end_ms"] is None]
    assert [alert["channel"] for alert in goes_on] == ["house_min_3h"]
    assert goes_on[0]["usual_hi"] < goes_on[0]["value"] < scenes.live_document()["house_w"]


async def test_history_walks_day_by_day_and_names_the_gaps(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    assert tab.words("history-day") == "Day shown: 2026-06-18"
    await tab.click(EN["history.previous_day"])
    assert tab.words("history-day") == "Day shown: 2026-06-17"
    totals = world.database.documents[documents.day(scenes.HOME, "2026-06-17")]["totals"]
    assert tab.words("history-house-kwh") == f"House used: {totals['house_wh'] / 1000:.3f} kWh"
    assert "03:15–04:45" in tab.texts()
    assert "Missing · power cut at the house" in tab.texts()
    await tab.click(EN["history.previous_day"])
    assert EN["history.no_data"] in tab.texts()


async def test_history_of_a_month_sums_its_days(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    choice = next(c for c in tab.controls() if type(c).__name__ == "SegmentedButton")
    tab.session.apply_patch(choice._i, {"selected": ["month"]})
    await tab.fire(choice, "change", ["month"])
    days = world.database.documents[documents.month(scenes.HOME, "2026-06")]["days"]
    total_kwh = sum(day["pv_wh"] for day in days.values()) / 1000
    assert tab.words("history-day") == "Month shown: 2026-06"
    assert tab.words("history-pv-kwh").startswith(f"Solar produced: {total_kwh:.3f} kWh")
    assert "No data on 9 Jun." in tab.texts()
    assert EN["history.energy_unit"] in tab.texts()


async def test_alerts_say_quantity_value_and_usual_range_and_take_a_rating(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    assert tab.words("alerts-count") == "Alerts: 3, going on: 1"
    said = tab.words("alert-m-0123456789-77-4021")
    assert "Lowest power of the last 3 hours 519 W, usually 180 W to 390 W." in said
    assert "Since 12:48, going on." in said
    chips = [c for c in tab.controls() if type(c).__name__ == "Chip"]
    await tab.fire(chips[0], "select", True)
    assert world.functions.calls[-1] == (
        "ratealert",
        {"home": scenes.HOME, "alert": "m-0123456789-77-4021", "rating": "real"},
    )
    assert "Rated real." in tab.words("alert-m-0123456789-77-4021")


async def test_an_alert_that_arrives_stands_on_the_screen_at_once(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    world.database.put(
        documents.alert(scenes.HOME, "m-0123456789-78-1"),
        scenes.alert_document("interruption", "none", "", 0, None, None, scenes.NOW, None),
    )
    await tab.settle()
    assert tab.words("alert-m-0123456789-78-1").startswith("Power was interrupted. The mains voltage was gone.")
    assert tab.words("alerts-count") == "Alerts: 4, going on: 2"


async def test_old_readings_are_called_stale_and_say_why(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.put(documents.live(scenes.HOME), scenes.live_document(scenes.NOW_S - 340))
    tab = await tabs.open(dict(SIGNED_IN))
    assert tab.words("live-age") == "Age of the reading: 340 s, Stale"
    assert EN["live.stale_why"] in tab.texts()


async def test_a_refused_lease_is_told_and_the_figures_go_on(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.functions.lease_problem = Problem("live_used_up", "home", "The server's words.")
    world.database.put(documents.live(scenes.HOME), scenes.live_document(scenes.NOW_S - 340))
    tab = await tabs.open(dict(SIGNED_IN))
    told = EN["live.refused"].format(reason=EN["problem.live_used_up"])
    assert told in tab.texts()
    assert EN["live.stale_why"] not in tab.texts()  # nothing is broken: nothing new was asked for
    assert "today-house-kwh" in tab.identifiers()


async def test_a_lease_refused_for_a_reason_this_version_does_not_know_says_the_servers_words(
    tabs: Tabs, world: FakeWorld
) -> None:
    scenes.furnished(world)
    for problem, told in (
        (Problem("new_rule", "home", "The grid is asleep."), "The grid is asleep."),
        (Problem("new_rule"), EN["problem.unknown"].format(code="new_rule")),
    ):
        world.functions.lease_problem = problem
        tab = await tabs.open(dict(SIGNED_IN))
        assert EN["live.refused"].format(reason=told) in tab.texts()


async def test_a_home_without_a_hub_says_what_to_do_first(tabs: Tabs, world: FakeWorld) -> None:
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put("homes/home-1", make_home(person.uid, hub=None, meter=None))
    tab = await tabs.open(dict(SIGNED_IN))
    assert EN["home.no_hub"] in tab.texts()
    assert "lease" not in world.functions.names()


async def test_a_live_number_costs_a_few_bytes_not_a_page(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    before = tab.connection.bytes_sent
    world.database.put(documents.live(scenes.HOME), scenes.live_document(house_w=1251, grid_w=-1869))
    await tab.settle()
    assert tab.words("live-house-w") == "House: 1.251 kW, using"
    assert tab.connection.bytes_sent - before < 2000


async def test_leaving_the_page_gives_up_the_lease_and_every_listener(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    assert documents.live(scenes.HOME) in world.database.watching
    await tab.session.disconnect(300)
    await tab.settle()
    assert world.database.watching == []


async def test_the_live_listener_runs_only_while_home_is_on_the_screen(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    await tab.go("/alerts")
    assert documents.live(scenes.HOME) not in world.database.watching
    await tab.go("/")
    assert documents.live(scenes.HOME) in world.database.watching
    assert world.functions.names().count("lease") == 2


@pytest.mark.parametrize("width", [390, 900, 1280])
async def test_every_screen_is_drawn_at_every_width(tabs: Tabs, world: FakeWorld, width: float) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), width=width)
    for route in (*routes.TABS, *routes.BELOW, routes.SET_UP, "/join/home-2/code"):
        await tab.go(route)
        assert EN["broken"] not in tab.texts(), route
        assert tab.texts(), route


async def test_fifty_visits_at_once_keep_to_themselves(tabs: Tabs, world: FakeWorld) -> None:
    for index in range(50):
        person = world.identity.add(f"p{index}@example.com", "a short sentence")
        world.database.put(f"homes/h{index}", make_home(person.uid, name=f"House {index}"))
    opened = [await tabs.open({"sunmeter.sign_in": f"refresh-uid-{index + 1}"}) for index in range(50)]
    await asyncio.sleep(0)
    for index, tab in enumerate(opened):
        assert [text for text in tab.texts() if text.startswith("House ") and text[6:].isdigit()] == [f"House {index}"]


async def test_each_other_home_has_a_way_in_of_its_own_name(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    for number in (2, 3):
        world.database.put(f"homes/home-{number}", make_home(person.uid, name=f"House {number}"))
    tab = await tabs.open(dict(SIGNED_IN), route="/account")
    rows = [c for c in tab.controls() if isinstance(c, ft.Semantics) and isinstance(c.content, ft.TextButton)]
    assert [row.label for row in rows] == ["House 3:", "Maple Street 12:"]


async def test_the_theme_is_chosen_and_remembered(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    storage = dict(SIGNED_IN)
    tab = await tabs.open(storage, route="/account")
    await tab.choose("dark")
    assert tab.page.theme_mode is ft.ThemeMode.DARK
    assert storage["sunmeter.theme"] == "dark"


async def test_a_browser_that_refuses_to_keep_anything_is_one_to_sign_in_at(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    tab = RecordedApp()
    tab.connection.storage_error = "The operation is insecure."
    await tab.start(app_for(world.backend, tab.connection.bridge, moves=False, now_s=world.now_s))
    assert EN["welcome.title"] in tab.texts()
    assert tab.connection.crashes == []
    assert {record.getMessage() for record in caplog.records} == {"browser storage"}
    caplog.clear()
    await tab.stop()


@pytest.mark.parametrize(("language", "reference"), [("en", "Reference 1a2b3c4d"), ("fr", "Référence 1a2b3c4d")])
async def test_an_error_that_came_from_the_cloud_shows_by_which_reference_it_is_found(
    tabs: Tabs, world: FakeWorld, language: str, reference: str
) -> None:
    scenes.furnished(world)
    said = SENTENCES[language]
    world.functions.problems["exportstart"] = Problem("busy", request="1a2b3c4d5e6f7788")
    tab = await tabs.open({**SIGNED_IN, "sunmeter.language": language}, route="/account/data", width=400)
    await tab.click(said["data.export_do"])
    assert tab.words("problem") == f"{said['problem.busy']} {reference}"
    assert reference in tab.texts()  # on a line of its own
    world.functions.problems["exportstart"] = Problem("unreachable")  # nothing came there, and nothing is to be found
    await tab.click(said["data.export_do"])
    assert tab.words("problem") == said["problem.unreachable"]


IN_CARD_PX, SEGMENT_PADDING_PX = 318, 24  # of a phone 390 px wide


@pytest.mark.parametrize("route", ["/money/tariff", "/members", "/account", "/account/data", "/history", "/area"])
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_what_is_chosen_from_fits_a_phone(tabs: Tabs, world: FakeWorld, route: str, language: str) -> None:
    scenes.operated(world)
    tab = await tabs.open({**SIGNED_IN, "sunmeter.language": language}, route=route, width=390)
    choices = [each for each in tab.controls() if isinstance(each, ft.SegmentedButton)]
    assert choices
    for choice in choices:
        assert isinstance(choice.style, ft.ButtonStyle)
        padding_px = SEGMENT_PADDING_PX if choice.style.padding is None else 0
        widths = [segment.label.width + padding_px for segment in choice.segments]  # type: ignore[union-attr]
        assert sum(widths) <= IN_CARD_PX, [segment.value for segment in choice.segments]
