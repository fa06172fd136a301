"""The codes people type: what a hub shows, what a meter's label says."""

import re

from .problems import Problem

HUB_CODE_LENGTH = 8
_LABEL = re.compile(r"^(M[0-9A-Z]{10})([0-9A-HJKMNP-TV-Z]{8})$")


def hub_code(typed: str) -> str:
    """The eight characters of a hub's code, however they were grouped. Raises Problem("hub_code", "user_code")."""
    code = re.sub(r"[\s-]", "", typed).upper()
    if len(code) != HUB_CODE_LENGTH or not code.isalnum() or not code.isascii():
        raise Problem("hub_code", "user_code")
    return code


def meter_label(typed: str) -> str:
    """A label as the cloud expects it, "m-0123456789-ABCDEFGH", from any grouping or case.

    The claim code is Crockford's base 32, in which O reads as 0, and I and L as 1.
    Raises Problem("meter_label", "label").
    """
    bare = re.sub(r"[\s-]", "", typed).upper()
    meter, claim = bare[:11], bare[11:].translate(str.maketrans("OIL", "011"))
    found = _LABEL.match(meter + claim)
    if found is None:
        raise Problem("meter_label", "label")
    return f"m-{meter[1:].lower()}-{found[2]}"
