"""The pictures of the anomaly benchmark, drawn from small data."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from bench._anomaly_charts import Bar, FaultDay, HomeSizes, fault_day, homes, peers
from bench._anomaly_judge import Found, Trial
from bench._anomaly_pictures import SHOWN, drawn, shown_day
from bench._minute_faults import FAULTS, Placed
from bench._minute_house import Seen
from bench._nights import Nights
from sunmeter.learning import anomaly
from tests.unit.learning.homes import START_S, minutes

DAYS = 30
DAY = FaultDay(
    title="A day",
    score=[0.5, 1.0, 2.0, 8.0, 30.0, 9.0],
    threshold=4.5,
    first_minute=1430,
    fault=(2, 6),
    alert=3,
    reason="tamper: house_min_3h 12 W, usually 80 to 140",
)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("text")]


def shapes(svg: str, kind: str) -> list[ET.Element]:
    return [element for element in ET.fromstring(svg).iter() if element.get("class") == kind]


def test_a_day_shows_its_score_the_threshold_the_fault_and_the_reason() -> None:
    svg = fault_day(DAY)
    assert "threshold 4.5" in texts(svg)
    assert DAY.reason in texts(svg)
    (line,) = shapes(svg, "line")
    assert line.attrib["d"].count("L") == len(DAY.score) - 1
    (limit,), (fault,), (mark,) = shapes(svg, "limit"), shapes(svg, "fault"), shapes(svg, "mark")
    assert float(mark.attrib["cy"]) < float(limit.attrib["d"].split()[1].split("H")[0])
    assert float(mark.attrib["cx"]) >= float(fault.attrib["x"])


def test_a_fault_that_was_never_told_has_no_mark() -> None:
    untold = FaultDay("A day", [0.5, 1.0], 4.5, 0, (1, 2), None, "")
    assert shapes(fault_day(untold), "mark") == []


def test_the_best_detector_is_on_top_and_ours_stands_out() -> None:
    svg = peers({"peer": Bar(0.5, 0.25), "ours": Bar(0.9, 0.8)}, "ours", "two runs")
    names = [text for text in texts(svg) if text in ("peer", "ours")]
    assert names == ["ours", "peer"]
    (ours,), (peer,) = shapes(svg, "ours"), shapes(svg, "peer")
    assert float(ours.attrib["width"]) / float(peer.attrib["width"]) == pytest.approx(1.8)


def test_a_home_shows_what_it_knows() -> None:
    svg = homes({"noisy": HomeSizes(3000.0, None, 400.0, 0.25), "quiet": HomeSizes(300.0, 900.0, None, 1.0)})
    assert [text for text in texts(svg) if text in ("noisy", "quiet")] == ["quiet", "noisy"]
    assert [text for text in texts(svg) if text.endswith("%")] == ["100%", "25%"]
    legend = 1
    assert [len(shapes(svg, kind)) - legend for kind in ("ours", "day", "base")] == [2, 1, 1]


def test_each_picture_is_legible_on_light_and_dark() -> None:
    for svg in (
        fault_day(DAY),
        peers({"ours": Bar(0.9, 0.8)}, "ours", ""),
        homes({"a": HomeSizes(1.0, None, None, 0)}),
    ):
        assert "prefers-color-scheme:dark" in svg
        assert {element.get("fill") for element in ET.fromstring(svg).iter()} == {None}
        used = {element.get("class") for element in ET.fromstring(svg).iter()} - {None, "soft", "name", "reason"}
        assert all(svg.count(f".{kind}{{") == 2 for kind in used)


def test_the_pictures_come_from_a_model_and_its_faults() -> None:
    month = minutes(DAYS)
    trained = anomaly.train(month, zone="UTC", now_s=START_S + DAYS * 86_400, version=1)
    bypass = next(fault for fault in FAULTS if fault.name == SHOWN)
    trial = Trial(Seen.of(month), [])
    place = Placed(bypass, 20 * 1440 + 600)
    injected, begin = place.injected(month)
    trial.faulty.append((place, Seen.of(injected), begin))
    day = shown_day(trained, trial)
    assert (len(day.score), day.fault) == (1440, (360, 1440))
    assert day.alert is not None
    assert day.alert >= day.fault[0]
    assert ": " in day.reason
    assert np.max(day.score[day.alert :]) >= day.threshold
    found = Found(1, {fault.name: [10, None] for fault in FAULTS})
    nights = {"home": Nights([True, False], [{"night_w": 500}, {"night_w": 700, "day_w": 2000}])}
    svgs = drawn({"Sunmeter": [found], "peer": [found]}, "Sunmeter", day, nights, "one run")
    assert set(svgs) == {"anomaly_day.svg", "anomaly_peers.svg", "anomaly_homes.svg"}
    assert day.reason in texts(svgs["anomaly_day.svg"])
    assert "50%" in texts(svgs["anomaly_homes.svg"])
