"""What a notification and a mail say, in each language: short, with figure and unit, and never a way in."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contract import documents
from sunmeter.contract.features import NAMES
from sunmeter.domain import letters, people, words
from sunmeter.domain.alerts import Condition, judged
from sunmeter.domain.phrases import BY_LANGUAGE, Phrases

LANGUAGES = documents.LANGUAGES
CLOUDS_CHANNELS = {"outage_suspected", "outage_refuted", "day_energy", "day_pv", "month_cost"} | {
    f"pv_{cause}" for cause in ("trip", "shading", "soiling")
}


def alert(**changes: Any) -> dict[str, Any]:
    known = {
        **{"id": "a", "kind": "overuse", "start_ms": 1_795_305_600_000, "end_ms": None, "is_news": True},
        **{"channel": "house_60m", "value": 3120, "usual_lo": 180, "usual_hi": 900, "unit": "W"},
    }
    return judged(None, Condition(**{**known, **changes}), 1_795_305_600_000)


@pytest.mark.parametrize(
    ("language", "changes", "said"),
    [
        ("en", {}, "Home: the house drew on average over an hour 3,120 W, usually 180 to 900 W."),
        (
            "fr",
            {},
            "Home : la maison a consommé en moyenne sur une heure 3\u202f120 W, d'habitude de 180 à 900 W.",
        ),
        (
            "en",
            {"channel": "voltage_burst", "value": 198_450, "usual_lo": 207_000, "usual_hi": 253_000, "unit": "mV"},
            "Home: mains voltage 198.4 V, usually 207.0 to 253.0 V.",
        ),
        (
            "fr",
            {"channel": "pv_of_envelope_3h", "value": 312, "usual_lo": None, "unit": "permille"},
            "Home : production solaire, de ce que ce soleil permet, 31,2 %.",
        ),
        (
            "en",
            {"channel": "day_energy", "value": 21_340, "usual_lo": 8_000, "usual_hi": 14_000, "unit": "Wh"},
            "Home: used today so far 21.3 kWh, expected 8.0 to 14.0 kWh.",
        ),
        (
            "fr",
            {"channel": "month_cost", "value": 1132, "usual_lo": None, "usual_hi": 900, "unit": "EUR"},
            "Home : le mois coûtera sans doute 1\u202f132 EUR, prévu 900 EUR.",
        ),
        ("en", {"value": 5, "usual_lo": None, "channel": "new", "unit": ""}, "Home: 5."),
        ("en", {"value": None, "kind": "anomaly"}, "Home."),
        ("en", {"kind": "sensor", "channel": "clamps_swapped"}, "Home: the two clamps sit in each other's place."),
        ("fr", {"kind": "sensor", "channel": "pv_flat"}, "Home : la pince des panneaux ne bouge plus."),
        ("en", {"value": None, "kind": "silent"}, "Home: the meter cannot be heard. Check its power and Wi-Fi."),
    ],
)
def test_a_sentence_names_home_figure_unit_and_what_is_usual(language: str, changes: dict[str, Any], said: str) -> None:
    assert words.sentence(alert(**changes), "Home", language) == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_and_channel_has_words(language: str) -> None:
    phrases = BY_LANGUAGE[language]
    assert set(phrases.titles) == set(documents.ALERT_KINDS)
    wordless = {"none", "frozen", "no_current"}
    assert set(phrases.quantities) | set(phrases.facts) == (set(NAMES) - wordless) | CLOUDS_CHANNELS
    assert max(map(len, phrases.titles.values())) <= 50
    assert set(BY_LANGUAGE) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_is_short_whatever_the_home_is_called(language: str) -> None:
    phrases = BY_LANGUAGE[language]
    for channel in phrases.quantities:
        figures = {"value": -123_456_789, "usual_lo": -99_999_999, "usual_hi": 99_999_999, "unit": "permille"}
        assert len(words.sentence(alert(channel=channel, **figures), "x" * 80, language)) <= 178
    for kind in phrases.whys:
        assert len(words.sentence(alert(kind=kind, value=None), "x" * 80, language)) <= 178


def test_languages_differ_in_every_word() -> None:
    english, french = (BY_LANGUAGE[language] for language in LANGUAGES)
    for table in ("titles", "facts", "whys", "quantities", "ranges"):
        same = {name for name, word in getattr(english, table).items() if getattr(french, table)[name] == word}
        assert not same, table
    assert isinstance(english, Phrases)


@pytest.mark.parametrize(
    ("locale", "language"), [("fr", "fr"), ("fr-FR", "fr"), ("FR_ca", "fr"), ("de-DE", "en"), (None, "en"), (5, "en")]
)
def test_a_locale_names_a_language_that_we_write(locale: object, language: str) -> None:
    assert people.language_of(locale) == language


HOME = {"name": "Home", "zone": "Europe/Paris"}


def test_a_mail_has_plain_text_and_html_that_say_the_same() -> None:
    letter = letters.letter(alert(end_ms=1_795_309_200_000), HOME, "en")
    assert letter["subject"] == "More electricity than expected – Home"
    assert letter["text"].splitlines()[:3] == [
        "Home: the house drew on average over an hour 3,120 W, usually 180 to 900 W.",
        "",
        "From 2026-11-22 01:00 to 2026-11-22 02:00.",
    ]
    assert all(line in letter["html"] for line in letter["text"].split("\n\n")[:2])
    french = letters.letter(alert(), HOME, "fr")
    assert 'lang="fr"' in french["html"]
    assert "Depuis le 2026-11-22 01:00." in french["text"]


@given(some.text(string.printable, min_size=1, max_size=80))
def test_a_home_s_name_is_text_in_a_mail_and_nothing_else(name: str) -> None:
    letter = letters.letter(alert(), {**HOME, "name": f"<script>{name}"}, "en")
    assert "\n" not in letter["subject"]
    assert "\r" not in letter["subject"]
    assert "<script>" not in letter["html"]


def test_a_mail_that_is_written_twice_has_one_name() -> None:
    assert letters.mail_id("h", "a", "ada") == letters.mail_id("h", "a", "ada") != letters.mail_id("h", "a", "bob")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invitation_names_the_home_and_the_link_and_begins_no_header(language: str) -> None:
    mail = letters.invitation("Home {x}\r\nBcc: eve@example.org", "https://x.web.app/#/join/h/c", language)
    assert "\n" not in mail["subject"]
    assert "Home {x} Bcc:" in mail["subject"]
    assert "\nhttps://x.web.app/#/join/h/c\n" in mail["text"]
