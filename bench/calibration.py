"""How right the guided calibration leaves a meter: `make bench NAME=calibration`.

Simulated boards with the ESP32's own ADC (smooth non-linearity, noise) are calibrated by the firmware's own commands,
as an installer would with a perfect reference, and then read resistive loads between the calibrated points. Beside it
the same boards as drawn, and with the twin's calibration, which looks at every sample instead of asking the meter.
BOARDS=n changes their number.
"""

import json
import os
from dataclasses import dataclass

import numpy as np

from tests.firmware.interpreters import Interpreter, start
from tests.firmware.test_calibrate import Bench, quiet_radio, resistive
from twin.calibration import calibrate as calibrated_by_twin
from twin.sensors import Board

LOADS_W = (40, 80, 170, 400, 800, 1600, 3300, 5500)
PROCEDURES = {
    "kettle only": (8.7,),
    "kettle, lamp": (8.7, 0.4),
    "four points": (10.0, 3.0, 1.0, 0.3),
    "eight points": (20.0, 10.0, 5.0, 2.5, 1.25, 0.6, 0.3, 0.15),
}


@dataclass(frozen=True)
class Row:
    """Errors of one way to calibrate [%], a row per board and a column per load."""

    name: str
    errors: list[list[float]]

    def p95(self) -> list[float]:
        return [float(np.percentile(np.abs(column), 95)) for column in np.array(self.errors).T]


def main() -> None:
    boards = [quiet_radio(seed) for seed in range(1, 1 + int(os.environ.get("BOARDS", "6")))]
    unix = start("unix", heap="16m")
    rows = [Row("as drawn", [errors(Bench(unix, board).start()) for board in boards])]
    for name, points_a in PROCEDURES.items():
        rows.append(Row(name, [errors(guided(unix, board, points_a)) for board in boards]))
    rows.append(Row("twin", [errors(of_twin(unix, board)) for board in boards]))
    unix.close()
    show(rows, len(boards))


def of_twin(unix: Interpreter, board: Board) -> Bench:
    return Bench(unix, board).start({"calibration": calibrated_by_twin(board)})


def guided(unix: Interpreter, board: Board, points_a: tuple[float, ...]) -> Bench:
    """A board after these steps at the grid clamp; small currents are listened to for longer."""
    bench = Bench(unix, board).start()
    bench.measure("zero", bursts=60)
    bench.measure("voltage", mv=230_000, bursts=20)
    for amps in points_a:
        bursts = 20 if amps > 1 else 50
        load = resistive(amps)
        found = bench.measure("current", load, channel="grid", ma=round(1000 * amps), bursts=bursts)
        assert found[0] == "", (amps, found)
        found = bench.measure("phase", load, channel="grid", bursts=bursts)
        assert found[0] == "", (amps, found)
    return bench


def errors(bench: Bench) -> list[float]:
    """Of the active power of each load [%]."""
    return [100 * (float(bench.reads(resistive(w / 230))[1]) / w - 1) for w in LOADS_W]


def show(rows: list[Row], boards: int) -> None:
    print(f"error of active power, 95th percentile of {boards} simulated boards [%]")
    print(f"{'':14}" + "".join(f"{w:>8} W" for w in LOADS_W) + f"{'worst ≥ 80 W':>15}")
    for row in rows:
        p95 = row.p95()
        print(f"{row.name:14}" + "".join(f"{error:10.2f}" for error in p95) + f"{max(p95[1:]):15.2f}")
    figures = {
        f"p_err_{row.name.replace(', ', '_').replace(' ', '_')}_pct": round(max(row.p95()[1:]), 2) for row in rows
    }
    print(json.dumps({"name": "calibration", "figures": figures}))


if __name__ == "__main__":
    main()
