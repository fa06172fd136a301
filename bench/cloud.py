"""The cloud on the Firebase Emulator Suite: `make bench NAME=cloud` (SMALL=1: a month instead of a year).

One stack is started, and each measure gets it empty. Wall time of one machine that runs the emulators, the functions
and the measure; Firestore in the emulator answers faster than the real one over a network, and commits slower.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from bench import _cloud_alerts, _cloud_grid, _cloud_healing, _cloud_ingest, _cloud_matrix, _cloud_start, _reprice
from dev.ports import Ports
from dev.stack import Stack

Figures = dict[str, float]
MEASURES: tuple[Callable[[Stack], Figures], ...] = (
    _cloud_start.measure,
    _cloud_ingest.measure,
    _cloud_alerts.measure,
    _cloud_grid.measure,
    _reprice.measure,
    _cloud_healing.measure,
    _cloud_matrix.measure,
)
MOST = {
    "alert_to_push_ms_p95": 500.0,
    "outage_open_s_hub_alive": 60.0,
    "outage_open_s_hub_dead": 360.0,
    "outage_open_s_hub_dead_limit": 360.0,
    "reprice_year_s": 30.0,
    "main_import_ratio": 1.3,
    "main_rss_mb": 90.0,
    "matrix_failures": 0.0,
}
LEAST = {"intervals_per_s_steady": 100.0, "backlog_vs_bare_writes": 0.3, "healed_pct": 100.0}


def main() -> int:
    figures: Figures = {}
    with Stack(Ports.free()) as stack:
        for measure in MEASURES:
            stack.clear()
            figures |= measure(stack)
    missed = [f"{name} {figures[name]:.1f} > {most}" for name, most in MOST.items() if figures.get(name, 0) > most]
    missed += [f"{name} {figures[name]:.1f} < {least}" for name, least in LEAST.items() if figures[name] < least]
    for each in missed:
        print(f"missed: {each}", file=sys.stderr)
    print(json.dumps({"name": "cloud", "figures": {name: round(figure, 3) for name, figure in figures.items()}}))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
