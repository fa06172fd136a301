"""The kernel: exact, alike on every interpreter, within 32 bits, and without allocation."""

import importlib.util
import itertools
import random
from array import array
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.interpreters import FIRMWARE, HERE, Interpreter

N = 300
STATE = {"first": 40, "delayed": 38, "quarter": 18, "offsets": [2600, 2590, 2610]}


def random_capture(seed: int, n: int = N + 60) -> "array[int]":
    chance = random.Random(seed)
    return array("H", [chance.randrange(4096) for _ in range(3 * n)])


def linear_lut() -> "array[int]":
    return array("H", [284 + code * 1301 // 1000 for code in range(4096)])


@pytest.mark.parametrize("lag", [-2, 0, 2])
@pytest.mark.parametrize("seed", range(3))
def test_its_words_are_the_exact_sums_on_every_interpreter(interpreter: Interpreter, lag: int, seed: int) -> None:
    capture, lut = random_capture(seed), linear_lut()
    interpreter.call("probe_metering", "set_lut", lut.tobytes())
    ends = [37, 80, 81, N]
    packed = capture.tobytes()
    words, squares, halves, least, most = interpreter.call(
        "probe_metering", "sums", packed, 40, 40 - lag, 20 - lag, STATE["offsets"], ends
    )
    signals = np.array(lut)[np.array(capture)].reshape(-1, 3).astype(object) - np.array(STATE["offsets"])
    v, g, p = signals[40 : 40 + N].T
    before = [signals[at : at + N, 0] for at in (40 - lag, 39 - lag, 20 - lag)]
    assert words[6:9] == [v.sum(), g.sum(), p.sum()]
    products = [v @ v, g @ g, p @ p, *(x @ g for x in before), *(x @ p for x in before)]
    assert [words[k] + 65536 * words[k + 1] for k in range(9, 27, 2)] == products
    assert [squares[k] + 65536 * squares[k + 1] for k in range(0, 8, 2)] == [v[:end] @ v[:end] for end in ends]
    own = [0] + [v[first:end] @ v[first:end] / 64 for first, end in itertools.pairwise([0, *ends])]
    assert np.abs(np.array(halves) - np.array(own, dtype=float)).max() <= 1
    pairs = [one + other for one, other in itertools.pairwise(halves[1:])]
    assert (least, most) == (min(pairs), max(pairs))


@pytest.mark.parametrize("seed", range(3))
def test_it_sees_every_jump_and_every_clipped_sample_alike_on_every_interpreter(
    interpreter: Interpreter, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    codes = chance.integers(1000, 1200, (200, 3))
    codes[chance.integers(20, 180, 6), chance.integers(0, 3, 6)] = chance.choice([3, 700, 1500, 4094], 6)
    codes[:, seed] = 1234
    found = interpreter.call("probe_metering", "screen", codes.astype("<u2").tobytes(), [5, 4090], 10, 190, 120)
    steps = np.abs(np.diff(codes, axis=0))[9:189] > 150
    clipped = (codes[10:190] < 5) | (codes[10:190] > 4090)
    bits = sum(1 << channel for channel in range(3) if clipped[:, channel].any())
    assert found[:4] == [int(steps.sum()), int(clipped.sum()), bits, 1 << seed]
    assert sorted(found[4]) == (30 + np.flatnonzero(steps)).tolist()


@pytest.mark.parametrize("code", [4096, 65535])
def test_a_failed_conversion_is_seen_before_anything_reads_the_table_with_it(
    interpreter: Interpreter, code: int
) -> None:
    codes = np.full((60, 3), 2000)
    codes[33, 1] = codes[0, 0] = code
    codes[34, 1] = 2100
    packed = codes.astype("<u2").tobytes()
    assert interpreter.call("probe_metering", "screen", packed, [5, 4090], 10, 60, 120)[0] == -1
    triples, mended = interpreter.call("probe_metering", "mend", packed, 1, 60)
    codes[33, 1] = 2000
    assert (triples, mended) == ([33], codes.astype("<u2").tobytes())


def cut(interpreter: Interpreter, found: list[int], start: int, cycles: int, *, end: int = 1000) -> Any:
    """Positions in triples, with a period of 80."""
    count, ends, points, timed, odd = interpreter.call(
        "probe_metering", "cut", found, start * 256, 80 * 256, end * 256, cycles
    )
    assert len(ends) == len(points) == 2 * count
    assert ends == [(point + 128) // 256 - start - 1 for point in points]
    return count, [point / 256 for point in points[1::2]], timed, odd


def test_cycles_end_with_their_crossings(interpreter: Interpreter) -> None:
    count, ends, timed, odd = cut(interpreter, [141, 222, 301, 380], 60, 4)
    assert (count, ends, timed, odd) == (4, [140.5, 221.5, 300.5, 379.5], 0b1111, 0)


def test_a_crossing_that_noise_made_divides_no_cycle(interpreter: Interpreter) -> None:
    count, ends, timed, odd = cut(interpreter, [90, 141, 200, 221, 300], 60, 3)
    assert (count, ends, timed, odd) == (3, [140.5, 220.5, 299.5], 0b111, 0)


def test_without_crossings_cycles_last_as_long_as_the_last_ones(interpreter: Interpreter) -> None:
    count, ends, timed, odd = cut(interpreter, [141], 60, 5)
    assert (count, ends, timed, odd) == (5, [140.5, 220.5, 300.5, 380.5, 460.5], 0b1, 0)


@pytest.mark.parametrize("late", range(8, 78, 5))
def test_mains_that_come_back_at_any_phase_cost_one_odd_cycle(interpreter: Interpreter, late: int) -> None:
    """The cycle in which they come back is shorter or longer than any; those after it are whole again."""
    back = [300 + late, 380 + late, 460 + late, 540 + late]
    _, ends, timed, odd = cut(interpreter, back, 60, 10, end=545 + late)
    assert odd.bit_count() == 1
    lengths = np.diff([60, *ends])
    assert sum(abs(length - 80) > 2.5 for length in lengths) == 1
    assert lengths.min() >= 40
    assert lengths.max() <= 120
    assert timed.bit_count() == 4


def test_a_last_cycle_whose_crossing_may_follow_is_left_for_the_next_burst(interpreter: Interpreter) -> None:
    assert cut(interpreter, [141, 222, 303], 60, 10, end=390)[0] == 3
    assert cut(interpreter, [], 60, 10, end=390)[0] == 4


class Narrow(int):
    """An integer that has to fit into 32 bits with its sign, whatever is done to it."""

    def __new__(cls, number: Any) -> "Narrow":
        assert -(2**31) <= int(number) < 2**31, number
        return super().__new__(cls, number)


def _narrowed(name: str) -> Any:
    plain = getattr(int, name)

    def operation(self: int, other: int) -> Any:
        return Narrow(plain(self, other))

    return operation


for _name in ("add", "sub", "mul", "and", "or", "rshift", "lshift", "radd", "rsub", "rmul", "rand", "ror"):
    setattr(Narrow, f"__{_name}__", _narrowed(f"__{_name}__"))


@pytest.fixture(scope="module")
def narrow_kernel() -> ModuleType:
    """The kernel's own source, every number of it a Narrow."""
    shim = importlib.util.spec_from_file_location("micropython", HERE / "shims/micropython.py")
    assert shim
    assert shim.loader
    shimmed = importlib.util.module_from_spec(shim)
    shim.loader.exec_module(shimmed)
    source = (FIRMWARE / "kernel.py").read_text().replace("import micropython", "")
    kernel = ModuleType("narrow_kernel")
    vars(kernel).update({"micropython": shimmed, "int": Narrow})
    exec(compile(source, "kernel.py", "exec"), vars(kernel))
    return kernel


def _sums(kernel: ModuleType, steps: list[int], offsets: list[int], n: int, lag: int = 0) -> list[int]:
    """Runs the kernel over a capture that repeats these (already linearised) steps."""
    capture = [k % len(steps) for k in range(3 * (n + 40))]
    state = [30, 30 - lag, 10 - lag, *offsets, *([0] * 21)]
    marks = [0] * kernel.MARK_WORDS
    parts = list(range(127, n, 127))[: kernel.MOST_PARTS - 1] if n <= 24 * 127 else []
    marks[0 : 2 + len(parts)] = [len(parts) + 1, *parts, n]
    kernel.sums(capture, steps, state, marks)
    if parts or n <= 127:
        kernel.cycles(marks)
    return state + marks


@settings(max_examples=60, deadline=None)
@given(
    offset=st.integers(0, 9000),
    steps=st.lists(st.integers(0, 32767), min_size=1, max_size=7),
    n=st.integers(1, 300),
    lag=st.integers(-8, 16),
)
def test_no_intermediate_needs_more_than_32_bits(
    narrow_kernel: ModuleType, offset: int, steps: list[int], n: int, lag: int
) -> None:
    most = narrow_kernel.MAX_STEPS
    within = [max(0, min(step, offset + most)) for step in steps]
    state = _sums(narrow_kernel, within, [offset, 9000 - offset, offset // 2], n, lag)
    assert all(-(2**31) <= word < 2**31 for word in state)


@pytest.mark.parametrize("steps", [[23170], [0, 23170], [0], [181, 0, 11585]])
def test_the_longest_window_of_the_farthest_samples_fits(narrow_kernel: ModuleType, steps: list[int]) -> None:
    state = _extrapolated(narrow_kernel, steps, narrow_kernel.MAX_TRIPLES)
    assert all(-(2**31) <= word < 2**31 for word in state)


def _extrapolated(kernel: ModuleType, steps: list[int], n: int) -> list[int]:
    """The words of a long window of a repeating pattern: they grow in proportion."""
    short = _sums(kernel, steps, [0, 0, 0], 6 * len(steps))[: kernel.STATE_WORDS]
    return [-(-word * n // (6 * len(steps))) for word in short[6:]]


def test_the_longest_half_cycles_of_the_farthest_samples_fit(narrow_kernel: ModuleType) -> None:
    words = _sums(narrow_kernel, [23170], [0, 0, 0], 127 * 5)
    assert words[narrow_kernel.STATE_WORDS + narrow_kernel.MOST] == pytest.approx(2 * 127 * 23170**2 / 64, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    codes=st.lists(st.integers(0, 65535), min_size=9, max_size=60),
    limits=st.tuples(st.integers(0, 4095), st.integers(0, 4095)),
)
def test_screening_whatever_a_front_end_writes_needs_no_more_than_32_bits(
    narrow_kernel: ModuleType, codes: list[int], limits: tuple[int, int]
) -> None:
    n = len(codes) // 3
    jumps = narrow_kernel.screen(codes, [*sorted(limits), 1, n, 8, 0, 0, 0], [0] * 8)
    assert (jumps == -1) == (max(codes[3 : 3 * n], default=0) > narrow_kernel.MOST_CODE)


@settings(max_examples=100, deadline=None)
@given(
    found=st.lists(st.integers(0, 1263), max_size=32).map(sorted),
    start=st.integers(30 * 256, 400 * 256),
    period=st.integers(57 * 256, 89 * 256),
    end=st.integers(500, 1263),
)
def test_whatever_crosses_zero_cycles_follow_each_other_and_are_never_too_long(
    narrow_kernel: ModuleType, found: list[int], start: int, period: int, end: int
) -> None:
    marks = [0] * narrow_kernel.MARK_WORDS
    count = narrow_kernel.cut(found, [start, period, end * 256, len(found), 10], marks)
    points = [start, *marks[narrow_kernel.POINTS + 2 : narrow_kernel.POINTS + 2 + 2 * count]]
    assert 0 <= count <= 10
    assert points == sorted(points)
    assert all(3 * period // 2 >= b - a >= period // 2 for a, b in zip(points[::2], points[2::2], strict=False))
    assert points[-1] <= max(end, max(found, default=0)) * 256


def test_a_word_too_long_is_noticed(narrow_kernel: ModuleType) -> None:
    with pytest.raises(AssertionError):
        _sums(narrow_kernel, [60000], [0, 0, 0], 2)


def test_kernel_and_capture_allocate_nothing(unix: Interpreter) -> None:
    assert unix.call("probe_allocation", "run_locked", linear_lut().tobytes()) is True


def test_a_burst_leaves_little_to_collect(unix: Interpreter) -> None:
    assert unix.call("probe_allocation", "bytes_per_burst", linear_lut().tobytes()) < 4096  # 64-bit words: half of it
