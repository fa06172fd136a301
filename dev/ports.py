"""The ports of one local stack: the defaults, a whole row from a base, or free ones for tests."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from dataclasses import dataclass, fields
from typing import Self

from dev.paths import ROOT

HOST = "127.0.0.1"
BASE_VARIABLE = "SUNMETER_PORT_BASE"


class PortError(Exception):
    """Ports that cannot be used; the message says how to use others."""


@dataclass(frozen=True)
class Ports:
    """One port per server. Those of the Emulator Suite have their defaults in firebase.json."""

    auth: int
    functions: int
    firestore: int
    firestore_websocket: int
    tasks: int
    eventarc: int
    emulator_hub: int
    logging: int
    fcm: int = 9550
    app: int = 8550
    hub: int = 8600
    hosting: int = 5005  # not 5000, which macOS keeps for AirPlay

    @classmethod
    def default(cls) -> Self:
        """Those of firebase.json, or the row that begins at SUNMETER_PORT_BASE."""
        base = os.environ.get(BASE_VARIABLE)
        if base:
            if not (base.isascii() and base.isdecimal()) or not 1024 <= int(base) <= 65000:
                raise PortError(f"{BASE_VARIABLE} must be a number from 1024 to 65000, not '{base}'")
            return cls.row(int(base))
        emulators = json.loads((ROOT / "firebase.json").read_text())["emulators"]
        return cls(
            auth=emulators["auth"]["port"],
            functions=emulators["functions"]["port"],
            firestore=emulators["firestore"]["port"],
            firestore_websocket=emulators["firestore"]["websocketPort"],
            tasks=emulators["tasks"]["port"],
            eventarc=emulators["eventarc"]["port"],
            emulator_hub=emulators["hub"]["port"],
            logging=emulators["logging"]["port"],
            hosting=emulators["hosting"]["port"],
        )

    @classmethod
    def row(cls, base: int) -> Self:
        """Consecutive ports from `base`, in the order of the fields."""
        return cls(*range(base, base + len(fields(cls))))

    @classmethod
    def free(cls) -> Self:
        """Ports nobody uses now. All are held until the last is found, so that none comes twice."""
        with contextlib.ExitStack() as held:
            sockets = [held.enter_context(socket.socket()) for _ in fields(cls)]
            for each in sockets:
                each.bind((HOST, 0))
            return cls(*(each.getsockname()[1] for each in sockets))

    def require_free(self, *names: str) -> None:
        """Raises PortError for the first named port (all, when none is named) that somebody listens on."""
        for name in names or tuple(field.name for field in fields(self)):
            port = getattr(self, name)
            if not is_free(port):
                raise PortError(
                    f"port {port}, for {name.replace('_', ' ')}, is in use. Stop what uses it, or take another row of "
                    f"ports: {BASE_VARIABLE}=21000 make …"
                )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of this machine now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody accepts connections on this port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0
