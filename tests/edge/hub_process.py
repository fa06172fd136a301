"""Hubs as processes, to be killed: imports everything once, then forks a hub for each line it reads.

`python hub_process.py [ack-first]`, configured by the environment; answers each line with the new hub's process id.
`ack-first` is a broken build: it answers as soon as a batch is in memory. The crash test must fail on it.
"""

import asyncio
import os
import signal
import sys

from sunmeter_edge import hub
from sunmeter_edge.clock import system_ms
from sunmeter_edge.commit import Batch, Outcome, Writer
from sunmeter_edge.config import read, read_credential

LAZY_S = 0.05  # how long the broken build leaves what it has acknowledged in memory


class AckFirst(Writer):
    """Acknowledges before it commits."""

    async def commit(self, batch: Batch) -> Outcome:
        self._later = asyncio.ensure_future(self._commit_later(batch))
        return Outcome(None, None)

    async def _commit_later(self, batch: Batch) -> None:
        await asyncio.sleep(LAZY_S)
        await super().commit(batch)


def serve() -> None:
    config = read(None)
    writer = AckFirst if "ack-first" in sys.argv else Writer
    asyncio.run(hub.run(config, read_credential(config), system_ms, writer))


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are nobody's concern here
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve()
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
