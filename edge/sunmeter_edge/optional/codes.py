"""The code that opens one meter's live values on the status page: tried a few times only, then a session of its own."""

import hmac
import re
import secrets
from dataclasses import dataclass, field

from ..contract import documents
from ..roster import Roster

TRIES_OF_ADDRESS, TRIES_OF_ALL = 5, 50  # wrong ones in a quarter of an hour: of 2^40 codes
WINDOW_S = 900.0
SESSION_S = 12 * 3600.0
MAX_SESSIONS = 200
_READ_AS = str.maketrans("ILO", "110")  # Crockford's base 32, as in the app


class TooMany(Exception):
    """Wrong codes, by one address or by all."""


@dataclass
class Doorkeeper:
    """Who may see which meter. Times are monotonic seconds."""

    roster: Roster
    _wrong: list[tuple[float, str]] = field(default_factory=list)  # when, from which address
    _sessions: dict[str, tuple[str, bytes, float]] = field(default_factory=dict)  # token: meter, digest, end

    def open(self, typed: str, address: str, now_s: float) -> str | None:
        """A session's token for the meter whose code this is; None for no meter's. Raises TooMany."""
        self._wrong = [(at_s, who) for at_s, who in self._wrong if at_s > now_s - WINDOW_S]
        if len(self._wrong) >= TRIES_OF_ALL or sum(who == address for _, who in self._wrong) >= TRIES_OF_ADDRESS:
            raise TooMany
        code = re.sub(r"[\s-]", "", typed).upper().translate(_READ_AS)
        for name, wanted in self._codes().items():
            if hmac.compare_digest(documents.page_code_digest(name, code), wanted):
                return self._begin(name, wanted, now_s)
        self._wrong.append((now_s, address))
        return None

    def meter(self, token: str, now_s: float) -> str | None:
        """The meter that a session may see; None once it ended, or the code did."""
        name, digest, ends_s = self._sessions.get(token, ("", b"", 0.0))
        return name if ends_s > now_s and self._codes().get(name) == digest else None

    def close(self, token: str) -> None:
        self._sessions.pop(token, None)

    def _codes(self) -> dict[str, bytes]:
        found = ((name, meter.downlink) for name, meter in self.roster.items() if meter.signer)
        return {name: downlink.page_code for name, downlink in found if downlink and downlink.page_code}

    def _begin(self, name: str, digest: bytes, now_s: float) -> str:
        if len(self._sessions) >= MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]  # the oldest
        token = secrets.token_urlsafe(24)
        self._sessions[token] = (name, digest, now_s + SESSION_S)
        return token
