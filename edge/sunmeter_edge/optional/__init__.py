"""What a hub may do besides: off unless its configuration names it, and imported only then."""

from typing import Protocol

from ..clock import Clock
from ..config import Config, ConfigError, Credential
from ..health import Health
from ..roster import Meter, Roster


class Part(Protocol):
    """One of them. Whatever becomes of it, meters are received and the cloud is told all the same."""

    async def run(self) -> None:
        """Until cancelled; what it raises is logged, and it starts again."""

    def offer(self, meter: Meter, at_ms: int, reading: dict[str, int]) -> None:
        """The newest reading of a request is on the disk. Returns at once."""


def parts(config: Config, credential: Credential, roster: Roster, health: Health, clock: Clock) -> list[Part]:
    """Those that the configuration asks for. Raises ConfigError."""
    asked: list[Part] = []
    if config.mqtt:
        try:
            from .mqtt import Mqtt
        except ImportError as error:
            sentence = "mqtt is set, and the package for it is not there. Install the hub as './edge[mqtt]'."
            raise ConfigError(sentence) from error
        asked.append(Mqtt(config.mqtt, credential.hub, roster, clock))
    if config.status_page:
        from .page import StatusPage

        asked.append(StatusPage(config, roster, health, clock))
    return asked
