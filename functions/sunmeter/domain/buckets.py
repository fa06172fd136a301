"""Token buckets: how often one caller may come, counted in this instance alone. Pure; moments in seconds of any clock.

A caller has `burst` calls at once and `per_s` more each second. What an instance does not see it does not count: with
`max_instances` the bound on a flood is so many times as high, and costs no write.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass
class Buckets:
    """A bucket for each caller, the `most` that came last; who is forgotten begins with a full one."""

    per_s: float
    burst: int
    most: int = 10_000  # about 2 MB
    _left: OrderedDict[Hashable, tuple[float, float]] = field(default_factory=OrderedDict)  # (tokens, when)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # an instance serves many requests at once

    def wait_s(self, caller: Hashable, now_s: float) -> float:
        """0.0 where the caller is let in, and counted; else the time until it would be."""
        with self._lock:
            tokens, then_s = self._left.pop(caller, (float(self.burst), now_s))
            tokens = min(self.burst, tokens + max(0.0, now_s - then_s) * self.per_s)
            is_in = tokens >= 1.0
            self._left[caller] = (tokens - is_in, now_s)
            while len(self._left) > self.most:
                self._left.popitem(last=False)
        return 0.0 if is_in else (1.0 - tokens) / self.per_s
