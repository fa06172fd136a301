"""A meter's flash through many power cuts: each boot a process of its own, cut in the middle of a block operation."""

import json
import os
import random
import subprocess
from collections import Counter
from pathlib import Path

from .interpreters import FIRMWARE, HERE, MICROPYTHON

_MOST_OPERATIONS = 250  # programs and erases; a boot's first batch takes about thirty


def cut_power(folder: Path, cuts: int, flaws: str = "", seed: int = 1) -> Counter[str]:
    """Boots and cuts so often; returns the sums of what the boots printed, see probes/power_cut.py."""
    chance = random.Random(seed)
    sums: Counter[str] = Counter()
    environment = {**os.environ, "MICROPYPATH": f"{HERE / 'probes'}:{FIRMWARE}:.frozen"}
    for boot in range(1, cuts + 1):
        after = chance.randrange(1, _MOST_OPERATIONS)
        command = [str(MICROPYTHON), "-X", "heapsize=4m", "-m", "power_cut", str(folder), str(boot), str(after), flaws]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        sums["boots_failed"] += done.returncode != 0
        if done.returncode:
            return sums
        sums.update(json.loads(done.stdout))
    return sums
