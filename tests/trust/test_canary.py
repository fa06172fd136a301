"""Secrets are made known to every part, everything that can go wrong goes wrong, and no log holds one of them."""

import base64
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contract import wire
from dev.actors import CallRefused, label_of
from sunmeter_edge import hub as edge
from sunmeter_edge import log
from sunmeter_edge.clock import system_ms
from tests.edge.conftest import CREDENTIAL, config_at, make_known, serving
from tests.edge.fakes import PASSWORD, FakeCloud, FakeMeter, reading
from tests.emulator.world import World, master_key, sent, yesterday


def forms(secret: bytes) -> Iterator[str]:
    """How a secret may be written."""
    yield secret.hex()
    yield base64.b64encode(secret).decode().rstrip("=")
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=")
    yield repr(secret)[2:-1]


def leaked(text: str, secrets: dict[str, list[str]]) -> list[str]:
    return [name for name, written in secrets.items() if any(each.lower() in text.lower() for each in written)]


def test_a_leak_would_be_found() -> None:
    key = bytes(range(32))
    assert leaked(f"key={key!r}", {"key": list(forms(key))}) == ["key"]
    assert leaked(f"KEY={key.hex().upper()}", {"key": list(forms(key))}) == ["key"]
    assert leaked("nothing", {"key": list(forms(key))}) == []


@pytest.mark.stack
def test_the_functions_log_no_key_no_token_no_code_and_no_password(world: World) -> None:
    master = master_key(world.stack)
    link = wire.link_key(wire.meter_key(master, world.meter, 1), world.hub.uid, 1)
    label = label_of(world.meter, master)
    code = world.owner.call("invite", home=world.home, role="viewer")["code"]
    world.hub.ingest(sent(world.quarters(yesterday(), 4)))
    url = world.stack.function_url("ingest")
    token = {"Authorization": f"Bearer {world.hub.id_token()}"}
    for body, headers in (
        (b"{", token),
        (b"[]", token),
        (b"{}", {"Authorization": "Bearer " + world.hub.id_token()[:-9]}),
    ):
        assert requests.post(url, data=body, headers=headers, timeout=30).status_code >= 400
    for name, given in (("claimmeter", {"label": label}), ("acceptinvitation", {"code": code, "home": "nowhere"})):
        with contextlib.suppress(CallRefused):
            world.owner.call(name, **{"home": world.home, **given})
    secrets = {
        "the master key": list(forms(master)),
        "a link key": list(forms(link)),
        "a label's code": [label.split("-")[-1]] if len(label.split("-")[-1]) > 5 else [label],
        "an invitation's code": [code],
        "a hub's token": [world.hub.id_token()],
        "a person's token": [world.owner.id_token()],
    }
    logs = "".join(
        path.read_text(errors="replace") for path in (world.stack.folder / "logs").rglob("*") if path.is_file()
    )
    assert '"ingested"' in logs or "ingested" in logs  # it is the right place to look
    assert leaked(logs, secrets) == []


@pytest.fixture
def hub_log(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The hub's own log, at its most talkative, on standard error."""
    logger = logging.getLogger("sunmeter.edge")
    had = list(logger.handlers), logger.level, logger.propagate
    log.set_up("debug", {})
    yield
    logger.handlers[:], logger.level, logger.propagate = had


async def test_a_hub_logs_no_key_no_token_and_no_password(
    tmp_path: Path, hub_log: None, capsys: pytest.CaptureFixture[str]
) -> None:
    meter = FakeMeter()
    with FakeCloud() as cloud:
        config = config_at(tmp_path / "hub", cloud.address)
        make_known(config, meter)
        cloud.answers += [
            (500, {}, {}),
            (403, {"code": "revoked"}, {}),
            (401, {}, {}),
            (413, {}, {}),
            (200, b"<html>", {}),
        ]
        async with serving(config, edge.Hub(config, CREDENTIAL, system_ms)) as lan:
            await lan.send(meter, *meter.readings(reading(seq=number) for number in range(1, 4)))
            spoilt = bytearray(meter.body(meter.frame(wire.READING, reading(seq=9))))
            spoilt[-1] ^= 1
            assert (await lan.client.post(meter.path, content=bytes(spoilt))).status_code in (200, 400, 401)
        said = capsys.readouterr().err
    secrets = {
        "a link key": list(forms(meter.link_key)),
        "the password": [PASSWORD],
        "a token": ["Bearer", "token-1", "refresh_token"],
    }
    assert "hub starts" in said
    assert leaked(said, secrets) == []
