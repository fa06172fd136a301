"""The kernel: exact, alike on every interpreter, within 32 bits, and without allocation."""

import importlib.util
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
    words = interpreter.call("probe_metering", "sums", capture.tobytes(), 40, 40 - lag, 20 - lag, STATE["offsets"], N)
    signals = np.array(lut)[np.array(capture)].reshape(-1, 3).astype(object) - np.array(STATE["offsets"])
    v, g, p = signals[40 : 40 + N].T
    before = [signals[at : at + N, 0] for at in (40 - lag, 39 - lag, 20 - lag)]
    assert words[9:12] == [v.sum(), g.sum(), p.sum()]
    products = [v @ v, g @ g, p @ p, *(x @ g for x in before), *(x @ p for x in before)]
    assert [words[k] + 65536 * words[k + 1] for k in range(12, 30, 2)] == products
    raw = np.array(capture).reshape(-1, 3)[40 : 40 + N]
    assert words[8] == int(((raw < 5) | (raw > 4090)).sum())


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


for _name in ("add", "sub", "mul", "and", "rshift", "radd", "rsub", "rmul", "rand"):
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
    state = [30, 30 - lag, 10 - lag, *offsets, 0, 65535, *([0] * 22)]
    kernel.sums(capture, steps, state, n)
    return state


@settings(max_examples=60, deadline=None)
@given(
    offset=st.integers(0, 9000),
    steps=st.lists(st.integers(0, 32767), min_size=1, max_size=7),
    n=st.integers(1, 60),
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
    short = _sums(kernel, steps, [0, 0, 0], 6 * len(steps))
    return [-(-word * n // (6 * len(steps))) for word in short[8:]]


def test_a_word_too_long_is_noticed(narrow_kernel: ModuleType) -> None:
    with pytest.raises(AssertionError):
        _sums(narrow_kernel, [60000], [0, 0, 0], 2)


def test_kernel_and_capture_allocate_nothing(unix: Interpreter) -> None:
    assert unix.call("probe_allocation", "run_locked", linear_lut().tobytes()) is True


def test_a_burst_leaves_little_to_collect(unix: Interpreter) -> None:
    assert unix.call("probe_allocation", "bytes_per_burst", linear_lut().tobytes()) < 4096  # 64-bit words: half of it
