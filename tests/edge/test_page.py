"""The status page: health for anyone in the house, live values of one meter for its code, and nothing for guessing."""

import asyncio
import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sunmeter_edge import hub as edge
from sunmeter_edge.config import Config
from sunmeter_edge.contract import documents
from sunmeter_edge.optional import html
from sunmeter_edge.optional.codes import SESSION_S, TRIES_OF_ADDRESS, TRIES_OF_ALL, WINDOW_S, Doorkeeper, TooMany
from sunmeter_edge.roster import Downlink, Meter
from sunmeter_edge.store import connect
from tests.edge.conftest import CREDENTIAL, HandClock, free_port, make_known, serving
from tests.edge.fakes import FakeMeter, reading

MINE, THEIRS = FakeMeter("m-mine000001"), FakeMeter("m-theirs0001")
CODES = {MINE.meter: "ABCD2345", THEIRS.meter: "WXYZ6789"}
HEALTH: dict[str, Any] = {
    **{"ok": True, "version": "0.1.0", "up_s": 90_000, "cloud": "ok", "is_refused": False},
    **{"waiting": 3, "meters": 2, "silent": 0},
}


@pytest.fixture
async def page(config: Config, clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    """The page of a running hub that has heard two meters, each of another home."""
    told = dataclasses.replace(config, status_page=f"127.0.0.1:{free_port()}")
    make_known(told, MINE, THEIRS)
    with contextlib.closing(connect(told.database)) as connection:
        for meter, code in CODES.items():
            sql = "INSERT INTO downlink VALUES (?, 'home1', 0, NULL, 1, NULL, 0, NULL, 0, '[]', NULL, 0, 0, ?)"
            connection.execute(sql, (meter, documents.page_code_digest(meter, code)))
    async with serving(told, edge.Hub(told, CREDENTIAL, clock)) as lan:
        await lan.send(MINE, *MINE.readings([reading(house_mw=1_234_000, import_mwh=5_000_000)]))
        await lan.send(THEIRS, *THEIRS.readings([reading(house_mw=4_321_000)]))
        async with httpx.AsyncClient(base_url=f"http://{told.status_page}", timeout=10) as client:
            await _answers(client)
            yield client


async def _answers(client: httpx.AsyncClient) -> None:
    for _ in range(200):
        with contextlib.suppress(httpx.TransportError):
            await client.get("/style.css")
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the page does not answer")


async def test_anyone_sees_how_the_hub_is_and_no_value_of_any_meter(page: httpx.AsyncClient) -> None:
    answer = await page.get("/")
    assert answer.status_code == 200
    for word in ("Sunmeter hub", MINE.meter, THEIRS.meter, "heard", "Cloud"):
        assert word in answer.text
    for value in ("1,234", "4,321", "230.1", "kWh", "home1"):
        assert value not in answer.text


async def test_a_code_opens_its_own_meter_and_no_other(page: httpx.AsyncClient) -> None:
    assert (await page.get("/live")).headers["location"] == "/code"
    opened = await page.post("/live", data={"code": "abcd-2345"})
    assert (opened.status_code, opened.headers["location"]) == (303, "/live")
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    shown = (await page.get("/live")).text
    assert "1,234 W" in shown
    assert "5.0 kWh" in shown
    assert MINE.meter in shown
    assert THEIRS.meter not in shown
    assert "4,321" not in shown
    await page.post("/close")
    assert (await page.get("/live")).status_code == 303


async def test_who_guesses_is_stopped_and_what_is_no_form_is_refused(page: httpx.AsyncClient) -> None:
    assert (await page.post("/live", data={"code": "x" * 2_000})).status_code == 400
    assert (await page.post("/live", content=b"\xff\xfe")).status_code == 400
    assert (await page.post("/live", data={"code": "1", "more": "2"})).status_code == 400
    for _ in range(TRIES_OF_ADDRESS):
        assert (await page.post("/live", data={"code": "00000000"})).status_code == 403
    stopped = await page.post("/live", data={"code": CODES[MINE.meter]})
    assert stopped.status_code == 429
    assert "Wait a quarter of an hour" in stopped.text


async def test_no_page_loads_anything_from_elsewhere_or_runs_a_script(page: httpx.AsyncClient) -> None:
    for path in ("/", "/code", "/style.css"):
        answer = await page.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self';")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in answer.text
        assert not re.search(r"""(?:src|href|action|url)\s*[=(]\s*["']?(?:https?:)?//""", answer.text)
        assert "style=" not in answer.text


def doorkeeper(code: str | None = "ABCD2345") -> Doorkeeper:
    digest = documents.page_code_digest(MINE.meter, code) if code else None
    downlink = Downlink("home1", 0, None, 1, None, 0, None, 0, (), page_code=digest)
    return Doorkeeper({MINE.meter: Meter(MINE.meter, MINE.signer, downlink=downlink)})


def test_a_code_may_be_typed_as_people_type() -> None:
    for typed in ("ABCD2345", "abcd-2345", " abcd 2345 "):
        assert doorkeeper().open(typed, "a", 0.0)
    keeper = doorkeeper("A1CD0345")
    assert keeper.open("aIcdO345", "a", 0.0)


def test_a_session_ends_with_its_time_and_with_its_code() -> None:
    keeper = doorkeeper()
    token = keeper.open("ABCD2345", "a", 100.0)
    assert token
    assert keeper.meter(token, 100.0 + SESSION_S - 1) == MINE.meter
    assert keeper.meter(token, 100.0 + SESSION_S) is None
    assert keeper.meter("another", 100.0) is None
    keeper.roster[MINE.meter].downlink = doorkeeper("NEW00000").roster[MINE.meter].downlink
    assert keeper.meter(token, 101.0) is None
    keeper.roster[MINE.meter].downlink = None
    assert keeper.meter(token, 101.0) is None


def test_wrong_codes_are_counted_by_address_and_altogether_and_forgotten_after_a_while() -> None:
    keeper = doorkeeper()
    for number in range(TRIES_OF_ALL):
        assert keeper.open("WRONG000", f"address {number // TRIES_OF_ADDRESS}", 0.0) is None
    with pytest.raises(TooMany):
        keeper.open("ABCD2345", "somebody else", WINDOW_S - 1)
    assert keeper.open("ABCD2345", "somebody else", WINDOW_S + 1)


def test_a_meter_without_a_code_is_opened_by_none() -> None:
    assert doorkeeper(None).open("", "a", 0.0) is None


@pytest.mark.parametrize(
    ("changes", "is_damaged", "sentence"),
    [
        ({}, False, "All is well."),
        ({"cloud": "away"}, False, "The cloud is out of reach. What meters say is kept here and sent later."),
        ({"cloud": "revoked", "is_refused": True}, False, "Enrol it again: sunmeter-edge enroll"),
        ({"silent": 1}, False, "1 of 2 meters cannot be heard."),
        ({}, True, "A damaged database lies aside."),
    ],
)
def test_the_front_page_says_in_one_sentence_how_things_are(
    changes: dict[str, Any], is_damaged: bool, sentence: str
) -> None:
    told = html.front({**HEALTH, **changes}, [Meter(MINE.meter, last_ms=1)], 61_000, 12_345, is_damaged)
    assert sentence in told


def test_the_export_is_shown_as_such_and_a_house_without_pv_shows_no_roof() -> None:
    meter = Meter(MINE.meter)
    told = html.live(meter, (1_000, reading(grid_mw=-350_000, pv_mw=900_000)), 4_000)
    assert "To the grid" in told
    assert "350 W" in told
    assert "Roof" in told
    assert "Roof" not in html.live(meter, (1_000, reading(flags=1)), 4_000)
    assert "No reading yet" in html.live(meter, None, 0)
