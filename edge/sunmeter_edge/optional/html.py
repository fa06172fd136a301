"""The status page's three pages as text, and its style. Pure."""

from html import escape
from typing import Any

from ..contract import wire
from ..roster import Meter

REFRESH_S = 10
STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f5; --card: #fff; --ink: #1c221d; --soft: #5d665f; --line: #dfe3de;
  --good: #1d7a46; --bad: #b3261e; --accent: #0b6b58; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #111513; --card: #1a201d; --ink: #e7ece8; --soft: #9aa59d;
  --line: #2c352f; --good: #6fd39a; --bad: #ffb4ab; --accent: #7fd8c3; --on-accent: #06231c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; display: grid; gap: 1rem; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: .875rem; font-weight: 600; color: var(--soft); margin: 0 0 .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
ul { list-style: none; margin: 0; padding: 0; }
li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .5rem 0; }
li + li { border-top: 1px solid var(--line); }
code { font: inherit; overflow-wrap: anywhere; } .soft { color: var(--soft); font-size: .875rem; }
.facts { width: 100%; } a { color: var(--accent); }
.good { color: var(--good); } .bad { color: var(--bad); } .verdict { font-weight: 600; margin: 0; }
.now { display: grid; gap: .25rem; } .now b { font-size: 2.5rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
form { display: grid; gap: .75rem; } label { font-weight: 600; }
input { font: inherit; font-size: 1.25rem; letter-spacing: .15em; text-transform: uppercase; padding: .6rem .75rem;
  width: 100%; color: inherit; background: var(--ground); border: 1px solid var(--soft); border-radius: .5rem; }
button, .button { font: inherit; font-weight: 600; text-align: center; padding: .7rem 1rem; border: 0;
  border-radius: .5rem; color: var(--on-accent); background: var(--accent); text-decoration: none; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
p { margin: 0; }
"""


def front(health: dict[str, Any], meters: list[Meter], now_ms: int, free_mb: int, is_damaged: bool) -> str:
    """How the hub is; refreshes itself."""
    verdict = _verdict(health, is_damaged)
    facts = {
        "Cloud": {"ok": "reached", "away": "out of reach"}.get(health["cloud"], "refuses this hub"),
        "Waiting to be sent": f"{health['waiting']} quarters",
        "Free on the disk": f"{free_mb:,} MB",
        "Running for": _lasting(health["up_s"]),
        "Version": health["version"],
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    lines = "".join(_line(meter, now_ms) for meter in meters) or "<li>No meter is known yet.</li>"
    return _whole(
        "Sunmeter hub",
        f"<h1>Sunmeter hub</h1>{verdict}"
        f"<section><h2>This hub</h2><dl>{listed}</dl></section>"
        f"<section><h2>Meters</h2><ul>{lines}</ul></section>"
        '<a class="button" href="/live">Live values</a>',
        REFRESH_S,
    )


def _verdict(health: dict[str, Any], is_damaged: bool) -> str:
    if health["is_refused"]:
        return _said("bad", "The cloud does not accept this hub any more. Enrol it again: sunmeter-edge enroll")
    if is_damaged:
        return _said("bad", "A damaged database lies aside. Check the disk: sunmeter-edge doctor")
    if health["silent"]:
        return _said("bad", f"{health['silent']} of {health['meters']} meters cannot be heard.")
    if health["cloud"] != "ok":
        return _said("bad", "The cloud is out of reach. What meters say is kept here and sent later.")
    return _said("good", "All is well.")


def _said(tone: str, sentence: str) -> str:
    return f'<p class="verdict {tone}">{escape(sentence)}</p>'


def _line(meter: Meter, now_ms: int) -> str:
    tone, state = ("bad", "silent") if meter.silent else ("good", "heard")
    if not meter.last_ms:
        tone, state = "soft", "not heard yet"
    facts = f"firmware {meter.firmware}, model {meter.model_version}"
    if meter.last_ms:
        facts = f"{_lasting(max(0, now_ms - meter.last_ms) // 1000)} ago, {facts}"
    return (
        f'<li><code>{escape(meter.meter)}</code><span class="{tone}">{state}</span>'
        f'<span class="soft facts">{facts}</span></li>'
    )


def code_form(trouble: str = "") -> str:
    """Asks for the code."""
    told = _said("bad", trouble) if trouble else ""
    return _whole(
        "Live values",
        f"<h1>Live values</h1>{told}<section>"
        '<form method="post" action="/live"><label for="code">Code</label>'
        '<input id="code" name="code" maxlength="16" required autofocus autocomplete="off" autocapitalize="characters" '
        'spellcheck="false" aria-describedby="whence">'
        '<p id="whence" class="soft">The home\'s owner gives it out. It opens this one meter.</p>'
        '<button>Show</button></form></section><p><a href="/">Back</a></p>',
    )


def live(meter: Meter, newest: tuple[int, dict[str, int]] | None, now_ms: int) -> str:
    """One meter's newest reading."""
    body = "<section><p>No reading yet. One comes every ten seconds.</p></section>"
    if newest:
        body = _reading(meter, *newest, now_ms)
    return _whole(
        "Live values",
        f'<h1>Live values</h1><p class="soft"><code>{escape(meter.meter)}</code></p>{body}'
        '<form method="post" action="/close"><button>Close</button></form><p><a href="/">Back</a></p>',
        REFRESH_S,
    )


def _reading(meter: Meter, at_ms: int, reading: dict[str, int], now_ms: int) -> str:
    grid_w, has_pv = reading["grid_mw"] / 1000, bool(reading["flags"] & wire.FLAG_PV_FITTED)
    big = {"House": reading["house_mw"] / 1000, "From the grid" if grid_w >= 0 else "To the grid": abs(grid_w)}
    if has_pv:
        big["Roof"] = reading["pv_mw"] / 1000
    boxes = [f'<section class="now"><h2>{name}</h2><b>{watts:,.0f} W</b></section>' for name, watts in big.items()]
    facts = {"Voltage": f"{reading['v_mv'] / 1000:.1f} V"}
    if reading["f_mhz"]:
        facts["Frequency"] = f"{reading['f_mhz'] / 1000:.2f} Hz"
    if meter.registers:
        facts["Imported"] = f"{meter.registers.import_mwh / 1e6:,.1f} kWh"
        facts["Exported"] = f"{meter.registers.export_mwh / 1e6:,.1f} kWh"
        if has_pv:
            facts["Generated"] = f"{meter.registers.pv_mwh / 1e6:,.1f} kWh"
    facts["Measured"] = f"{_lasting(max(0, now_ms - at_ms) // 1000)} ago"
    listed = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items())
    return f"{''.join(boxes)}<section><dl>{listed}</dl></section>"


def _lasting(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _whole(title: str, body: str, refresh_s: int = 0) -> str:
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}<title>{escape(title)}</title>'
        '<link rel="stylesheet" href="/style.css"></head>'
        f"<body><main>{body}</main></body></html>"
    )
