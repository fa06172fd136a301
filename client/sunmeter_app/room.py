"""How many visits one process holds: a newcomer beyond that is told so, a tab that nobody uses makes room. Pure."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

MOST_VISITS = 400  # at 0.84 MB and 0.2 % of a core for each: 340 MB, three quarters of a core
REST_AFTER_S = 3600.0
MOST_TURNED_AWAY = 200  # sessions that were told to come again, until they end by themselves


class Guest(Protocol):
    """A visit, as far as its host needs to know it."""

    @property
    def unused_since_s(self) -> float | None:
        """Since when nobody has made use of it, by the host's clock; None: somebody does, or it ends by itself."""
        ...


@dataclass(frozen=True)
class Bounds:
    """What a process is to hold, and how long a tab that nobody uses may stay."""

    most_visits: int = MOST_VISITS
    rest_after_s: float = REST_AFTER_S


class Room:
    """The visits of one process, and those that found no place."""

    def __init__(self, bounds: Bounds | None = None, now_s: Callable[[], float] = time.time):
        self._bounds = bounds or Bounds()
        self._now_s = now_s
        self._guests: dict[Guest, Callable[[], None]] = {}
        self._turned_away = 0

    def is_shut(self, sockets: int) -> bool:
        """Whether there is no room even for telling a newcomer that there is no place. sockets: that are open."""
        sessions = len(self._guests) + self._turned_away
        return max(sockets, sessions) >= self._bounds.most_visits + MOST_TURNED_AWAY

    @property
    def visits(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest, send_to_rest: Callable[[], None]) -> bool:
        """Takes a visit in; False: there is no place. send_to_rest: leads its tab to a page that holds nothing."""
        if len(self._guests) >= self._bounds.most_visits:
            self._turned_away += 1
            return False
        self._guests[guest] = send_to_rest
        return True

    def leave(self, guest: Guest) -> None:
        """The session of a visit has ended, whether it had a place or not."""
        if self._guests.pop(guest, None) is None:
            self._turned_away -= 1

    def clear_up(self) -> None:
        """Sends to rest whoever has not used the app for long."""
        rested_s = self._now_s() - self._bounds.rest_after_s
        for guest, send_to_rest in list(self._guests.items()):
            since_s = guest.unused_since_s
            if since_s is not None and since_s <= rested_s:
                send_to_rest()
