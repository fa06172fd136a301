"""Recordings are recognised by their header, read strictly, and refused with line, column and reason."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from twin.recordings import BadRecording, day_date, describe, read_recording

UCI = "datetime,p_kw,q_kvar,v,i_a,sub1_wh,sub2_wh,sub3_wh\n"
ORIGINAL = (
    "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;"
    "Sub_metering_1;Sub_metering_2;Sub_metering_3\n"
)
CITYLEARN = "home,datetime,load_kwh,pv_kwh\n"
OPSD = "utc_timestamp,grid_export_kwh,grid_import_kwh,pv_kwh,house_kwh\n"


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def hours(rows: list[str], day: str = "2016-08-01") -> str:
    return "".join(f"{row.replace('T', f'{day} {hour:02d}:00:00')}\n" for hour, row in enumerate(rows))


def test_the_uci_minutes_of_the_data_set_are_read(recordings: Path) -> None:
    read = read_recording(str(recordings / "uci_minute_60d.csv.gz"))
    assert (read.step_min, read.utc, len(read.house_w)) == (1, False, 86_400)
    assert read.house_w[0] == pytest.approx(4216.0)
    assert read.v_v is not None
    assert read.v_v[0] == pytest.approx(234.84)
    assert len(read.complete_days()) == read.days == 59


def test_every_home_of_citylearn_can_be_chosen(recordings: Path) -> None:
    read = read_recording(f"{recordings / 'citylearn_homes.csv.gz'}#3")
    assert read.homes == ("1", "2", "3", "4", "5", "6", "8")
    assert read.pv_w is not None
    assert read.pv_w.max() > 1000
    with pytest.raises(BadRecording, match="there is no home '7'; there are 1, 2, 3, 4, 5, 6, 8"):
        read_recording(f"{recordings / 'citylearn_homes.csv.gz'}#7")


def test_opsd_hours_are_utc_and_their_gaps_are_kept(recordings: Path) -> None:
    read = read_recording(str(recordings / "opsd_residential4_60min.csv.gz"))
    assert read.utc
    assert read.gaps() > 0
    assert 0 < len(read.complete_days()) < read.days
    assert np.nanmin(read.house_w) >= 0.0


def test_the_public_uci_file_with_semicolons_gives_the_same_as_the_plain_one(tmp_path: Path) -> None:
    plain = written(
        tmp_path / "a.csv",
        UCI + "2006-12-16 17:24:00,4.216,0.418,234.84,18.4,0,1,17\n2006-12-16 17:26:00,5.36,0.436,233.63,23.0,0,1,16\n",
    )
    original = written(
        tmp_path / "b.txt",
        ORIGINAL
        + "16/12/2006;17:24:00;4.216;0.418;234.840;18.400;0.000;1.000;17.000\n"
        + "16/12/2006;17:25:00;?;?;?;?;?;?;\n"
        + "16/12/2006;17:26:00;5.360;0.436;233.630;23.000;0.000;1.000;16.000\n",
    )
    a, b = read_recording(plain), read_recording(original)
    assert a.start_min == b.start_min
    np.testing.assert_array_equal(a.house_w, b.house_w)
    assert a.gaps() == 1


def test_house_energy_of_opsd_is_import_plus_pv_less_export(tmp_path: Path) -> None:
    path = written(tmp_path / "o.csv", OPSD + "2016-05-01 10:00:00,0.5,0.2,1.0,\n2016-05-01 11:00:00,1.0,0.0,0.95,\n")
    read = read_recording(path)
    np.testing.assert_allclose(read.house_w, [700.0, 0.0])


def test_the_typical_day_is_complete_and_in_the_middle(tmp_path: Path) -> None:
    days = []
    for day, (load, pv) in enumerate([(1.0, 0.5), (1.2, 0.6), (9.0, 0.1), (1.1, 0.55), (1.15, 0.6)], 1):
        gap = day == 5
        rows = [f"1,T,{'' if gap and hour == 7 else load},{pv}" for hour in range(24)]
        days.append(hours(rows, f"2016-08-{day:02d}"))
    read = read_recording(written(tmp_path / "c.csv", CITYLEARN + "".join(days)))
    assert day_date(read, read.typical_day()) in (date(2016, 8, 2), date(2016, 8, 4))
    assert read.position_of(date(2016, 8, 3)) == 2
    with pytest.raises(BadRecording, match="2016-08-06 is not within 2016-08-01 to 2016-08-05"):
        read.position_of(date(2016, 8, 6))


def test_what_a_recording_holds_is_told_in_words(recordings: Path) -> None:
    facts = describe(read_recording(str(recordings / "opsd_residential4_60min.csv.gz")))
    assert facts["clock"] == "UTC"
    assert facts["step"] == "hour"
    assert facts["columns"] == "house, pv, import"


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, "", "the file is empty"),
        ("a,b,c\n1,2,3\n", 1, "", "that of no known recording"),
        (UCI, 1, "", "there are no rows"),
        ("datetime,p_kw,q_kvar\n", 1, "v", "the column is missing"),
        (UCI + "2006-12-16 17:24:00,4.2,0.4,234,18,0,1\n", 2, "", "7 fields where the header has 8"),
        (UCI + "2006-12-16 17:24:00,4.2,0.4,234,18,0,1,7\n2006-12-16 17:25:00,4.2,0.4,abc,18,0,1,7\n", 3, "v", "'abc'"),
        (UCI + "2006-12-16 17:24:00,-4.2,0.4,234,18,0,1,7\n", 2, "p_kw", "-4.2 is outside 0 to 100"),
        (UCI + "2006-12-16 17:24:00,4.2,0.4,inf,18,0,1,7\n", 2, "v", "inf is outside"),
        (UCI + "16.12.2006 17:24,4.2,0.4,234,18,0,1,7\n", 2, "datetime", "is not a time"),
        (UCI + "2006-12-16 17:24:30,4.2,0.4,234,18,0,1,7\n", 2, "datetime", "is not on a minute"),
        (
            UCI + "2006-12-16 17:24:00,4.2,0.4,234,18,0,1,7\n2006-12-16 17:24:00,4.2,0.4,234,18,0,1,7\n",
            3,
            "datetime",
            "does not come after",
        ),
        (ORIGINAL + "2006-12-16;17:24:00;4.2;0.4;234;18;0;1;7\n", 2, "Date", "is not a date like 16/12/2006"),
        (ORIGINAL + "16/12/2006;17:24;4.2;0.4;234;18;0;1;7\n", 2, "Time", "is not a minute like 17:24:00"),
        (ORIGINAL + "16/12/2006;24:00:00;4.2;0.4;234;18;0;1;7\n", 2, "Time", "is no time of day"),
        (CITYLEARN + "1,2016-08-01 00:30:00,1.0,0.0\n", 2, "datetime", "is not on an hour"),
        (CITYLEARN + "1,2016-08-01 00:00:00,1.0,x\n", 2, "pv_kwh", "'x' is not a number"),
        (OPSD + "2016-05-01 10:00:00,0.5,0.2,900,\n", 2, "pv_kwh", "900 is outside"),
        (CITYLEARN + "1,2016-08-01 00:00:00,1_0,0.0\n", 2, "load_kwh", "'1_0' is not a number"),
        (CITYLEARN + "1,2016-08-01 00:00:00,١,0.0\n", 2, "load_kwh", "is not a number"),
        (UCI + "9999-12-31 23:59:00,4.2,0.4,234,18,0,1,7\n", 2, "datetime", "the year is outside 1970 to 2199"),
        (UCI + "0001-01-01T00:00:00+05:00,4.2,0.4,234,18,0,1,7\n", 2, "datetime", "is not a time"),
        (
            UCI + "2006-12-16 17:24:00,4.2,0.4,234,18,0,1,7\n2106-12-16 17:24:00,4.2,0.4,234,18,0,1,7\n",
            3,
            "datetime",
            "more than 3660 days after the first",
        ),
        (ORIGINAL + "16/12/2006;²²:00:00;4.2;0.4;234;18;0;1;7\n", 2, "Time", "is not a minute like 17:24:00"),
        (CITYLEARN + f"1,2016-08-01 00:00:00,1.0,{'0' * 200_000}\n", 2, "", "field larger than field limit"),
        (f"{CITYLEARN.strip()},{'x' * 200_000}\n", 1, "", "field larger than field limit"),
        (CITYLEARN + '"1\n",2016-08-01 00:00:00,1.0,0.0\n1,2016-08-01 01:00:00,x,0.0\n', 4, "load_kwh", "'x'"),
    ],
)
def test_a_malformed_file_is_refused_with_line_column_and_reason(
    tmp_path: Path, text: str, line: int, column: str, reason: str
) -> None:
    path = written(tmp_path / "bad.csv", text)
    with pytest.raises(BadRecording) as refused:
        read_recording(path)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert reason in refused.value.reason
    assert "bad.csv" in str(refused.value)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_the_mark_that_spreadsheets_write_first_is_no_part_of_the_header(tmp_path: Path, suffix: str) -> None:
    text = ("\ufeff" + CITYLEARN + hours(["1,T,1.0,0.0"] * 24)).encode()
    path = tmp_path / f"marked{suffix}"
    path.write_bytes(gzip.compress(text) if suffix.endswith(".gz") else text)
    assert read_recording(str(path)).days == 1


def test_of_a_recording_shorter_than_a_day_no_day_is_complete(tmp_path: Path) -> None:
    afternoon = "".join(f"1,2016-08-01 {hour}:00:00,1.0,0.0\n" for hour in range(13, 16))
    read = read_recording(written(tmp_path / "short.csv", CITYLEARN + afternoon))
    assert describe(read)["complete days"] == "0 of 0"
    with pytest.raises(BadRecording, match="no day without a gap"):
        read.typical_day()
    with pytest.raises(BadRecording, match="shorter than a day"):
        read.position_of(date(2016, 8, 1))


def test_a_truncated_archive_is_refused_where_it_breaks(tmp_path: Path) -> None:
    rows = "".join(f"1,2016-08-{1 + h // 24:02d} {h % 24:02d}:00:00,1.{h % 7},0.{h % 3}\n" for h in range(700))
    packed = gzip.compress((CITYLEARN + rows).encode())
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(BadRecording, match=r"line \d+: the archive is broken"):
        read_recording(str(path))


def test_a_file_that_only_claims_to_be_packed_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "plain.csv.gz", UCI)
    with pytest.raises(BadRecording, match="the archive is broken"):
        read_recording(path)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(CITYLEARN.encode() + b"1,2016-08-01 00:00:00,1.0,\xff\n")
    with pytest.raises(BadRecording, match="is not UTF-8"):
        read_recording(str(path))
