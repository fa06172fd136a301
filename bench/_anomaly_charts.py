"""Three pictures of the anomaly model as SVG, legible on light and dark: a day with a fault, the peers, the homes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

_STYLE = """<style>
text{fill:#1f2328}.soft{fill:#57606a}.grid{stroke:#d0d7de;fill:none}.fault{fill:#ffd8a8;opacity:.55}
.ours{fill:#0a6c4a}.peer{fill:#8c959f}.line{stroke:#0a6c4a;fill:none;stroke-width:1.5}
.limit{stroke:#b3261e;fill:none;stroke-dasharray:6 4}
.mark{fill:#b3261e}.day{fill:#b35900}.base{fill:#6f42c1}.worst{stroke:#1f2328;stroke-width:2;fill:none}.paper{fill:#ffffff}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9da7b3}.grid{stroke:#30363d}.fault{fill:#7a4b12}
.ours{fill:#56d364}.peer{fill:#6e7681}.line{stroke:#56d364}.limit{stroke:#ff7b72}.mark{fill:#ff7b72}.day{fill:#f0a44b}.base{fill:#bc8cff}
.worst{stroke:#e6edf3}.paper{fill:#0d1117}}
</style>"""
_WIDTH = 760
_LEFT, _RIGHT, _TOP = 64, 24, 58
_ROW, _BAR = 26, 14
_DAY_HEIGHT = 330
_MOST_SCORE = 10.0  # once in 10^10 hours: whatever is rarer is drawn as rare
_LEAST_W, _MOST_W = 30.0, 20_000.0
_WATTS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True)
class FaultDay:
    """Scores minute by minute around a fault; positions are minutes from the first of them."""

    title: str
    score: Sequence[float]  # -log10 of how often per hour
    threshold: float
    first_minute: int  # in the day's own hours, of the first score
    fault: tuple[int, int]
    alert: int | None  # None: it was never told
    reason: str


@dataclass(frozen=True)
class Bar:
    share: float  # mean over the runs
    worst: float


@dataclass(frozen=True)
class HomeSizes:
    """The least excess that a home's model tells of [W], None where it cannot say; and its share of nights told."""

    night_w: float | None
    day_w: float | None
    base_w: float | None
    night_2kw: float


def _whole(title: str, subtitle: str, height: float, parts: Sequence[str]) -> str:
    box = f'viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="12">',
        _STYLE,
        f'<rect class="paper" width="{_WIDTH}" height="{height:.0f}"/>',
        f'<text x="16" y="24" font-size="15">{escape(title)}</text>',
        f'<text x="16" y="42" class="soft">{escape(subtitle)}</text>',
    ]
    return "\n".join([*head, *parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "soft") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def fault_day(day: FaultDay) -> str:
    """The score of each minute against the threshold, the fault shaded, the alert marked with its reason."""
    bottom, right = _DAY_HEIGHT - 44, _WIDTH - _RIGHT

    def x(position: float) -> float:
        return _LEFT + position / len(day.score) * (right - _LEFT)

    def y(score: float) -> float:
        return bottom - min(score, _MOST_SCORE) / _MOST_SCORE * (bottom - _TOP)

    begin, end = day.fault
    parts = [
        f'<rect class="fault" x="{x(begin):.1f}" y="{_TOP}" width="{x(end) - x(begin):.1f}" height="{bottom - _TOP}"/>'
    ]
    for score in range(0, int(_MOST_SCORE) + 1, 2):
        parts.append(f'<path class="grid" d="M{_LEFT} {y(score):.1f}H{right}"/>')
        parts.append(_text(_LEFT - 8, y(score) + 4, str(score), "end"))
    for position in range(-day.first_minute % 180, len(day.score), 180):
        hour = (day.first_minute + position) // 60 % 24
        parts.append(_text(x(position), bottom + 18, f"{hour}:00", "middle"))
    line = "L".join(f"{x(position):.1f} {y(score):.1f}" for position, score in enumerate(day.score))
    parts.append(f'<path class="line" d="M{line}"/>')
    parts.append(f'<path class="limit" d="M{_LEFT} {y(day.threshold):.1f}H{right}"/>')
    parts.append(_text(_LEFT + 4, y(day.threshold) - 5, f"threshold {day.threshold:.1f}"))
    if day.alert is not None:
        at = x(day.alert)
        anchor = "start" if at < _WIDTH / 2 else "end"
        parts.append(f'<circle class="mark" cx="{at:.1f}" cy="{y(day.score[day.alert]):.1f}" r="5"/>')
        parts.append(_text(at + (10 if anchor == "start" else -10), _TOP + 14, day.reason, anchor, "reason"))
    parts.append(_text((_LEFT + right) / 2, _DAY_HEIGHT - 8, "time of day; the fault is shaded", "middle"))
    return _whole(day.title, "Score: −log₁₀ of how often per hour the home's own past goes as far", _DAY_HEIGHT, parts)


def peers(bars: Mapping[str, Bar], ours: str, subtitle: str) -> str:
    """The share of tamper and sensor faults that each detector finds, the best on top; the tick is its worst run."""
    left, right = 300, _WIDTH - 60
    parts = []
    ranked = sorted(bars.items(), key=lambda bar: -bar[1].share)
    for row, (name, bar) in enumerate(ranked):
        y = _TOP + 8 + _ROW * row
        kind = "ours" if name == ours else "peer"
        worst = left + bar.worst * (right - left)
        parts += [
            _text(left - 10, y + _BAR - 3, name, "end", "name"),
            f'<rect class="{kind}" x="{left}" y="{y}" width="{bar.share * (right - left):.1f}" height="{_BAR}"/>',
            f'<path class="worst" d="M{worst:.1f} {y - 3}V{y + _BAR + 3}"/>',
            _text(left + bar.share * (right - left) + 8, y + _BAR - 3, f"{bar.share:.2f}", "start", "name"),
        ]
    height = _TOP + 8 + _ROW * len(ranked) + 14
    return _whole("Tamper and sensor faults found at one false alert a month", subtitle, height, parts)


def homes(sizes: Mapping[str, HomeSizes]) -> str:
    """For each home the smallest excess its alert tells of, the most sensitive home on top."""
    left, right = 120, _WIDTH - 120
    bottom = _TOP + 22 + _ROW * len(sizes)

    def x(watts: float) -> float:
        inside = min(max(watts, _LEAST_W), _MOST_W)
        return left + log10(inside / _LEAST_W) / log10(_MOST_W / _LEAST_W) * (right - left)

    parts = []
    for watts in _WATTS:
        parts.append(f'<path class="grid" d="M{x(watts):.1f} {_TOP + 14}V{bottom}"/>')
        parts.append(_text(x(watts), bottom + 18, f"{watts} W" if watts < 1000 else f"{watts // 1000} kW", "middle"))
    kinds = (
        ("night_w", "ours", "an hour by night"),
        ("day_w", "day", "an hour by day"),
        ("base_w", "base", "base load"),
    )
    for place, (_, kind, told) in enumerate(kinds):
        parts.append(f'<circle class="{kind}" cx="{left + 150 * place:.0f}" cy="{_TOP + 2}" r="5"/>')
        parts.append(_text(left + 10 + 150 * place, _TOP + 6, told))
    parts.append(_text(_WIDTH - 16, _TOP + 6, "2 kW, night", "end"))
    ranked = sorted(sizes.items(), key=lambda home: home[1].night_w or _MOST_W)
    for row, (name, home) in enumerate(ranked):
        y = _TOP + 34 + _ROW * row
        parts.append(_text(left - 12, y + 4, name, "end", "name"))
        for field, kind, _ in kinds:
            watts_or_none = getattr(home, field)
            if watts_or_none is not None:
                parts.append(f'<circle class="{kind}" cx="{x(watts_or_none):.1f}" cy="{y}" r="5"/>')
        parts.append(_text(_WIDTH - 16, y + 4, f"{home.night_2kw:.0%}", "end", "name"))
    subtitle = "Median of four models; on the right, nights of eight in which 2 kW for two hours were told"
    return _whole("The smallest excess that each home's alert tells of", subtitle, bottom + 30, parts)
