"""The label on a meter's box: its id, its claim code, and both as a QR code. An SVG to print."""

from __future__ import annotations

import io
from html import escape

import segno

from contract import wire

_WIDTH_MM, _HEIGHT_MM = 62, 29  # a common size of label printers
_CODE_MM = 23
_QUIET = 4  # modules of white that a reader needs around the code


def label(meter: str, k_meter: bytes) -> str:
    """An SVG of 62 by 29 mm, black on white. The code is `m-…-CLAIMCOD`, as it is typed in the app."""
    claim = wire.claim_code(k_meter)
    text_at = 3 + _CODE_MM + 2
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH_MM}mm" height="{_HEIGHT_MM}mm" \
viewBox="0 0 {_WIDTH_MM} {_HEIGHT_MM}">
<title>Label of Sunmeter {escape(meter)}</title>
<rect width="{_WIDTH_MM}" height="{_HEIGHT_MM}" fill="#fff"/>
{_code(f"{meter}-{claim}")}
<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" fill="#000">
<text x="{text_at}" y="7" font-size="3.6" font-weight="bold">Sunmeter</text>
<text x="{text_at}" y="13" font-size="4">{escape(meter)}-</text>
<text x="{text_at}" y="19.4" font-size="5.6" font-weight="bold">{claim}</text>
<text x="{text_at}" y="25" font-size="2.3">the code the app asks for</text>
</g>
</svg>
"""


def _code(text: str) -> str:
    """The QR code's path, with its quiet zone, as a group in millimetres."""
    code = segno.make(text, error="m", micro=False)
    modules = code.symbol_size(border=_QUIET)[0]
    out = io.BytesIO()
    code.save(out, kind="svg", border=_QUIET, xmldecl=False, svgns=False, omitsize=True, nl=False)
    path = out.getvalue().decode()
    path = path[path.index("<path") : path.index("</svg>")]
    top = (_HEIGHT_MM - _CODE_MM) / 2
    return f'<g transform="translate(3 {top:g}) scale({_CODE_MM / modules:.4f})">{path}</g>'
