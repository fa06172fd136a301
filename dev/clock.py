"""Calls the scheduled functions of the running stack.

python -m dev.clock --once nightly    calls one function now
python -m dev.clock                   calls all of them when they are due
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

from dev.failures import FAILURES
from dev.processes import Processes, Stopped, signals_unwind
from dev.running import StackDescription
from dev.scheduled import Clock


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.clock", description="Calls the scheduled functions.")
    parser.add_argument("--once", metavar="NAME", help="call this function now, then end")
    parser.add_argument("--at", metavar="TIME", help="the moment to call it for, such as 2026-11-23T02:10:00+00:00")
    chosen = parser.parse_args(arguments)
    try:
        description = StackDescription.of_running()
        with signals_unwind(), Processes(description.folder / "logs") as processes:
            clock = Clock(processes, description.functions, description.functions_environment)
            if not chosen.once:
                clock.run()
            clock.fire(chosen.once, datetime.fromisoformat(chosen.at) if chosen.at else None)
    except (*FAILURES, ValueError) as error:  # ValueError: a moment that is none
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stopped):
        return 0
    print(f"{chosen.once} done")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
