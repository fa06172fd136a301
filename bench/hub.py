"""How much one hub takes, and how fast it answers: `make bench NAME=hub`; with SMALL=1 a day offline, not a week.

A real hub in a process of its own, on a disk that is synced; meters in another, each with a keep-alive connection from
its own address. Every reading is signed, verified, committed with a sync, acknowledged, and cut into quarters
meanwhile. The peer is the same hub with one commit per request.

`readings_per_s`, `vs_commit_each`: one reading a request, as fast as answers come.
`backlog_readings_per_s`: 64 readings a request.
`ack_ms_p99`: at half of readings_per_s, at even times, from when each was due; the median of REPEATS runs.
`rss_mb`, `week_drain_s`, `newest_first_s`: a week of ten meters is in the queue, and the cloud comes back (_hub_week).
"""

import ast
import asyncio
import io
import json
import os
import statistics
import tokenize

from bench import _hub_week
from bench._hub_load import BenchMeter, as_fast_as_possible, at_even_times, running
from dev.paths import ROOT
from sunmeter_edge.contract import wire

METERS = 100
ONE_BY_ONE = 60  # requests of one reading a meter
FULL = 10  # requests of 64 readings a meter
HALF_LOAD_S = 8.0
REPEATS = 5  # on a machine that others use too one run says little about the slowest hundredth
CORE = ("verify", "place", "commit", "acknowledge", "chain", "assemble", "quarters", "send", "forget")


def core_lines() -> int:
    """Lines of code between a frame and the cloud's acknowledgement: no blanks, comments or docstrings."""
    return sum(code_lines((ROOT / "edge" / "sunmeter_edge" / f"{name}.py").read_text()) for name in CORE)


def code_lines(source: str) -> int:
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.OP, tokenize.NAME, tokenize.NUMBER, tokenize.STRING):
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def street() -> list[BenchMeter]:
    return [BenchMeter(number) for number in range(METERS)]


def main() -> None:
    meters = street()
    with running("group", meters) as hub:
        asyncio.run(as_fast_as_possible(hub.port, meters, 3, 1))  # connections, caches, statements
        group = asyncio.run(as_fast_as_possible(hub.port, meters, ONE_BY_ONE, 1))
        half = [asyncio.run(at_even_times(hub.port, meters, group.per_s / 2, HALF_LOAD_S)) for _ in range(REPEATS)]
        backlog = asyncio.run(as_fast_as_possible(hub.port, meters, FULL, wire.MAX_FRAMES - 1))
    peers = street()
    with running("each", peers) as hub:
        asyncio.run(as_fast_as_possible(hub.port, peers, 3, 1))
        each = asyncio.run(as_fast_as_possible(hub.port, peers, ONE_BY_ONE, 1))
    p99s_ms = sorted(run.p99_ms for run in half)
    print(f"one reading a request, {METERS} meters, group commit   {group.per_s:8.0f} readings/s")
    print(f"one reading a request, a commit for each       {each.per_s:8.0f} readings/s")
    print(f"64 readings a request, group commit            {backlog.per_s:8.0f} readings/s")
    print(f"acknowledged at half load, p50                 {statistics.median(half[0].took_ms):8.1f} ms")
    print(f"acknowledged at half load, p99 of {REPEATS} runs       {'  '.join(f'{p99:.1f}' for p99 in p99s_ms)} ms")
    week = _hub_week.measure(1 if os.environ.get("SMALL") == "1" else 7)
    print(
        f"{week.days} days of {_hub_week.METERS} meters poured in                {week.readings_per_s:8.0f} readings/s"
    )
    print(f"in the queue then                              {week.queued:8} intervals")
    print(f"database                                       {week.database_mb:8.0f} MB")
    print(f"memory until then, and until all is sent       {week.rss_mb:8.0f} and {week.peak_mb:.0f} MB at most")
    print(f"the newest interval is in the cloud after      {week.newest_first_s:8.1f} s")
    print(f"all of them are after                          {week.drain_s:8.1f} s")
    print(f"in so many requests, and so much gzip          {week.requests:8} and {week.sent_mb:.2f} MB")
    figures = {
        "readings_per_s": round(group.per_s),
        "vs_commit_each": round(group.per_s / each.per_s, 2),
        "backlog_readings_per_s": round(backlog.per_s),
        "ack_ms_p99": round(statistics.median(p99s_ms), 1),
        "rss_mb": round(max(week.rss_mb, week.peak_mb)),
        "week_drain_s": round(week.drain_s, 1),
        "newest_first_s": round(week.newest_first_s, 1),
        "core_lines": core_lines(),
    }
    print(json.dumps({"name": "hub", "figures": figures}))


if __name__ == "__main__":
    main()
