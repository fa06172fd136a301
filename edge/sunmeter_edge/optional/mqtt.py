"""Values of those meters whose owner lets them out, published to a broker in the house for Home Assistant and others.

The broker's thread belongs to paho and does nothing but tell the event loop; all else happens here.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from .. import __version__, log
from ..clock import Clock
from ..config import MQTT_PORTS
from ..roster import Meter, Roster
from . import homeassistant as ha

KEEPALIVE_S = 30
FIRST_RETRY_S, LAST_RETRY_S = 1, 60
LOOK_S = 2.0  # how soon a silent meter is told, or a consent that was withdrawn
FRESH_MS = 60_000  # an older reading is no value of now
ONLINE, OFFLINE = "online", "offline"


class Mqtt:
    """One connection to one broker, and what it was told."""

    def __init__(self, url: str, hub: str, roster: Roster, clock: Clock):
        """url: mqtt://USER:PASSWORD@HOST:PORT, or mqtts:// for TLS; all but the host may be left out."""
        self._hub, self._roster, self._clock = hub, roster, clock
        self._url = urlsplit(url)
        self._client: Client | None = None  # None: not connected
        self._wake = asyncio.Event()
        self._newest: dict[str, tuple[int, dict[str, int]]] = {}
        self._told: dict[str, tuple[bool, str]] = {}  # meter: whether it was shown with PV, and its availability

    def offer(self, meter: Meter, at_ms: int, reading: dict[str, int]) -> None:
        """Published if its owner lets it, it is the newest, and it is of now."""
        if at_ms <= self._newest.get(meter.meter, (0, {}))[0] or at_ms < self._clock() - FRESH_MS:
            return
        self._newest[meter.meter] = (at_ms, reading)
        if self._client and _may(meter):
            self._show(meter)
            self._publish_state(meter)

    async def run(self) -> None:
        """Connected for as long as this runs; the broker may come and go."""
        loop = asyncio.get_running_loop()
        client = self._make_client(loop)
        client.connect_async(self._url.hostname or "", self._url.port or MQTT_PORTS[self._url.scheme], KEEPALIVE_S)
        client.loop_start()
        try:
            while True:
                await _paused(LOOK_S, self._wake)
                self._look()
        finally:
            self._publish(ha.hub_topic(self._hub), OFFLINE)
            self._client = None
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)

    def _make_client(self, loop: asyncio.AbstractEventLoop) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"sunmeter-{self._hub}")
        _sign_in(client, self._url)
        client.will_set(ha.hub_topic(self._hub), OFFLINE, qos=1, retain=True)
        client.reconnect_delay_set(FIRST_RETRY_S, LAST_RETRY_S)
        tell = loop.call_soon_threadsafe
        client.on_connect = _on_connect(lambda reason: tell(self._connected, client, reason))
        client.on_disconnect = _on_disconnect(lambda reason: tell(self._disconnected, reason))
        client.on_message = _on_message(lambda message: tell(self._heard, message))
        return client

    def _connected(self, client: Client, reason: ReasonCode) -> None:
        if reason.is_failure:
            log.event("mqtt refused", logging.ERROR, broker=self._url.hostname, reason=reason)
            return
        log.event("mqtt connected", broker=self._url.hostname)
        self._client = client
        client.subscribe(ha.BIRTH)
        self._publish(ha.hub_topic(self._hub), ONLINE)
        self._tell_all()

    def _disconnected(self, reason: ReasonCode) -> None:
        if self._client:
            log.event("mqtt disconnected", logging.WARNING, broker=self._url.hostname, reason=reason)
        self._client = None

    def _heard(self, message: MQTTMessage) -> None:
        """Home Assistant has started, and knows nothing of this moment."""
        if message.payload == ONLINE.encode() and not message.retain:
            self._tell_all()

    def _tell_all(self) -> None:
        """Whatever the broker kept of other times is made true."""
        self._told.clear()
        for name, meter in self._roster.items():
            if not _may(meter):
                self._withdraw(name)
            elif name in self._newest:
                self._show(meter)
                self._publish_state(meter)

    def _look(self) -> None:
        """Meters that fell silent, and those that may be shown no more."""
        if not self._client:
            return
        for name, meter in self._roster.items():
            if _may(meter) and name in self._newest:
                self._show(meter)
            elif name in self._told and not _may(meter):
                self._withdraw(name)

    def _show(self, meter: Meter) -> None:
        """Tells what Home Assistant does not know yet of a meter that may be shown."""
        name = meter.meter
        now = (ha.has_pv_of(self._newest[name][1]), OFFLINE if meter.silent else ONLINE)
        if self._told.get(name) == now:
            return
        if name not in self._told or self._told[name][0] != now[0]:
            self._publish(ha.discovery_topic(name), json.dumps(ha.discovery(name, self._hub, now[0], __version__)))
        self._publish(ha.meter_topic(name), now[1])
        self._told[name] = now

    def _withdraw(self, name: str) -> None:
        """Empty retained messages: the broker forgets the meter, and Home Assistant its device."""
        self._publish(ha.discovery_topic(name), "")
        self._publish(ha.meter_topic(name), "")
        self._told.pop(name, None)

    def _publish_state(self, meter: Meter) -> None:
        _, reading = self._newest[meter.meter]
        if self._client:
            self._client.publish(ha.state_topic(meter.meter), json.dumps(ha.state(reading, meter.registers)))

    def _publish(self, topic: str, payload: str) -> None:
        """What the broker is to keep for those who come later."""
        if self._client:
            self._client.publish(topic, payload, qos=1, retain=True)


def _may(meter: Meter) -> bool:
    """Whether the home's owner lets this hub publish the meter: the cloud says so in its downlink."""
    return meter.downlink is not None and meter.downlink.mqtt and meter.signer is not None


def _sign_in(client: Client, url: SplitResult) -> None:
    if url.username:
        client.username_pw_set(unquote(url.username), unquote(url.password or ""))
    if url.scheme == "mqtts":
        client.tls_set()


def _on_connect(tell: Callable[[ReasonCode], object]) -> Callable[..., None]:
    def told(_client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _more: Properties | None) -> None:
        tell(reason)

    return told


def _on_disconnect(tell: Callable[[ReasonCode], object]) -> Callable[..., None]:
    def told(
        _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _more: Properties | None
    ) -> None:
        tell(reason)

    return told


def _on_message(tell: Callable[[MQTTMessage], object]) -> Callable[..., None]:
    def told(_client: Client, _data: Any, message: MQTTMessage) -> None:
        tell(message)

    return told


async def _paused(seconds: float, wake: asyncio.Event) -> None:
    """Waits so long, or until it is woken."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        pass
    finally:
        wake.clear()
