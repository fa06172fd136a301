"""Carries out what the cloud commands: the load on the relay, a restart, a sign of life."""

_MOST_RELAY_S = 86400


class Commands:
    """restarts: whether a restart was asked for; relay_on: whether the load is switched on."""

    def __init__(self, switch):
        """switch(on): the relay."""
        self._switch = switch
        self._until_ms = 0
        self.restarts = False

    @property
    def relay_on(self) -> bool:
        return self._until_ms != 0

    def carry_out(self, name: str, arguments: dict, uptime_ms: int, has_consent: bool) -> tuple:
        """(code of a refusal or "", what came of it). has_consent: whether the owner lets the relay be switched."""
        if name == "ping":
            return "", "pong"
        if name == "reboot":
            self.restarts = True
            return "", "restarts after the next reading"
        if name == "relay":
            return self._relay(arguments, uptime_ms, has_consent)
        return "malformed", "unknown command"

    def expire(self, uptime_ms: int) -> None:
        """Switches the load off when its time is over."""
        if self._until_ms and uptime_ms >= self._until_ms:
            self._set(0)

    def _relay(self, arguments: dict, uptime_ms: int, has_consent: bool) -> tuple:
        """{"on": true, "for_s": n} or {"on": false}: never without consent, never without an end."""
        for_s = arguments.get("for_s", 0)
        if not has_consent:
            return "foreign", "the owner has not consented"
        if arguments.get("on") is not True:
            self._set(0)
            return "", "off"
        if isinstance(for_s, bool) or not isinstance(for_s, int) or not 0 < for_s <= _MOST_RELAY_S:
            return "out_of_range", "for_s"
        self._set(uptime_ms + for_s * 1000)
        return "", "on"

    def _set(self, until_ms: int) -> None:
        self._until_ms = until_ms
        self._switch(until_ms != 0)
