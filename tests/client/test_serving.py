"""The web server's answers: its health, its headers, what is packed; and the recipe of its container."""

import base64
import gzip
import hashlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from dev.paths import ROOT
from dev.setup import FONT_WEIGHTS, font_files
from sunmeter_app import __version__
from sunmeter_app.health import ASK_EVERY_S, Health
from sunmeter_app.serve import serve_backend

from .conftest import Clock
from .fake_backend import FakeWorld

DOCKERFILE = ROOT / "client" / "Dockerfile"


@pytest.fixture
async def server(world: FakeWorld) -> AsyncIterator[httpx.AsyncClient]:
    app = serve_backend(world.backend, now_s=world.now_s)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        yield client


async def test_the_health_says_version_and_whether_the_backend_is_reached() -> None:
    clock, asked, answers = Clock(), [], [False, True]

    async def reach() -> bool:
        asked.append(clock())
        return answers.pop(0)

    health = Health(reach, clock)
    assert await health.told() == {"ok": True, "version": __version__, "backend": "away"}
    assert (await health.told())["backend"] == "away"
    assert len(asked) == 1  # whoever asks the health often does not reach through to the backend
    clock.now_s += ASK_EVERY_S
    assert (await health.told())["backend"] == "reached"


async def test_the_health_is_served_and_says_nothing_of_visitors(server: httpx.AsyncClient) -> None:
    answer = await server.get("/health")
    assert answer.json() == {"ok": True, "version": __version__, "backend": "reached"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_page_runs_its_own_scripts_and_no_others(server: httpx.AsyncClient) -> None:
    page = await server.get("/history")
    rules = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    inline = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    assert inline
    assert rules["script-src"].split() == ["'self'", "'wasm-unsafe-eval'", *(f"'sha256-{each}'" for each in digests)]
    assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
    assert "http" not in page.headers["Content-Security-Policy"]  # nothing outside of its own origin


async def test_every_answer_has_the_headers_and_no_other_page_may_read_it(server: httpx.AsyncClient) -> None:
    for path in ("/", "/flutter_bootstrap.js", "/no-such-file.js", "/health"):
        headers = (await server.get(path)).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-cache"
        assert "Access-Control-Allow-Origin" not in headers


async def test_a_file_is_packed_once_and_again_when_it_changed(
    server: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[int] = []
    pack = gzip.compress

    def noted(body: bytes, level: int) -> bytes:
        packed.append(len(body))
        return pack(body, level)

    monkeypatch.setattr(gzip, "compress", noted)
    plain = await server.get("/flutter_bootstrap.js", headers={"Accept-Encoding": "identity"})
    for _ in range(2):
        answer = await server.get("/flutter_bootstrap.js", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) < len(plain.content) / 2
        assert answer.content == plain.content
    assert packed == [len(plain.content)]
    again = await server.get("/flutter_bootstrap.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


# --- the container ---------------------------------------------------------------------------------------------------


def copied() -> Iterator[str]:
    """What the recipe takes from the checkout."""
    for line in DOCKERFILE.read_text().splitlines():
        words = line.split()
        if words[:1] == ["COPY"] and not words[1].startswith("--from"):
            yield from words[1:-1]


def test_the_container_copies_what_is_there_and_what_its_builder_is_shown() -> None:
    shown = [line[1:] for line in Path(f"{DOCKERFILE}.dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(copied()) == sorted(shown)
    assert all((ROOT / path).exists() for path in shown)


def test_the_container_has_the_fonts_of_a_checkout() -> None:
    recipe = DOCKERFILE.read_text()
    assert f"for weight in {' '.join(map(str, FONT_WEIGHTS))}; do" in recipe
    assert all(
        path.name in recipe.replace("$weight", str(w)) for path, w in zip(font_files(), FONT_WEIGHTS, strict=True)
    )


def test_the_containers_command_runs() -> None:
    (command,) = re.findall(r'^CMD \["python", (.*)\]$', DOCKERFILE.read_text(), re.MULTILINE)
    arguments = [each.strip('" ') for each in command.split(",")]
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT / "client", env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2  # it reads its settings, and names those that are missing
    assert "FIREBASE_PROJECT is not set" in ran.stderr
