"""kill -9 at random points: what was acknowledged is there afterwards. A build that acknowledges first fails this."""

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE

import httpx

from sunmeter_edge.config import Config, write_credential
from tests.edge.conftest import CREDENTIAL, answering, make_known
from tests.edge.fakes import FakeMeter, reading

ROOT = Path(__file__).parents[2]
KILLS = 12
Key = tuple[str, int, int]


@contextlib.contextmanager
def nursery(config: Config, *flags: str) -> Iterator[Callable[[], int]]:
    """Gives a function that starts a hub over this configuration and returns its process id."""
    command = [sys.executable, str(Path(__file__).parent / "hub_process.py"), *flags]
    with subprocess.Popen(command, env=environment(config), stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        reader, writer = process.stdout, process.stdin

        def start() -> int:
            print("start", file=writer, flush=True)
            return int(reader.readline())

        yield start
        writer.close()


def environment(config: Config) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'edge'}",
        "SUNMETER_DATA_DIR": str(config.data_dir),
        "SUNMETER_LISTEN": config.listen,
        "SUNMETER_PROJECT": config.project,
        "SUNMETER_API_KEY": config.api_key,
        "SUNMETER_FUNCTIONS_URL": config.functions_url,
        "SUNMETER_AUTH_EMULATOR": config.auth_emulator,
        "SUNMETER_FIRESTORE_EMULATOR": config.firestore_emulator,
    }


async def pour(client: httpx.AsyncClient, meter: FakeMeter, first_seq: int, acknowledged: set[Key]) -> int:
    """Sends readings until the hub is gone; returns the next unused seq."""
    seq = first_seq
    with contextlib.suppress(httpx.TransportError):
        while True:
            now_ms = time.time_ns() // 1_000_000
            frames = meter.readings([reading(seq=seq + n, ts_ms=now_ms + n) for n in range(3)])
            answer = await client.post(meter.path, content=meter.body(*frames))
            told = meter.checked(answer.content, answer.headers["Sunmeter-Mac"])
            for boot_id, first, last in told["ack"]:
                acknowledged |= {(meter.meter, boot_id, number) for number in range(first, last + 1)}
            seq += 3
    return seq + 3


async def killed_again_and_again(config: Config, flags: tuple[str, ...], kills: int) -> tuple[set[Key], set[Key]]:
    """Runs hub after hub over one database; returns (acknowledged, kept) keys."""
    meters = [FakeMeter(f"m-{number:010d}") for number in range(8)]
    make_known(config, *meters)
    write_credential(config, CREDENTIAL)
    chance = random.Random(5)
    acknowledged: set[Key] = set()
    next_seq = dict.fromkeys((meter.meter for meter in meters), 1)
    with nursery(config, *flags) as start:
        for _ in range(kills):
            hub = start()
            async with httpx.AsyncClient(base_url=f"http://{config.listen}", timeout=5) as client:
                await answering(client)
                pouring = [asyncio.create_task(pour(client, m, next_seq[m.meter], acknowledged)) for m in meters]
                await asyncio.sleep(chance.uniform(0.05, 0.3))
                os.kill(hub, signal.SIGKILL)
                for meter, seq in zip(meters, await asyncio.gather(*pouring), strict=True):
                    next_seq[meter.meter] = seq
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = set(connection.execute("SELECT meter, boot_id, seq FROM frame"))
    return acknowledged, kept


async def test_killed_at_random_points_it_loses_nothing_it_acknowledged(config: Config) -> None:
    acknowledged, kept = await killed_again_and_again(config, (), KILLS)
    assert len(acknowledged) > 100
    assert acknowledged <= kept


async def test_a_build_that_acknowledges_before_it_commits_is_caught(config: Config) -> None:
    acknowledged, kept = await killed_again_and_again(config, ("ack-first",), 2)
    assert len(acknowledged) > 10
    assert acknowledged - kept
