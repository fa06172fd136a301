"""A hub of its own for each test: real server, real sockets, real SQLite, and a cloud that is a small real server."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sunmeter_edge import hub as edge
from sunmeter_edge.config import Config, Credential
from sunmeter_edge.relay import KEEP_KEY
from sunmeter_edge.store import connect
from tests.edge.fakes import EMAIL, HUB, PASSWORD, START_MS, FakeCloud, FakeMeter

CREDENTIAL = Credential(HUB, EMAIL, PASSWORD)


class HandClock:
    """A hub's clock that stands until it is moved."""

    def __init__(self, now_ms: int = START_MS):
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with FakeCloud() as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, cloud: FakeCloud) -> Config:
    return config_at(tmp_path / "hub", cloud.address)


def config_at(folder: Path, cloud: str) -> Config:
    """A hub whose functions and accounts are at this host:port, and whose Firestore is out of reach."""
    return Config(
        data_dir=folder,
        listen=f"127.0.0.1:{free_port()}",
        project="demo-sunmeter",
        api_key="key",
        functions_url=f"http://{cloud}",
        auth_emulator=cloud,
        firestore_emulator="127.0.0.1:9",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_known(config: Config, *meters: FakeMeter) -> None:
    """Gives the hub the link keys it would have asked the cloud for."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(connect(config.database)) as connection:
        for meter in meters:
            connection.execute(KEEP_KEY, (meter.meter, meter.link_key, meter.key_version))


class Lan:
    """What a meter sees of its hub."""

    def __init__(self, config: Config, client: httpx.AsyncClient):
        self.config, self.client = config, client

    async def send(self, meter: FakeMeter, *frames: bytes, **fields: int) -> dict[str, Any]:
        """One request; the checked reply."""
        answer = await self.post(meter, meter.body(*frames, **fields))
        assert answer.status_code == 200, answer.text
        return meter.checked(answer.content, answer.headers["Sunmeter-Mac"])

    async def post(self, meter: FakeMeter, body: bytes) -> httpx.Response:
        return await self.client.post(meter.path, content=body)


Serve = Callable[..., AbstractAsyncContextManager[Lan]]


@asynccontextmanager
async def serving(config: Config, hub: edge.Hub) -> AsyncIterator[Lan]:
    """The hub, answering; stopped at the end as systemd would."""
    running = asyncio.create_task(hub.run())
    async with httpx.AsyncClient(base_url=f"http://{config.listen}", timeout=10) as client:
        try:
            await answering(client, running)
            yield Lan(config, client)
        finally:
            hub.stop()
            await running


async def answering(client: httpx.AsyncClient, running: "asyncio.Task[None] | None" = None) -> None:
    for _ in range(400):
        if running and running.done():
            running.result()
        with contextlib.suppress(httpx.TransportError):
            if (await client.get("/healthz")).status_code == 200:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("the hub does not answer")


@pytest.fixture
def serve(config: Config, clock: HandClock) -> Serve:
    """`async with serve(meter, …) as lan:` a running hub that knows these meters."""

    @asynccontextmanager
    async def known(*meters: FakeMeter) -> AsyncIterator[Lan]:
        make_known(config, *meters)
        async with serving(config, edge.Hub(config, CREDENTIAL, clock)) as lan:
            yield lan

    return known
