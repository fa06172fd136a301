"""Codes that people type: what they look like, and how they are compared. Pure.

Crockford's base 32 (https://www.crockford.com/base32.html): I and L read as 1, O as 0; case, blanks and dashes do not
count.
"""

import hashlib
import re

from ..contract import wire
from ..contract.refusal import Refusal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8  # 40 bits
_LABEL = re.compile(r"(m-[0-9a-z]{10})[\s-]*(.{8,12})", re.DOTALL)
_READ_AS = str.maketrans("ILO", "110")


def user_code(random_bytes: bytes) -> str:
    """Eight characters from five random bytes."""
    number = int.from_bytes(random_bytes, "big")
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (LENGTH - 1), -5, -5))


def normal(typed: str, field: str) -> str:
    """The code a person meant. Refusal("malformed", field) when it cannot be one."""
    code = re.sub(r"[\s-]", "", typed).upper().translate(_READ_AS)
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        raise Refusal("malformed", field)
    return code


def user_code_mac(master: bytes, code: str) -> str:
    """What is stored of a user code: no help to a reader of the database, who cannot try 40 bits without the key."""
    return wire.Signer(master).digest(b"sunmeter/enrol/v1|", code.encode()).hex()


def neighbour_code_mac(master: bytes, code: str) -> str:
    """What is stored of a code by which a hub and a neighbour's home find each other; it names the offer."""
    return wire.Signer(master).digest(b"sunmeter/neighbour/v1|", code.encode()).hex()


def device_code_digest(device_code: str) -> str:
    """What is stored of a device code; it names the enrolment. 256 random bits need no key."""
    return hashlib.sha256(device_code.encode()).hexdigest()


def label(typed: str) -> tuple[str, str]:
    """(meter, claim code) of a label `m-…-CLAIMCOD`. Refusal("malformed", "label") when it cannot be one."""
    match = _LABEL.fullmatch(typed.strip().lower())
    if match is None:
        raise Refusal("malformed", "label")
    return match[1], normal(match[2], "label")


def fits(k_meter: bytes, code: str) -> bool:
    """Is this the claim code of the meter that holds this key?"""
    return wire.same(wire.claim_code(k_meter).encode(), code.encode())
