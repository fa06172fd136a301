"""What a model costs the meter: time and memory of the contract's scorer on MicroPython's unix port."""

import os
import subprocess
import tempfile
from pathlib import Path

from dev.paths import ROOT, VENV_PYTHON

PROBE = """
import gc, sys, time
from contract.rules import Rules
from contract.scorer import Features, Scorer
from contract.unpacking import unpack
with open(sys.argv[1], 'rb') as file:
    scorer = Scorer(Features(), unpack(file.read()))
rules = Rules()
start_s = int(sys.argv[2])
def run(first, count):
    for minute in range(first, first + count):
        scorer.push(start_s + 60 * minute, 300 + minute % 61, 900, 2300 + minute % 13, 40)
        rules.push(start_s + 60 * minute, 300 + minute % 61, 900, 2300 + minute % 13, 40, 900)
before = began = grown = block = 0
best = 1 << 30
run(0, 1500)
gc.collect()
before = gc.mem_alloc()
for block in range(10):
    began = time.ticks_us()
    run(1500 + 150 * block, 150)
    best = min(best, time.ticks_diff(time.ticks_us(), began))
gc.collect()
grown = gc.mem_alloc() - before
print(best / 150, gc.mem_alloc(), grown)
"""


def on_the_meter(payload: bytes, start_s: int) -> tuple[float, int, int]:
    """(µs a minute at best, bytes in use, bytes grown in a day) in MicroPython's unix port with a heap of 100 kB."""
    with tempfile.TemporaryDirectory() as folder:
        model, probe = Path(folder) / "model.bin", Path(folder) / "probe.py"
        model.write_bytes(payload)
        probe.write_text(PROBE)
        command = [str(VENV_PYTHON.parent / "micropython"), "-X", "heapsize=100k", str(probe), str(model), str(start_s)]
        environment = {**os.environ, "MICROPYPATH": f"{ROOT / 'firmware'}:.frozen"}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    score_us, used, grown = ran.stdout.split()
    return float(score_us), int(used), max(0, int(grown))
