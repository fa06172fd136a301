"""The two front ends and Wi-Fi, on fakes that speak their parts' own protocols; on every interpreter."""

import pytest

from tests.firmware.interpreters import Interpreter

PROBE = "probe_front_end"
WRAP = 1 << 30
MOST_CODE, FAILED = 4095, 65535
CODES = [0x123, 0xABC, 0xFFF, 0, 0, 0, 0, 0]


def test_a_triple_is_voltage_and_both_clamps_in_twelve_bits(interpreter: Interpreter) -> None:
    start, codes, _ = interpreter.call(PROBE, "esp32_capture", 4, 5000, 40, {})
    assert codes == [100, 1000, 2000, 101, 1001, 2001, 102, 1002, 2002, 103, 1003, 2003]
    assert start == 5001


def test_triples_are_paced_at_a_quarter_of_a_millisecond(interpreter: Interpreter) -> None:
    _, _, read_at_us = interpreter.call(PROBE, "esp32_capture", 40, 0, 40, {})
    assert all(0 <= at_us - 250 * k <= 4 for k, at_us in enumerate(read_at_us))


def test_a_late_triple_delays_none_but_those_it_covers(interpreter: Interpreter) -> None:
    _, _, read_at_us = interpreter.call(PROBE, "esp32_capture", 12, 0, 40, {"3": 600})
    late_us = [at_us - 250 * k for k, at_us in enumerate(read_at_us)]
    assert late_us[4] > late_us[5] > late_us[6] > late_us[7] > 50
    assert max(late_us[:4] + late_us[8:]) <= 4


def test_ticks_wrap_in_the_middle_of_a_capture(interpreter: Interpreter) -> None:
    start, _, read_at_us = interpreter.call(PROBE, "esp32_capture", 40, WRAP - 3000, 40, {})
    assert start == WRAP - 2999
    assert all(0 <= at_us - 250 * k <= 4 for k, at_us in enumerate(read_at_us))
    start, codes, took_us = interpreter.call(PROBE, "mcp3208_capture", 40, CODES, WRAP - 3000)
    assert start == WRAP - 2999
    assert codes == CODES[:3] * 40
    assert 39 * 250 <= took_us <= 40 * 250


def test_a_conversion_that_fails_costs_its_triple_and_no_more(interpreter: Interpreter) -> None:
    _, codes, read_at_us = interpreter.call(PROBE, "esp32_capture", 12, 0, 40, {}, [7])
    assert codes[3 * 6 : 3 * 9] == [106, 1006, 2006, *[FAILED] * 3, 108, 1008, 2007]
    assert all(0 <= at_us - 250 * k <= 4 for k, at_us in enumerate(read_at_us))


def test_a_front_end_that_fails_again_and_again_is_an_error(interpreter: Interpreter) -> None:
    interpreter.call(PROBE, "esp32_capture", 40, 0, 40, {}, list(range(8)))
    with pytest.raises(AssertionError, match="OSError"):
        interpreter.call(PROBE, "esp32_capture", 40, 0, 40, {}, list(range(9)))
    interpreter.call(PROBE, "mcp3208_with_failures", 20, CODES, list(range(8)), [])
    with pytest.raises(AssertionError, match="OSError"):
        interpreter.call(PROBE, "mcp3208_with_failures", 20, CODES, list(range(9)), [])


def test_the_table_follows_the_reference_that_the_chip_was_measured_with(interpreter: Interpreter) -> None:
    """196602 / 65536 * vref / 4096 mV per code and 142 mV, as Espressif's line for 11 dB says."""
    for vref_mv in (1000, 1100, 1180):
        mv = round(1500 * vref_mv * 196602 / 65536 / 4096 + 142)
        table = interpreter.call(PROBE, "esp32_table", 1500, mv)
        assert table[1] == pytest.approx(2 * (1000 * vref_mv * 196602 / 65536 / 4096 + 142), abs=2.1)


def test_the_mcp3208_is_asked_for_three_single_ended_channels(interpreter: Interpreter) -> None:
    start, codes, took_us = interpreter.call(PROBE, "mcp3208_capture", 3, CODES)
    assert codes == CODES[:3] * 3
    assert start == 1
    assert 2 * 250 <= took_us <= 3 * 250


