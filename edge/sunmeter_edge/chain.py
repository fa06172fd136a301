"""One rising sequence out of a meter's registers, through power cuts and boots. Pure.

A meter resumes its registers after a power cut; until it has heard the hub it counts apart, in the same fields, from
wherever it likes. The chain makes of both a cumulative sequence that never falls and never leaps:

- Registers that were resumed continue those resumed before: what lies between is energy.
- While a boot counts apart, only its own differences are energy; the resumed registers contain them, so they are not
  counted again when it resumes.
- A step that falls, or rises by more than the clamps can carry, is a change of registers and not energy. The chain goes
  on from there.
- Samples out of their boot's order, and those of a boot already left, tell nothing more: a clock was corrected.
"""

import json
from dataclasses import dataclass
from typing import NamedTuple

from .contract.ledger import MAX_QUARTER_MWH, QUARTER_MS, ZERO, Registers

SLACK_MS = 10_000  # two samples of one moment may differ by a burst


@dataclass(frozen=True)
class Sample:
    """A meter's registers at a moment."""

    at_ms: int
    boot_id: int
    seq: int
    registers: Registers
    resumed: bool


class Point(NamedTuple):
    """What the meter said, and where the chain stood then."""

    at_ms: int
    told: Registers
    registers: Registers


@dataclass(frozen=True)
class Chain:
    """The chain after its last sample: all that is needed to go on."""

    last: Point
    boot_id: int
    seq: int
    left_boot: int | None  # None: this is the first boot
    resumed: Point | None  # the last one that was not counted apart; None: there was none
    leaps: int = 0  # steps so far that were no energy: a register fell, or rose by more than the clamps can carry

    def follow(self, sample: Sample) -> "Chain":
        """The chain with one sample more; itself where the sample tells nothing."""
        same_boot = sample.boot_id == self.boot_id
        if sample.boot_id == self.left_boot or (same_boot and sample.seq < self.seq):
            return self
        registers = self.last.registers
        known = self.resumed if sample.resumed and self.resumed else self.last if same_boot else None
        is_energy = known is not None and _is_energy(known, sample)
        if known and is_energy:
            continued = known.registers.plus(sample.registers.since(known.told))
            registers = registers if continued.falls_below(registers) else continued
        point = Point(sample.at_ms, sample.registers, registers)
        return Chain(
            last=point,
            boot_id=sample.boot_id,
            seq=sample.seq,
            left_boot=self.left_boot if same_boot else self.boot_id,
            resumed=point if sample.resumed else self.resumed,
            leaps=self.leaps + (known is not None and not is_energy),
        )

    def to_json(self) -> str:
        return json.dumps(list(vars(self).values()), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Chain":
        last, boot_id, seq, left_boot, resumed, *leaps = json.loads(text)  # an older hub did not count leaps
        return cls(_point(last), boot_id, seq, left_boot, _point(resumed) if resumed else None, *leaps)


def begin(sample: Sample) -> Chain:
    """The chain of a meter's first sample."""
    point = Point(sample.at_ms, sample.registers, sample.registers)
    return Chain(point, sample.boot_id, sample.seq, None, point if sample.resumed else None)


def follow(chain: Chain | None, sample: Sample) -> Chain:
    """The chain with one sample more, whether or not it is the first."""
    return chain.follow(sample) if chain else begin(sample)


def _is_energy(known: Point, sample: Sample) -> bool:
    rise = sample.registers.since(known.told)
    most_mwh = (sample.at_ms - known.at_ms + SLACK_MS) * MAX_QUARTER_MWH // QUARTER_MS
    return not rise.falls_below(ZERO) and max(rise) <= most_mwh


def _point(row: list[object]) -> Point:
    at_ms, told, registers = row
    assert isinstance(at_ms, int)
    assert isinstance(told, list)
    assert isinstance(registers, list)
    return Point(at_ms, Registers(*told), Registers(*registers))
