"""Whatever comes from outside: `make bench NAME=fuzz`.

100,000 seeded inputs for each decoder in this process: what hubs, meters and people can send. Then 2,000 requests of
a hub over HTTP to the functions on the emulators, their items and their bytes spoilt: every answer is a refusal by
name or judges each item, none is an error of ours, and what is stored in the end is exactly what was accepted.
Then 200 calls over HTTP of every function that is reached so, all of them in one process: a refusal has a name and
wrote nothing but its counted try.
"""

from __future__ import annotations

import json
import sys
import zlib

from dev.ports import Ports
from dev.stack import Stack
from tests.emulator.calling import Calling, Tally
from tests.emulator.one_process import served
from tests.emulator.seeds import AREA, SEEDS, Scene
from tests.emulator.spoiling import Spoiling
from tests.emulator.world import World
from tests.unit.functions.fuzzing import DECODERS, fuzz

INPUTS = 100_000
REQUESTS = 2_000
CALLS = 200


def in_process() -> tuple[int, int]:
    """(errors without a name, fewest inputs that any decoder refused)."""
    unnamed, fewest = 0, INPUTS
    for name, decoder in DECODERS.items():
        tally = fuzz(decoder, INPUTS, seed=zlib.crc32(name.encode()))
        unnamed, fewest = unnamed + len(tally.broken), min(fewest, tally.refused.total())
        codes = ", ".join(f"{code} {number}" for code, number in tally.refused.most_common())
        print(f"{name:10} taken {tally.taken:6}, refused: {codes}")
        for each in tally.broken[:3]:
            print(f"{name}: {each}", file=sys.stderr)
    return unnamed, fewest


def over_http(stack: Stack) -> Tally:
    """Spoilt calls of every function."""
    stack.clear()
    with served(stack) as place:
        calling = Calling(Scene.made(World.made(stack, AREA, place)), seed=11)
        for name in SEEDS:
            calling.spoils(name, CALLS)
    for each in calling.tally.amiss:
        print(each, file=sys.stderr)
    return calling.tally


def main() -> int:
    unnamed, fewest = in_process()
    with Stack(Ports.free()) as stack:
        spoiling = Spoiling(World.made(stack), seed=11)
        for _ in range(REQUESTS):
            spoiling.once()
        partial = spoiling.days_amiss()
        calls = over_http(stack)
    statuses = ", ".join(f"{status}: {number}" for status, number in sorted(spoiling.statuses.items()))
    print(f"{REQUESTS} requests over HTTP: {statuses}; {spoiling.accepted} items accepted, {spoiling.refused} refused")
    codes = ", ".join(f"{code} {number}" for code, number in calls.codes.most_common())
    print(f"{calls.statuses.total()} calls of {len(SEEDS)} functions over HTTP: {codes}")
    figures = {
        "decoders": len(DECODERS),
        "inputs_per_decoder": INPUTS,
        "fewest_refused": fewest,
        "unnamed_errors": unnamed,
        "http_requests": REQUESTS,
        "http_5xx": sum(number for status, number in spoiling.statuses.items() if status >= 500),
        "http_unnamed": spoiling.unnamed,
        "days_amiss": len(partial),
        "functions": len(SEEDS),
        "calls": calls.statuses.total(),
        "calls_amiss": len(calls.amiss),
    }
    print(json.dumps({"name": "fuzz", "figures": figures}))
    return 1 if unnamed or figures["http_5xx"] or spoiling.unnamed or partial or calls.amiss else 0


if __name__ == "__main__":
    raise SystemExit(main())
