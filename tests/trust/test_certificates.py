"""The hub speaks to the cloud only, however somebody on the line dresses up."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from sunmeter_edge.cloud import Cloud, Identity, OutOfReach
from tests.edge.conftest import config_at

from .certificates import Authority, pem, showing

NOWHERE = "127.0.0.1:9"


def cloud_at(url: str, folder: Path) -> Cloud:
    identity = create_autospec(Identity, instance=True)
    identity.token.return_value = "a token nobody else may see"
    return Cloud(replace(config_at(folder, NOWHERE), functions_url=url), identity)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(pem(authority.certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    return authority


def test_a_server_that_an_authority_vouches_for_is_spoken_to(trusted: Authority, tmp_path: Path) -> None:
    with showing(trusted.certify(tmp_path)) as (url, asked):
        assert cloud_at(url, tmp_path).ingest([{}], sent_ms=0) == [{"ok": True}]
    assert asked == ["/ingest"]


@pytest.mark.parametrize("flaw", ["of nobody we trust", "expired", "of another address"])
def test_any_other_server_gets_neither_token_nor_reading(trusted: Authority, tmp_path: Path, flaw: str) -> None:
    certificate = {
        "of nobody we trust": lambda: Authority().certify(tmp_path),
        "expired": lambda: trusted.certify(tmp_path, days_left=-1),
        "of another address": lambda: trusted.certify(tmp_path, address="192.0.2.1"),
    }[flaw]()
    with showing(certificate) as (url, asked), pytest.raises(OutOfReach, match="SSLError"):
        cloud_at(url, tmp_path).ingest([{}], sent_ms=0)
    assert asked == []
