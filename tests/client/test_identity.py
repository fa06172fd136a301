"""Accounts and callables over HTTP: what is asked, and what becomes of each answer."""

import json
from collections.abc import Callable

import httpx
import pytest

from sunmeter import log
from sunmeter_app.contract import listen
from sunmeter_app.data.backend import Backend
from sunmeter_app.data.functions import REQUEST, HttpFunctions
from sunmeter_app.data.identity import Account, RestIdentity, Tokens
from sunmeter_app.data.listen import _for_the_contract
from sunmeter_app.data.over_httpx import OverHttpx
from sunmeter_app.data.source import Denied
from sunmeter_app.problems import Problem
from sunmeter_app.state import Session
from sunmeter_app.verbs.signing_in import KEPT_SIGN_IN, SigningIn

from .conftest import Clock
from .fake_backend import FakeBrowser, FakeIdentity, FakePerson, make_id_token

LEA = FakePerson("uid-1", "lea@example.com", "a short sentence", is_verified=True)
Answer = Callable[[httpx.Request], httpx.Response]


def http_that(answer: Answer) -> OverHttpx:
    return OverHttpx(httpx.AsyncClient(transport=httpx.MockTransport(answer)))


def identity_that(answer: Answer) -> RestIdentity:
    return RestIdentity(http_that(answer), "key", "http://identity/v1", "http://tokens/v1")


def functions_that(answer: Answer) -> HttpFunctions:
    return HttpFunctions(http_that(answer), "http://functions")


def refused(message: str) -> Answer:
    return lambda request: httpx.Response(400, json={"error": {"code": 400, "message": message}})


async def test_signing_in_reads_who_it_is_from_the_token() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"idToken": make_id_token(LEA, 5000), "refreshToken": "r"})

    tokens = await identity_that(answer).sign_in("lea@example.com", "secret")
    assert (tokens.uid, tokens.email, tokens.is_verified, tokens.lasts_s) == ("uid-1", "lea@example.com", True, 3600)
    assert str(asked[0].url) == "http://identity/v1/accounts:signInWithPassword?key=key"
    assert json.loads(asked[0].content)["returnSecureToken"] is True


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("INVALID_LOGIN_CREDENTIALS", "invalid_login_credentials"),
        ("WEAK_PASSWORD : Password should be at least 6 characters", "weak_password"),
        ("TOO_MANY_ATTEMPTS_TRY_LATER : Access is disabled", "too_many_attempts_try_later"),
    ],
)
async def test_an_error_of_the_service_becomes_its_code(message: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        await identity_that(refused(message)).sign_in("a@b.c", "x")
    assert caught.value.code == code


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"", b"[]", b'{"error": null}'])
async def test_an_answer_that_makes_no_sense_is_a_problem_not_a_crash(body: bytes) -> None:
    identity = identity_that(lambda request: httpx.Response(404, content=body))
    with pytest.raises(Problem) as caught:
        await identity.sign_in("a@b.c", "x")
    assert caught.value.code == "unknown"


async def test_a_service_out_of_reach_says_so() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    with pytest.raises(Problem) as caught:
        await identity_that(answer).sign_in("a@b.c", "x")
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_service_that_cannot_answer_now_is_out_of_reach_and_ends_no_sign_in(status: int, clock: Clock) -> None:
    error = {"code": status, "message": "INTERNAL_ERROR", "status": "INTERNAL"}
    identity = identity_that(lambda request: httpx.Response(status, json={"error": error}))
    account = Account(identity, Tokens("uid-1", LEA.email, True, "t", "r", lasts_s=0), clock)
    with pytest.raises(OSError, match="out of reach"):
        await account.token(0)
    session, browser = Session(), FakeBrowser(**{KEPT_SIGN_IN: "r"})
    backend = Backend(identity, functions_that(refused("")), lambda token: pytest.fail("signed in"))
    assert not await SigningIn(backend, session, browser, lambda is_verified: None, clock).resume()
    assert (session.notice, browser.kept) == ("unreachable", {KEPT_SIGN_IN: "r"})


async def test_whether_an_address_has_an_account_is_not_told_to_who_asks_for_a_reset() -> None:
    await identity_that(refused("EMAIL_NOT_FOUND")).send_reset("nobody@example.com")
    with pytest.raises(Problem):
        await identity_that(refused("INVALID_EMAIL")).send_reset("nobody")


# --- the token and its renewal ---------------------------------------------------------------------------------------


@pytest.fixture
def identity(clock: Clock) -> FakeIdentity:
    return FakeIdentity(clock)


async def an_account(identity: FakeIdentity, clock: Clock) -> Account:
    identity.add(LEA.email, LEA.password)
    return Account(identity, await identity.sign_in(LEA.email, LEA.password), clock)


