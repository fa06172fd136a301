"""A real mosquitto with one account, and somebody who listens to it as Home Assistant would."""

import contextlib
import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from dev import tools
from tests.edge.conftest import free_port

USER, PASSWORD = "sunmeter", "a/word:with@signs"


class Broker:
    """Started and stopped by the test; what is retained survives on its disk."""

    def __init__(self, folder: Path):
        self.port = free_port()
        self._configuration = folder / "mosquitto.conf"
        passwords = folder / "passwords"
        command = [shutil.which("mosquitto_passwd") or "mosquitto_passwd", "-b", "-c", str(passwords), USER, PASSWORD]
        subprocess.run(command, check=True, capture_output=True)
        self._configuration.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nuser root\n"
            f"persistence true\npersistence_location {folder}/\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = tools.mosquitto()
        assert program
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen([program, "-c", str(self._configuration)], stdout=quiet, stderr=quiet)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


class HomeAssistant:
    """Keeps what was published: the retained part, and every message in its order."""

    def __init__(self, port: int):
        self.kept: dict[str, str] = {}
        self.heard: list[tuple[str, str]] = []
        self._arrived = threading.Condition()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="home-assistant")
        self._client.username_pw_set(USER, PASSWORD)
        self._client.reconnect_delay_set(1, 1)
        is_listening = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe("#")
        self._client.on_subscribe = lambda *_: is_listening.set()
        self._client.on_message = self._take
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()
        assert is_listening.wait(20)

    def _take(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        with self._arrived:
            text = message.payload.decode()
            self.heard.append((message.topic, text))
            if text:
                self.kept[message.topic] = text
            else:
                self.kept.pop(message.topic, None)
            self._arrived.notify_all()

    def wait_for(self, condition: Callable[[], Any], timeout_s: float = 20.0) -> None:
        with self._arrived:
            assert self._arrived.wait_for(condition, timeout_s), f"waited in vain: {self.kept}"

    def forget(self) -> None:
        with self._arrived:
            self.heard.clear()

    def is_born(self) -> None:
        """Says that it has started."""
        self._client.publish("homeassistant/status", "online", qos=1)

    def json(self, topic: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.kept[topic])
        return told

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.disconnect()
        self._client.loop_stop()
