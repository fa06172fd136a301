"""Wi-Fi that always comes back: when to ask the station again, when to start it anew. Never gives up, never waits."""

_FIRST_MS = 10000  # an access point near by answers in three seconds, with a lease in five
_LONGEST_MS = 160000  # a router that restarts is back in two minutes: no longer than that is lost after it
_ANEW_AFTER = 2  # attempts that the station's own retries may have; then it is switched off and on


class Wifi:
    """One station and the network it belongs to."""

    def __init__(self, station, ssid: str, password: str, power_mode: int, ticks_diff):
        """station: network.WLAN; power_mode: its pm that saves no power, since saving answers beacons late and shifts
        samples; ticks_diff: time.ticks_diff, for the ticks_ms that `keep` is given."""
        self._station = station
        self._ssid = ssid
        self._password = password
        self._power_mode = power_mode
        self._ticks_diff = ticks_diff
        self._tried_ms = 0
        self.attempts = 0  # since it was last connected

    def is_up(self) -> bool:
        """Whether there is an address to speak from; then the next loss begins with a quick attempt."""
        is_up = self._station.isconnected()
        if is_up:
            self.attempts = 0
        return is_up

    def keep(self, now_ms: int) -> None:
        """Asks again where it is time to; returns at once. What the driver raises is one more failed attempt."""
        if self.is_up():
            return
        if self.attempts and 0 <= self._ticks_diff(now_ms, self._tried_ms) < self._pause_ms():
            return  # below 0: half of the ticks' range has gone by meanwhile
        self._tried_ms = now_ms
        self.attempts += 1
        try:
            self._try()
        except (OSError, RuntimeError):  # "Wifi Internal Error", "Wifi Not Started": answered by starting it anew
            pass

    def _pause_ms(self) -> int:
        return min(_LONGEST_MS, _FIRST_MS << min(self.attempts - 1, 8))

    def _try(self) -> None:
        """The driver refuses to connect while it is still trying to, so it is told to let go first."""
        station = self._station
        if self.attempts == 1 or self.attempts > _ANEW_AFTER:
            station.active(False)  # a driver that hangs after a lost access point recovers only this way
            station.active(True)
            station.config(pm=self._power_mode)
        else:
            station.disconnect()
        station.connect(self._ssid, self._password)
