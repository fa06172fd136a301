"""How much anybody may send before it is known who they are."""

import gzip
import json
from typing import Any

import pytest
from firebase_functions.https_fn import CallableRequest
from flask import Request
from werkzeug.test import EnvironBuilder

from sunmeter import web
from sunmeter.domain.refusals import Refused


def posted(body: bytes, is_told: bool = True) -> Request:
    """is_told: whether it says how long it is."""
    environ: dict[str, Any] = EnvironBuilder(method="POST", data=body, content_type="application/json").get_environ()
    if not is_told:
        del environ["CONTENT_LENGTH"]
        environ.update({"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"})
    return Request(environ)


def long(characters: int) -> bytes:
    return json.dumps({"data": "x" * characters}).encode()


def test_a_stranger_sends_little() -> None:
    assert web.json_body(posted(long(web.FEW_BYTES - 100)))
    for body in (long(web.FEW_BYTES), gzip.compress(long(web.FEW_BYTES))):
        with pytest.raises(Refused, match="too_large"):
            web.json_body(posted(body))
    with pytest.raises(Refused, match="malformed"):
        web.json_body(posted(long(web.FEW_BYTES), is_told=False))  # it is cut off where it becomes too long


def test_a_call_is_small_but_for_a_piece_of_a_file() -> None:
    web._check_call(posted(long(web.MAX_CALL_BYTES - 100)), web.MAX_CALL_BYTES)
    for is_told in (True, False):
        with pytest.raises(Refused):
            web._check_call(posted(long(web.MAX_CALL_BYTES), is_told), web.MAX_CALL_BYTES)
    web._check_call(posted(long(web.MAX_CALL_BYTES)), web.MAX_PIECE_BYTES)


def test_a_year_of_market_prices_is_a_call() -> None:
    prices = {"home": "h" * 20, "start_s": 1_700_000_000, "step_s": 3600, "prices_micro": [-1_000_000_000] * 9_000}
    web._check_call(posted(json.dumps({"data": prices}).encode()), web.MAX_CALL_BYTES)


def test_a_call_that_is_refused_before_it_is_read_is_answered_under_its_name() -> None:
    def handler(request: CallableRequest[Any]) -> None:
        raise AssertionError("it is not read")

    request = posted(b"no call")
    request.environ["HTTP_SUNMETER_REQUEST"] = "1a2b3c4d5e6f7788"
    answer = web.on_call()(handler)(request)
    assert answer.get_json()["error"]["details"] == {
        "code": "malformed",
        "field": "body",
        "request": "1a2b3c4d5e6f7788",
    }
