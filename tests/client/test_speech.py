import ast
import datetime as dt
import string
from pathlib import Path

import pytest

import sunmeter_app
from sunmeter_app.contract import documents, ledger
from sunmeter_app.problems import Problem
from sunmeter_app.speech import Speech
from sunmeter_app.strings import EN, NO_BREAK, SENTENCES

PACKAGE = Path(sunmeter_app.__file__).parent
PARIS = Speech("en", "Europe/Paris")


def test_numbers_are_written_with_fixed_digits_and_a_real_minus_sign() -> None:
    assert PARIS.number(-1880.456, 2) == "−1,880.46"
    assert PARIS.number(-0.001, 2) == "0.00"
    assert PARIS.kw(1240) == "1.24"


@pytest.mark.parametrize(("wh", "written"), [(0, "0.00"), (9_994, "9.99"), (9_996, "10.0"), (999_960, "1,000")])
def test_energy_loses_digits_as_it_grows(wh: float, written: str) -> None:
    assert PARIS.kwh(wh) == written


def test_times_follow_the_homes_zone_and_its_change_of_clocks() -> None:
    before, after = 1_774_744_200, 1_774_747_800  # 29 March 2026, 00:30 and 01:30 UTC: clocks go from 2 to 3
    assert (PARIS.clock(before), PARIS.clock(after)) == ("01:30", "03:30")
    assert Speech("en", "Asia/Kathmandu").clock(0) == "05:30"


def test_a_moment_is_told_as_one_says_it() -> None:
    now_s = dt.datetime(2026, 6, 18, 13, 24, tzinfo=PARIS.tz).timestamp()
    assert PARIS.when(now_s - 3600, now_s) == "12:24"
    assert PARIS.when(now_s - 50_000, now_s) == "Yesterday 23:30"
    assert PARIS.when(now_s - 50_000, now_s, within=True) == "yesterday 23:30"
    assert PARIS.when(now_s - 4 * 86_400, now_s) == "14 Jun, 13:24"
    assert PARIS.when(now_s - 365 * 86_400, now_s) == "18 Jun 2025, 13:24"


def test_a_span_that_ends_at_midnight_ends_at_24() -> None:
    start_s = dt.datetime(2026, 6, 18, 23, 0, tzinfo=PARIS.tz).timestamp()
    assert PARIS.span(start_s, start_s + 3600) == "23:00–24:00"


@pytest.mark.parametrize(
    ("age_ms", "told"), [(0, "0 s"), (119_999, "119 s"), (120_000, "2 min"), (7_200_000, "2 h"), (200_000_000, "2 d")]
)
def test_an_age_is_told_in_one_unit(age_ms: int, told: str) -> None:
    assert PARIS.age(age_ms) == told


@pytest.mark.parametrize(
    ("number", "unit", "told"),
    [
        (4210, "W", "4.21 kW"),
        (310, "W", "310 W"),
        (254_300, "mV", "254.3 V"),
        (21_340, "Wh", "21.34 kWh"),
        (420, "permille", "42 %"),
        (7, "min", "7 min"),
    ],
)
def test_a_quantity_is_told_in_the_unit_people_know(number: float, unit: str, told: str) -> None:
    assert PARIS.quantity(number, unit).replace(NO_BREAK, " ") == told


def test_a_problem_becomes_our_sentence_else_the_servers_else_its_code() -> None:
    assert PARIS.problem(Problem("weak_password")) == EN["problem.weak_password"]
    assert PARIS.problem(Problem("brand_new", sentence="The server says so.")) == "The server says so."
    assert "brand_new" in PARIS.problem(Problem("brand_new"))


# --- every key that is used exists, and every key that exists is used ------------------------------------------------


def test_every_sentence_that_is_asked_for_is_there() -> None:
    missing = [key for key in _literal_keys() if key not in EN]
    assert missing == []


def test_every_sentence_is_asked_for_somewhere() -> None:
    used, prefixes = _literal_keys(), _prefixes()
    unused = [key for key in EN if key not in used and not key.startswith(tuple(prefixes))]
    assert unused == []


def test_every_quality_and_cause_of_the_contract_has_its_words() -> None:
    keys = [f"cause.{cause}" for cause in documents.CAUSES]
    keys += [f"quality.{ledger.QUALITIES[q]}" for q in (ledger.MISSING, ledger.ESTIMATED, ledger.RECOVERED)]
    assert [key for key in keys if key not in EN] == []


def test_all_languages_have_the_same_keys_and_the_same_blanks() -> None:
    for language, sentences in SENTENCES.items():
        assert sentences.keys() == EN.keys(), language
        for key, sentence in sentences.items():
            assert _blanks(sentence) == _blanks(EN[key]), key


def _blanks(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def _strings() -> list[ast.expr]:
    """Every string in the app's own modules, except the sentences themselves."""
    files = [path for path in PACKAGE.rglob("*.py") if not {"strings", "contract"} & set(path.parts)]
    trees = [ast.parse(path.read_text()) for path in files]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)]
    pieces = {id(piece) for node in nodes if isinstance(node, ast.JoinedStr) for piece in node.values}
    return [node for node in nodes if id(node) not in pieces]


def _literal_keys() -> set[str]:
    """String constants that look like keys of a known group."""
    groups = {key.partition(".")[0] for key in EN if "." in key}
    found = {n.value for n in _strings() if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    dotted = {
        s
        for s in found
        if s.count(".") == 1 and s.partition(".")[0] in groups and s.replace(".", "").replace("_", "").isalnum()
    }
    return dotted | {s for s in found if s in EN}


def _prefixes() -> set[str]:
    """What stands before the first blank of an f-string: f"cause.{gap.cause}" uses the group "cause."."""
    firsts = [n.values[0] for n in _strings() if isinstance(n, ast.JoinedStr) and n.values]
    texts = [first.value for first in firsts if isinstance(first, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and "." in text}
