"""Driving the app as a person with a screen reader would: through Flutter's semantics tree, which is real DOM.

Facts of Flutter that shape this file: semantics are off until the placeholder is clicked; focus arrives a moment after
the click, and what is typed before is lost; nodes overlap, so clicks are forced; text stands in aria-label or inside.
"""

import contextlib
import re
from collections.abc import Iterator

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    FloatRect,
    Locator,
    Page,
    TimeoutError,
    expect,
    sync_playwright,
)

from dev import tools

IDENTIFIER = "flt-semantics-identifier"
PHONE, DESKTOP = (390, 844), (1280, 800)
SESSION = "sessionStorage.getItem('_flet_session_id')"  # which of the server's sessions a tab has
_BE_SEEN = """state => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
PATIENCE_S = 60.0  # for what is to come: on a busy machine a function's first call alone may take twenty
TYPE_TRIES = 4
FOCUS_TRIES = 4
DRAW_STEPS = 6
_NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?")
_HARMLESS = (
    *("rive_native", "jsdelivr"),  # Flutter asks for it once; the app does not need it
    "null function",  # skwasm, where Chromium without a GPU gives it no context in time (flutter/flutter#172158)
)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute(IDENTIFIER)
        browser = playwright.chromium.launch(executable_path=tools.chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class App:
    """One browser tab with the app in it, of a person of its own: nothing is shared with other tabs."""

    def __init__(
        self,
        browser: Browser,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        zone: str = "Europe/Paris",
        scale: float = 1,
        has_touch: bool = False,
    ):
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            timezone_id=zone,
            device_scale_factor=scale,
            has_touch=has_touch,
            locale="en-GB",
        )
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self._note(str(error), error.stack or ""))
        self.page.on("console", self._note_console)

    def open(self, url: str) -> "App":
        """Opens an address and switches the semantics tree on."""
        self.page.goto(url)
        placeholder = self.page.locator("flt-semantics-placeholder")
        placeholder.wait_for(state="attached")
        placeholder.dispatch_event("click")
        self.page.locator("flt-semantics-host flt-semantics").first.wait_for(state="attached")
        return self

    def close(self) -> None:
        self._context.close()

    # --- reading ----------------------------------------------------------------------------------------------------

    def node(self, identifier: str) -> Locator:
        """The node that carries an identifier."""
        return self.page.get_by_test_id(identifier)

    def words(self, identifier: str) -> str:
        """What a screen reader says of that node; waits until it is there."""
        node = self.node(identifier)
        node.first.wait_for(state="attached")
        return str(node.first.evaluate("n => n.getAttribute('aria-label') || n.innerText")).strip()

    def number(self, identifier: str) -> float:
        """The first number of those words."""
        words = self.words(identifier)
        found = _NUMBER.search(words.partition(":")[2] or words)
        if found is None:
            raise AssertionError(f"no number in {identifier}: {words!r}")
        return float(found[0].replace("−", "-"))

    def sees(self, text: str | re.Pattern[str], timeout_s: float = PATIENCE_S) -> None:
        """Waits until some node says the text."""
        host = self.page.locator("flt-semantics-host")
        spoken = host.get_by_text(text).or_(host.get_by_label(text))
        expect(spoken.first).to_be_attached(timeout=timeout_s * 1000)

    def shows(self, identifier_or_text: str) -> None:
        """Waits until the screen holds a node of that identifier, or one that says the text."""
        host = self.page.locator("flt-semantics-host")
        by_words = host.get_by_text(identifier_or_text).or_(host.get_by_label(identifier_or_text))
        self.node(identifier_or_text).or_(by_words).first.wait_for(state="attached")

    def does_not_see(self, text: str) -> None:
        host = self.page.locator("flt-semantics-host")
        expect(host.get_by_text(text).or_(host.get_by_label(text))).to_have_count(0)

    # --- doing ------------------------------------------------------------------------------------------------------

    def click(self, name: str | re.Pattern[str]) -> None:
        """Presses a button by its accessible name."""
        self.page.get_by_role("button", name=name).first.click(force=True)

    def choose(self, menu: str, item: str) -> None:
        """Opens a menu and takes an item; again where a click is missed, as by a menu that still folds or unfolds."""
        found = self.page.get_by_role("menuitem", name=item).or_(
            self.page.get_by_role("button", name=re.compile(f"^{item}$"))
        )
        self.page.get_by_role("button", name=menu).first.wait_for(state="attached")
        beside = found.count()  # what the page offers under the same name
        for _ in range(FOCUS_TRIES):
            if found.count() == beside:
                self.click(menu)
            with contextlib.suppress(AssertionError):
                expect(found).not_to_have_count(beside, timeout=5_000)
                found.last.click(force=True)
                expect(found).to_have_count(beside, timeout=2_000)
                return
        raise AssertionError(f"{item!r} cannot be chosen from {menu!r}")

    def check(self, name: str | re.Pattern[str]) -> None:
        """Ticks a box by its accessible name, or takes its tick away."""
        self.page.get_by_role("checkbox", name=name).first.click(force=True)

    def tab(self, name: str) -> None:
        """Goes to a tab of the bar or the rail."""
        tab = self.page.get_by_role("tab", name=re.compile(name)).or_(
            self.page.get_by_role("button", name=re.compile(rf"{name}\s+Tab"))
        )
        tab.first.click(force=True)

    def type(self, label: str, text: str) -> None:
        """Types into a field, as keys; again where the first were lost: Flutter listens some time after the focus."""
        for _ in range(TYPE_TRIES):
            self._focus(label)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.press("Delete")
            self.page.keyboard.type(text, delay=12)
            with contextlib.suppress(TimeoutError):
                self.page.wait_for_function("text => document.activeElement?.value === text", arg=text, timeout=2_000)
                return
        raise AssertionError(f"{label!r} does not take what is typed")

    def sign_in(self, email: str, password: str) -> None:
        """Fills in the page of that name, with the keys."""
        self.type("E-mail address", email)
        self.type("Password", password)
        self.click("Sign in")

    def _focus(self, label: str) -> None:
        """Clicks a field until it has the focus: a field that is just being redrawn misses a click."""
        has_focus = "label => (document.activeElement?.getAttribute('aria-label') || '').startsWith(label)"
        for _ in range(FOCUS_TRIES):
            self.page.get_by_role("textbox", name=label).click(force=True)
            with contextlib.suppress(TimeoutError):
                self.page.wait_for_function(has_focus, arg=label, timeout=2_000)
                return
        raise AssertionError(f"no focus in {label!r}")

    def tap(self, identifier: str, across: float, down: float) -> None:
        """Taps a node at a part of its width and height."""
        box = self._box(identifier)
        self.page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])

    def swipe(self, identifier: str, by_px: float) -> None:
        """Draws a node to the right, or to the left where by_px is negative."""
        box, mouse = self._box(identifier), self.page.mouse
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse.move(x, y)
        mouse.down()
        for step in range(1, 5):
            mouse.move(x + by_px * step / 4, y)
        mouse.up()

    def touch(self, identifier: str, across: float, down: float) -> None:
        """Taps a node with a finger at a part of its width and height; the tab must have touch."""
        box = self._box(identifier)
        self.page.touchscreen.tap(box["x"] + across * box["width"], box["y"] + down * box["height"])

    def draw(self, identifier: str, right_px: float) -> None:
        """Draws a finger over a node, from its middle."""
        box = self._box(identifier)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        finger = self._context.new_cdp_session(self.page)
        for step in range(DRAW_STEPS + 1):
            point = {"x": x + right_px * step / DRAW_STEPS, "y": y}
            kind = "touchMove" if step else "touchStart"
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        finger.detach()

    def _box(self, identifier: str) -> FloatRect:
        node = self.node(identifier).first
        node.wait_for(state="attached")
        box = node.bounding_box()
        assert box is not None, f"{identifier} has no place"
        return box

    def hide(self) -> None:
        """Another tab comes before this one, as far as its page can tell."""
        self.page.evaluate(_BE_SEEN, "hidden")

    def unhide(self) -> None:
        self.page.evaluate(_BE_SEEN, "visible")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def press_until(self, key: str, text: str) -> None:
        """Presses a key until a text is there: Flutter listens some time after a screen has come."""
        for _ in range(TYPE_TRIES):
            self.press(key)
            with contextlib.suppress(AssertionError):
                self.sees(text, timeout_s=3)
                return
        raise AssertionError(f"{key} does not lead to {text!r}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(message.text, str(message.location))

    def _note(self, error: str, place: str) -> None:
        if not any(word in error + place for word in _HARMLESS):
            self.errors.append(f"{error} ({place})")
