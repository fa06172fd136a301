"""The cloud on the Firebase Emulator Suite: `make bench NAME=cloud` (SMALL=1: a month instead of a year).

One stack is started, and each measure gets it empty. Wall time of one machine that runs the emulators, the functions
and the measure; Firestore in the emulator answers faster than the real one over a network, and commits slower.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from bench import _cloud_alerts, _cloud_grid, _reprice
from dev.ports import Ports
from dev.stack import Stack

Figures = dict[str, float]
MEASURES: tuple[Callable[[Stack], Figures], ...] = (_cloud_alerts.measure, _cloud_grid.measure, _reprice.measure)
MOST = {
    "alert_to_push_ms_p95": 500.0,
    "outage_open_s_hub_alive": 60.0,
    "outage_open_s_hub_dead": 360.0,
    "outage_open_s_hub_dead_limit": 360.0,
    "reprice_year_s": 30.0,
}


def main() -> int:
    figures: Figures = {}
    with Stack(Ports.free()) as stack:
        for measure in MEASURES:
            stack.clear()
            figures |= measure(stack)
    missed = [f"{name} {figures[name]:.1f} > {most}" for name, most in MOST.items() if figures.get(name, 0) > most]
    for each in missed:
        print(f"missed: {each}", file=sys.stderr)
    print(json.dumps({"name": "cloud", "figures": {name: round(figure, 3) for name, figure in figures.items()}}))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
