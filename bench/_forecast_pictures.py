"""The forecast in pictures, as SVG: a fan chart, bars of a figure by method, and what intervals held by home."""

from collections.abc import Sequence

from sunmeter.learning.forecast import Bands
from sunmeter.learning.series import Floats

_OURS, _OTHERS, _INK, _FAINT = "#0b6e4f", "#9aa5a0", "#222222", "#dddddd"
_WIDTH, _LEFT, _RIGHT, _TOP = 760, 250, 80, 44
_BAR = 22


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="24" font-size="15" fill="{_INK}">{title}</text>',
    ]
    return "\n".join([*head, *parts, "</svg>", ""])


def bars(title: str, figures: Sequence[tuple[str, float]]) -> str:
    """One bar for each method, ours in colour; figures as (name, value), the best first."""
    most = max(value for _, value in figures)
    parts = []
    for row, (name, value) in enumerate(figures):
        y = _TOP + row * _BAR
        width = (_WIDTH - _LEFT - _RIGHT) * value / most
        colour = _OURS if row == [name for name, _ in figures].index("Sunmeter") else _OTHERS
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end" fill="{_INK}">{name}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 6}" fill="{colour}"/>')
        parts.append(f'<text x="{_LEFT + width + 6:.1f}" y="{y + 13}" fill="{_INK}">{value:.3f}</text>')
    return _svg(_TOP + len(figures) * _BAR + 12, title, parts)


def held(title: str, figures: Sequence[tuple[str, float, float]]) -> str:
    """What the 80 % and the 95 % interval of each home held: (home, part in 80 %, part in 95 %), with both marks."""
    least, most = 0.65, 1.0

    def x(part: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (part - least) / (most - least)

    bottom = _TOP + 18 + len(figures) * _BAR
    parts = [
        f'<path d="M{x(mark):.1f} {_TOP + 8}V{bottom}" stroke="{_INK}" stroke-dasharray="4 3"/>' for mark in (0.8, 0.95)
    ]
    parts += [
        f'<text x="{x(mark):.1f}" y="{_TOP + 2}" text-anchor="middle" fill="{_INK}">{mark:.0%} promised</text>'
        for mark in (0.8, 0.95)
    ]
    for row, (name, in80, in95) in enumerate(figures):
        y = _TOP + 26 + row * _BAR
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end" fill="{_INK}">{name}</text>')
        parts.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="{_FAINT}"/>')
        parts.append(f'<circle cx="{x(in80):.1f}" cy="{y}" r="5" fill="{_OURS}"/>')
        parts.append(f'<circle cx="{x(in95):.1f}" cy="{y}" r="5" fill="#ffffff" stroke="{_OURS}" stroke-width="2"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{y + 4}" fill="{_INK}">{in80:.0%} {in95:.0%}</text>')
    return _svg(bottom + 12, title, parts)


def fan(title: str, bands: Bands, actual: Floats) -> str:
    """48 hours of a forecast [kWh] with what came, from local midnight."""
    height, bottom, left = 320, 280, 60
    most = 1.05 * max(float(bands.hi95.max()), float(actual[actual == actual].max()))

    def at(hour: float, wh: float) -> str:
        x = left + (_WIDTH - left - 20) * hour / len(bands.p50)
        return f"{x:.1f} {bottom - (bottom - _TOP) * wh / most:.1f}"

    def line(series: Floats) -> str:
        return "L".join(at(hour + 0.5, float(wh)) for hour, wh in enumerate(series) if wh == wh)

    def area(lo: Floats, hi: Floats) -> str:
        back = [at(hour + 0.5, float(lo[hour])) for hour in reversed(range(len(lo)))]
        return f"M{line(hi)}L{'L'.join(back)}Z"

    parts = [
        f'<path d="{area(bands.lo95, bands.hi95)}" fill="{_OURS}" opacity="0.15"/>',
        f'<path d="{area(bands.lo80, bands.hi80)}" fill="{_OURS}" opacity="0.25"/>',
        f'<path d="M{line(bands.p50)}" fill="none" stroke="{_OURS}" stroke-width="2"/>',
        f'<path d="M{line(actual)}" fill="none" stroke="#b35c00" stroke-width="1.5" stroke-dasharray="5 3"/>',
        f'<path d="M{left} {_TOP}V{bottom}H{_WIDTH - 20}" fill="none" stroke="{_INK}"/>',
    ]
    for kwh in range(int(most / 1000) + 1):
        parts.append(f'<text x="{left - 8}" y="{at(0, 1000 * kwh).split()[1]}" text-anchor="end">{kwh} kWh</text>')
    for hour in range(0, len(bands.p50) + 1, 6):
        parts.append(f'<text x="{at(hour, 0).split()[0]}" y="{bottom + 18}" text-anchor="middle">{hour % 24} h</text>')
    parts.append(f'<text x="{left + 10}" y="{_TOP + 6}" fill="{_OURS}">median, 80 % and 95 %</text>')
    parts.append(f'<text x="{left + 180}" y="{_TOP + 6}" fill="#b35c00">what came</text>')
    return _svg(height, title, parts)
