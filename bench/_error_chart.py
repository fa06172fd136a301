"""Error against load as an SVG: both axes in decades, one line for each meter."""

from collections.abc import Mapping, Sequence
from math import log10

Line = Sequence[tuple[float, float]]  # (W, %)

_TITLE = "Error of active power by load: P95, power factors 0.5 to 1, simulated"
_WIDTH, _HEIGHT = 760, 430
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 190, 44, 56
_LEAST_W, _MOST_W = 20.0, 7000.0
_LEAST_PCT, _MOST_PCT = 0.1, 200.0
_WATTS = (20, 50, 100, 200, 500, 1000, 2000, 5000)
_PCTS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_COLOURS = ("#0b6e4f", "#5aa469", "#b35c00", "#7a3b8f")
_DASHES = ("", "6 4", "", "2 4")


def _x(watts: float) -> float:
    share = log10(watts / _LEAST_W) / log10(_MOST_W / _LEAST_W)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(pct: float) -> float:
    share = log10(max(_LEAST_PCT, min(_MOST_PCT, pct)) / _LEAST_PCT) / log10(_MOST_PCT / _LEAST_PCT)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def drawn(lines: Mapping[str, Line]) -> str:
    """The whole picture; a line is labelled at its right end, labels kept apart."""
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" fill="#222222">{_TITLE}</text>',
        *_grid(),
    ]
    styles = zip(_COLOURS, _DASHES, strict=True)
    told = [(name, line, *style) for (name, line), style in zip(lines.items(), styles, strict=False) if line]
    free_y = float(_HEIGHT)
    for name, line, colour, dashes in sorted(told, key=lambda one: one[1][-1][1]):
        free_y = min(free_y, _y(line[-1][1]) + 4)
        parts += _curve(name, line, colour, dashes, free_y)
        free_y -= 16
    return "\n".join([*parts, "</svg>", ""])


def _grid() -> list[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for pct in _PCTS:
        y = _y(pct)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444444">{pct:g} %</text>')
    for watts in _WATTS:
        x = _x(watts)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{bottom}" stroke="#eeeeee"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#444444">{watts}</text>')
    middle = (_LEFT + right) / 2
    parts.append(f'<text x="{middle}" y="{bottom + 40}" text-anchor="middle" fill="#222222">load [W]</text>')
    return parts


def _curve(name: str, line: Line, colour: str, dashes: str, label_y: float) -> list[str]:
    path = "L".join(f"{_x(watts):.1f} {_y(pct):.1f}" for watts, pct in line)
    dots = [f'<circle cx="{_x(watts):.1f}" cy="{_y(pct):.1f}" r="3" fill="{colour}"/>' for watts, pct in line]
    return [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>',
        *dots,
        f'<text x="{_x(line[-1][0]) + 10:.1f}" y="{label_y:.1f}" fill="{colour}">{name}</text>',
    ]