@pytest.mark.parametrize(
    ("sent", "code"),
    [(bytes((6, 0, 0)), 0x801), (bytes((6, 64, 0)), 0x802), (bytes((6, 128, 0)), 0x803), (bytes((7, 192, 0)), 0x808)],
)
def test_the_fake_chip_reads_the_data_sheets_commands(interpreter: Interpreter, sent: bytes, code: int) -> None:
    answer = interpreter.call(PROBE, "mcp3208_answer", sent)
    assert answer[1] & 0x1F == code >> 8
    assert answer[2] == code & 0xFF


@pytest.mark.parametrize("sent", [bytes((4, 0, 0)), bytes((3, 0, 0)), bytes((0, 0, 0))])
def test_the_fake_chip_answers_other_commands_with_garbage(interpreter: Interpreter, sent: bytes) -> None:
    """Differential, begun a bit late, no start bit."""
    assert interpreter.call(PROBE, "mcp3208_answer", sent) == bytes.fromhex("abcdef")


@pytest.mark.parametrize("fails_at", [3, 4, 5])
def test_an_exchange_that_breaks_off_costs_its_triple(interpreter: Interpreter, fails_at: int) -> None:
    codes = interpreter.call(PROBE, "mcp3208_with_failures", 3, CODES, [fails_at], [])
    assert codes == [*CODES[:3], *[FAILED] * 3, *CODES[:3]]


def test_an_answer_without_its_null_bit_is_a_failed_conversion(interpreter: Interpreter) -> None:
    codes = interpreter.call(PROBE, "mcp3208_with_failures", 3, CODES, [], [4])
    assert codes[4] > MOST_CODE
    assert codes[:4] + codes[5:] == [*CODES[:3], CODES[0], CODES[2], *CODES[:3]]


def test_a_failed_conversion_costs_its_cycle_and_no_more(interpreter: Interpreter) -> None:
    """A driver that does not sample by itself loses a cycle between any two captures."""
    good, bad_cycles, gaps_us = interpreter.call(PROBE, "bursts_around_a_failure")
    assert good == 10
    assert bad_cycles == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert max(gaps_us) < 21_000


def test_a_chip_that_is_not_there_is_nothing_but_failures(interpreter: Interpreter) -> None:
    assert min(interpreter.call(PROBE, "mcp3208_absent")) > MOST_CODE


def test_the_mcp3208s_table_is_a_line_to_its_reference(interpreter: Interpreter) -> None:
    assert interpreter.call(PROBE, "mcp3208_table", 2500) == [0, 1, 2500, 4999]
    assert interpreter.call(PROBE, "mcp3208_table", 3300) == [0, 2, 3300, 6598]


def test_neither_driver_allocates_while_it_samples(unix: Interpreter) -> None:
    assert unix.call(PROBE, "locked_captures") == [[2000] * 3, [0x7D0] * 3]


def test_wifi_is_asked_for_again_ever_more_rarely_and_for_ever(interpreter: Interpreter) -> None:
    steps = [(second * 1000, False) for second in range(0, 1200, 5)]
    told = interpreter.call(PROBE, "wifi_calls", steps)
    asked_s = [step[0] // 1000 for step, calls in zip(steps, told, strict=True) if calls]
    assert asked_s == [0, 10, 30, 70, 150, 310, 470, 630, 790, 950, 1110]
    anew = "off on pm connect"
    assert [calls for calls in told if calls][:4] == [anew, "let go connect", anew, anew]


def test_wifi_that_was_up_is_asked_for_at_once_when_it_is_lost(interpreter: Interpreter) -> None:
    steps = [(0, False), (10000, False), (30000, False), (31000, True), (31500, False)]
    assert interpreter.call(PROBE, "wifi_calls", steps)[-2:] == ["", "off on pm connect"]


def test_wifi_comes_back_after_weeks_of_uptime(interpreter: Interpreter) -> None:
    """Half of the ticks' range is 6.2 days: a difference to the last attempt then turns negative."""
    half = WRAP // 2
    steps = [(0, False), (5000, False), (half + 1000, False), (half + 2000, False)]
    assert interpreter.call(PROBE, "wifi_calls", steps) == ["off on pm connect", "", "let go connect", ""]


def test_what_the_wifi_driver_raises_is_one_more_attempt(interpreter: Interpreter) -> None:
    told = interpreter.call(PROBE, "wifi_calls", [(0, False), (10000, False), (30000, False)], True)
    assert told == ["off on pm connect", "let go connect", "off on pm connect"]