async def test_a_token_is_used_until_it_nears_its_end_and_then_renewed_once(
    identity: FakeIdentity, clock: Clock
) -> None:
    account = await an_account(identity, clock)
    clock.now_s += 3600 - 121
    await account.token(0)
    assert identity.refreshes == 0
    clock.now_s += 2
    before = account.tokens.id_token
    await account.token(0)
    await account.token(0)
    assert identity.refreshes == 1
    assert account.tokens.id_token != before


@pytest.mark.parametrize("wrong_s", [-86_400, 0, 86_400])
async def test_a_token_lasts_as_long_on_a_device_whose_clock_is_wrong(
    identity: FakeIdentity, clock: Clock, wrong_s: int
) -> None:
    device = Clock(clock.now_s + wrong_s)
    account = await an_account(identity, device)
    for passed_s, refreshes in ((3600 - 121, 0), (2, 1), (3600 - 121, 1), (2, 2)):
        clock.now_s += passed_s
        device.now_s += passed_s
        await account.token(0)
        assert identity.refreshes == refreshes


async def test_the_token_of_a_listener_outlasts_it(identity: FakeIdentity, clock: Clock) -> None:
    account = await an_account(identity, clock)
    token = _for_the_contract(account.token)
    await token()
    assert identity.refreshes == 0
    clock.now_s += 3600 - listen.REOPEN_S
    await account.token(0)
    assert identity.refreshes == 0
    await token()
    assert identity.refreshes == 1


async def test_an_account_that_is_no_more_is_denied(identity: FakeIdentity, clock: Clock) -> None:
    account = await an_account(identity, clock)
    identity.people.clear()
    clock.now_s += 3600
    with pytest.raises(Denied):
        await account.token(0)


async def test_offline_is_not_the_end_of_a_sign_in(identity: FakeIdentity, clock: Clock) -> None:
    account = await an_account(identity, clock)
    identity.is_reachable = False
    clock.now_s += 3600
    with pytest.raises(OSError, match="out of reach"):
        await account.token(0)
    identity.is_reachable = True
    assert await account.token(0)


def test_a_token_without_an_address_is_read_all_the_same() -> None:
    nameless = FakePerson("uid-2", "", "")
    tokens = Tokens("uid-2", "", False, make_id_token(nameless, 1), "r", 1)
    assert not tokens.is_verified


# --- callables -------------------------------------------------------------------------------------------------------


async def test_a_callable_is_asked_in_firebases_protocol_with_the_persons_token() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"result": {"home": "h1"}})

    assert await functions_that(answer).call("createhome", {"name": "x"}, "token") == {"home": "h1"}
    assert str(asked[0].url) == "http://functions/createhome"
    assert asked[0].headers["Authorization"] == "Bearer token"
    assert json.loads(asked[0].content) == {"data": {"name": "x"}}


async def test_a_callables_refusal_keeps_code_field_and_sentence() -> None:
    details = {"code": "wrong_code", "field": "user_code"}
    error = {"status": "NOT_FOUND", "message": "This code is not known.", "details": details}
    functions = functions_that(lambda request: httpx.Response(404, json={"error": error}))
    with pytest.raises(Problem) as caught:
        await functions.call("enrolapprove", {}, "token")
    problem = caught.value
    assert (problem.code, problem.field, problem.sentence) == ("wrong_code", "user_code", "This code is not known.")


@pytest.mark.parametrize("body", [b"", b"oops", b'{"error": "text"}', b'{"error": {"details": 7}}'])
async def test_a_broken_callable_is_a_problem_not_a_crash(body: bytes) -> None:
    functions = functions_that(lambda request: httpx.Response(500, content=body))
    with pytest.raises(Problem):
        await functions.call("lease", {}, "token")


async def test_each_call_has_a_name_of_its_own_and_its_error_carries_it() -> None:
    named: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        named.append(request.headers[REQUEST])
        if len(named) == 1:
            return httpx.Response(503, content=b"<html>bad gateway</html>")
        if len(named) == 2:
            raise httpx.ReadTimeout("slow", request=request)
        raise httpx.ConnectError("no route", request=request)

    functions, told = functions_that(answer), []
    for _ in range(3):
        with pytest.raises(Problem) as caught:
            await functions.call("createhome", {}, "token")
        told.append((caught.value.code, caught.value.request))
    assert told == [("unknown", named[0]), ("unreachable", named[1]), ("unreachable", "")]  # the last never came there
    assert len(set(named)) == 3
    assert REQUEST == log.HEADER  # the cloud's log takes it under this name
    assert all(log._NAME.fullmatch(name) for name in named)
