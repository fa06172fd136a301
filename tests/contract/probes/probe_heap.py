"""Run as a program under a small heap: scores days of minutes and says what stayed behind on the heap."""

import gc
import sys

from contract.rules import Rules
from contract.scorer import Features, Scorer
from contract.unpacking import unpack


def grown_bytes(path, minutes):
    """Bytes the heap grew by over the second half of so many minutes, collected before and after."""
    with open(path, "rb") as file:
        scorer = Scorer(Features(), unpack(file.read()))
    rules = Rules()
    start_s = 1774652400
    before = 0
    for minute in range(minutes):
        if minute == minutes // 2:
            gc.collect()
            before = gc.mem_alloc()
        day = minute % 1440
        grid_w = 200 + day % 61 + (1900 if day > 1300 else 0) - (900 if 700 < day < 760 else 0)
        pv_w = max(0, 1500 - abs(day - 720) * 5)
        v_dv = 2300 + day % 13 + (300 if 100 < day < 130 else 0)
        scorer.push(start_s + 60 * minute, grid_w, pv_w, v_dv, 40 + day % 5)
        rules.push(start_s + 60 * minute, grid_w, pv_w, v_dv, 40 + day % 5, 3000)
    gc.collect()
    return gc.mem_alloc() - before


print(grown_bytes(sys.argv[1], int(sys.argv[2])))
