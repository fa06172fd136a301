"""The whole app over a connection that records: Flet's own session and page, no browser, no socket.

It uses what Flet keeps half private, in this file only; flet is pinned to the version it was written for.
"""

import asyncio
import dataclasses
import inspect
import json
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flet as ft
import msgpack  # type: ignore[import-untyped]
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    Message,
    MessageAction,
    RegisterClientResponseBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

from sunmeter_app.app import ASK
from sunmeter_app.bridge import Bridge

# mypy: disable-error-code=no-untyped-call

_NOT_CHILDREN = {"_parent", "ref", "data", "fn", "args", "kwargs"}


class RecordingConnection(Connection):
    """Encodes every message as the web server does, counts its bytes, and answers the browser's storage."""

    def __init__(self, storage: dict[str, Any]):
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.executor = ThreadPoolExecutor(1)
        self.pubsubhub = PubSubHub(loop=self.loop, executor=self.executor)
        self.page_url = "http://test"
        self.storage = storage
        self.file: tuple[str, bytes] | None = None  # what the person chooses
        self.bridge = Bridge()
        self.standing: dict[str, Any] = {"permission": "unsupported"}  # what the page answers of its notifications
        self.storage_error = ""  # why the browser's storage is not to be had; "": it is
        self.is_mute = False  # what the page is asked gets no answer
        self.is_closing = False  # its socket takes nothing more, and the session has yet to hear of it
        self.sent: list[Message] = []
        self.bytes_sent = 0
        self.saved: dict[str, bytes] = {}  # files that the person was given
        self.session: Session | None = None

    def send_message(self, message: Message) -> None:
        if self.is_closing:
            raise AttributeError("'NoneType' object has no attribute 'put_nowait'")  # as Flet's own does
        self.sent.append(message)
        encode = configure_encode_object_for_msgpack(BaseControl)
        self.bytes_sent += len(msgpack.packb([message.action, message.body], default=encode))
        if message.action == MessageAction.INVOKE_METHOD and not self.is_mute:
            answer = self._invoke(message.body.name, message.body.args or {})
            error = self.storage_error if message.body.name in ("get", "set", "remove") else ""
            self.loop.call_soon(self._reply, message.body.control_id, message.body.call_id, answer, error or None)

    def dispose(self) -> None:
        self.executor.shutdown(wait=False)

    @property
    def crashes(self) -> list[str]:
        return [message.body.message for message in self.sent if message.action == MessageAction.SESSION_CRASHED]

    def _reply(self, control_id: int, call_id: str, answer: Any, error: str | None) -> None:
        if self.session is not None:
            self.session.handle_invoke_method_results(control_id, call_id, answer, error)

    def _invoke(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == "pick_files":
            chosen = [self.file] if self.file else []
            return [{"id": 1, "name": name, "size": len(content), "bytes": content} for name, content in chosen]
        if name == "save_file":
            self.saved[arguments["file_name"]] = arguments["src_bytes"]
        if name == "get":
            return self.storage.get(arguments["key"])
        if name == "set":
            self.storage[arguments["key"]] = arguments["value"]
            if arguments["key"] == ASK:
                nonce = json.loads(arguments["value"])["id"]
                self.loop.call_soon(self.bridge.answer, nonce, json.dumps(self.standing))
        if name == "remove":
            self.storage.pop(arguments["key"], None)
        return True


class RecordedApp:
    """One browser tab, as far as the server can tell."""

    def __init__(
        self,
        storage: dict[str, Any] | None = None,
        route: str = "/",
        width: float = 1280,
        connection: RecordingConnection | None = None,
    ):
        self.connection = connection or RecordingConnection({} if storage is None else storage)
        self.session = self.connection.session = Session(self.connection)
        self.page = self.session.page
        self.session.apply_page_patch(
            {
                "route": route,
                "width": width,
                "height": 800,
                "web": True,
                "platform": "linux",
                "platform_brightness": "light",
            }
        )

    async def start(self, main: Callable[[ft.Page], Awaitable[None]]) -> "RecordedApp":
        _context_page.set(self.page)
        context.reset_auto_update()
        self._greet(self.session.get_page_patch())
        await main(self.page)
        await self.session.after_event(self.page)
        await self.settle()
        return self

    def _greet(self, page_patch: Any) -> None:
        """The encoder notes what it has sent, which later differences build on."""
        greeting = RegisterClientResponseBody(session_id=self.session.id, page_patch=page_patch, error="")
        self.connection.send_message(Message(MessageAction.REGISTER_CLIENT, greeting))

    async def lose(self) -> None:
        """The connection breaks."""
        await self.session.disconnect(300)
        await self.settle()

    async def come_back(self) -> None:
        """The page is loaded anew, in the same session."""
        self.connection.is_mute = self.connection.is_closing = False
        self._greet(self.page)
        await self.session.connect(self.connection)
        await self.settle()

    async def stop(self) -> None:
        """The browser goes away, and its session expires."""
        await self.session.disconnect(0)
        await self.settle()
        self.session.close()
        await self.settle()

    async def settle(self, rounds: int = 60) -> None:
        for _ in range(rounds):
            await asyncio.sleep(0)

    # --- looking ----------------------------------------------------------------------------------------------------

    def controls(self, node: Any = None, seen: set[int] | None = None) -> Iterator[BaseControl]:
        """Every control on the page, parents before children."""
        node, seen = (self.page if node is None else node), (set() if seen is None else seen)
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, BaseControl):
            yield node
        for child in _children(node):
            yield from self.controls(child, seen)

    def texts(self) -> list[str]:
        return [control.value for control in self.controls() if isinstance(control, ft.Text)]

    def words(self, identifier: str) -> str:
        """What is said under an identifier."""
        for control in self.controls():
            if isinstance(control, ft.Semantics) and control.identifier == identifier:
                return str(control.label)
        raise LookupError(identifier)

    def identifiers(self) -> set[str]:
        found = (c.identifier for c in self.controls() if isinstance(c, ft.Semantics))
        return {identifier for identifier in found if identifier}

    def field(self, label: str) -> ft.TextField:
        for control in self.controls():
            if isinstance(control, ft.TextField) and control.label == label:
                return control
        raise LookupError(label)

    def button(self, name: str) -> BaseControl:
        """A button by its text or tooltip."""
        for control in self.controls():
            if name in (getattr(control, "content", None), getattr(control, "tooltip", None)):
                return control
        raise LookupError(name)

    # --- doing ------------------------------------------------------------------------------------------------------

    async def fire(self, control: BaseControl, event: str, payload: Any = None) -> None:
        await self.session.dispatch_event(control._i, event, payload)
        await self.settle()

    async def click(self, name: str) -> None:
        await self.fire(self.button(name), "click")

    async def choose(self, meaning: str) -> None:
        """Presses a segment of the first choice that has it."""
        for control in self.controls():
            if isinstance(control, ft.SegmentedButton) and meaning in [each.value for each in control.segments]:
                self.session.apply_patch(control._i, {"selected": [meaning]})
                await self.fire(control, "change", [meaning])
                return
        raise LookupError(meaning)

    def is_on(self, label: str, of: str = "") -> bool:
        return bool(self._switch(label, of).value)

    async def switch(self, label: str, is_on: bool, of: str = "") -> None:
        """Switches what is called that; of: whose, where several have one name."""
        control = self._switch(label, of)
        self.session.apply_patch(control._i, {"value": is_on})
        await self.fire(control, "change", is_on)

    def _switch(self, label: str, of: str) -> ft.Switch:
        rows = [c for c in self.controls() if isinstance(c, ft.Semantics) and c.label == (f"{of}:" if of else None)]
        found = (row for row in rows if label in [c.value for c in self.controls(row) if isinstance(c, ft.Text)])
        switches = ([c for c in self.controls(row) if isinstance(c, ft.Switch)] for row in found)
        return next(held[0] for held in switches if len(held) == 1)  # not what holds several rows

    async def select(self, label: str, meaning: str) -> None:
        """Chooses from a dropdown."""
        chooser = next(c for c in self.controls() if isinstance(c, ft.Dropdown) and c.label == label)
        self.session.apply_patch(chooser._i, {"value": meaning})
        await self.fire(chooser, "select", meaning)

    async def type(self, label: str, text: str) -> None:
        control = self.field(label)
        self.session.apply_patch(control._i, {"value": text})
        await self.fire(control, "change", text)

    async def type_fast(self, label: str, text: str) -> int:
        """Every letter arrives before the one ahead of it was dealt with; returns how many messages that caused."""
        control, before = self.field(label), len(self.connection.sent)
        events = []
        for end in range(1, len(text) + 1):
            self.session.apply_patch(control._i, {"value": text[:end]})
            events.append(asyncio.create_task(self.session.dispatch_event(control._i, "change", text[:end])))
            await asyncio.sleep(0)
        await asyncio.gather(*events)
        await self.settle()
        return len(self.connection.sent) - before

    async def go(self, route: str) -> None:
        """The address bar, or the browser's back button."""
        self.session.apply_page_patch({"route": route})
        await self.fire(self.page, "route_change", {"route": route})


def _children(node: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(node) and not inspect.isclass(node):
        for field in dataclasses.fields(node):
            if field.name not in _NOT_CHILDREN:
                child = getattr(node, field.name, None)
                if isinstance(child, list | tuple | dict | BaseControl):
                    yield child
    elif isinstance(node, list | tuple):
        yield from node
    elif isinstance(node, dict):
        yield from node.values()
