"""Hubs as processes, to be killed: imports everything once, then forks a hub for each line it reads.

`python hub_process.py CLOCK [BUILD]`, configured by the environment; CLOCK is a file of simulated time, BUILD one of
builds.py. Answers each line with the new hub's process id, once the one before is gone.
"""

import asyncio
import os
import sys
from pathlib import Path

from sunmeter_edge import commit, hub
from sunmeter_edge.clock import FileClock
from sunmeter_edge.config import read, read_credential
from tests.edge.faults.builds import built


def serve(clock: Path, build: str) -> None:
    config = read(None)
    with built(build):
        asyncio.run(hub.run(config, read_credential(config), FileClock(clock), commit.Writer))


def main() -> None:
    clock, build = Path(sys.argv[1]), "".join(sys.argv[2:3])
    child = 0
    for _ in sys.stdin:
        if child:
            os.waitpid(child, 0)  # what it listened on is free then
        child = os.fork()
        if child == 0:
            serve(clock, build)
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
