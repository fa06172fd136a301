"""The pictures of docs/forecast.md: `make bench NAME=forecastpictures`.

The fan chart is forecast anew. MASE by method and what the intervals held by home are drawn from the page's own tables,
which `bench.forecast` printed, so that the page and its pictures cannot differ.
"""

import datetime as dt
import json
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bench._forecast_homes import homes, origins
from bench._forecast_pictures import bars, fan, held
from dev.paths import ROOT
from sunmeter.learning import forecast
from sunmeter.learning.series import HOUR_S

PAGE, FOLDER = ROOT / "docs" / "forecast.md", ROOT / "docs" / "pictures"
HOME, DAYS_BACK = "citylearn 2", 60  # of those held out, its intervals hold least


def tables(page: str) -> Iterator[list[list[str]]]:
    """The cells of each table, its heading first."""
    rows: list[list[str]] = []
    for text in [*page.splitlines(), ""]:
        if text.startswith("|"):
            rows.append([cell.strip(" *") for cell in text.strip("|").split("|")])
        elif rows:
            yield [row for row in rows if not set(row[0]) <= {"-"}]
            rows = []


def main() -> None:
    found = list(tables(PAGE.read_text(encoding="utf-8")))
    methods = next(rows for rows in found if rows[0][0] == "method")
    by_home = next(rows for rows in found if rows[0][0] == "home")
    mase = [(row[0], float(row[methods[0].index("MASE")])) for row in methods[1:]]
    inside = [(row[0], float(row[2]), float(row[3])) for row in by_home[1:]]
    home = next(home for home in homes() if home.name == HOME)
    start_s = origins(home, 1, 1, DAYS_BACK)[0]
    bands, _ = forecast.load_bands(home.load, start_s, home.zone)
    day = dt.datetime.fromtimestamp(start_s, ZoneInfo(home.zone)).date()
    actual = home.load.between(start_s, start_s + 48 * HOUR_S)
    drawn = {
        "forecast-fan": fan(f"{HOME}, load of 48 hours from {day}", bands, actual),
        "forecast-mase": bars("MASE by method, mean of nine homes, 30 days each: less is better", mase),
        "forecast-held": held("Part of the hours that the intervals held, by home", inside),
    }
    for name, svg in drawn.items():
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"{FOLDER / name}.svg drawn")
    print(json.dumps({"name": "forecastpictures", "figures": {"pictures": len(drawn)}}))


if __name__ == "__main__":
    main()
