"""Whether this browser is told of alerts: asked for by a person, kept in order at each visit, ended at sign-out."""

import json
import logging
import secrets
from collections.abc import Callable
from typing import Any

from ..calls import Calls
from ..contract import documents
from ..data.backend import Memory
from ..data.push import Notifications, Registrar, Standing
from ..data.source import Denied, Source
from ..problems import Problem
from ..state import Here, State

log = logging.getLogger("sunmeter.app")

KEPT_DEVICE, KEPT_PUSH = "sunmeter.device", "sunmeter.push"
RENEW_AFTER_S = 7 * 86_400  # FCM forgets a registration that is silent for months; a week is its SDK's habit


class Notifying:
    """registrar: None where the project has no web push. source: the signed-in user's view; None: nobody is."""

    def __init__(
        self,
        calls: Calls,
        state: State,
        browser: Notifications,
        memory: Memory,
        registrar: Registrar | None,
        source: Callable[[], Source | None],
        now_s: Callable[[], float],
    ):
        self._calls = calls
        self._state = state
        self._browser = browser
        self._memory = memory
        self._registrar = registrar
        self._source = source
        self._now_s = now_s

    async def keep(self) -> None:
        """Looks how this browser stands, and mends what has changed since the last visit. Asks the person nothing."""
        if self._registrar is None:
            return
        try:
            standing = await self._browser.look()
        except Problem as problem:
            log.info("browser not asked", extra={"code": problem.code})
            return
        kept = await self._kept()
        if standing.permission == "granted" and kept is not None:
            if self._is_stale(kept, standing):
                await self._renew(self._registrar)
            self._tell(Here.ON)
            return
        if kept is not None:  # the person has withdrawn the permission in the browser
            await self.forget()
        self._tell(_HERE.get(standing.permission, Here.OFF))

    async def turn_on(self) -> None:
        """Asks the person and the browser, and makes the device known. Raises Problem."""
        if self._registrar is None:
            raise Problem("push_project")
        standing = await self._browser.subscribe(self._registrar.key)
        if standing.subscription is None:
            self._tell(_HERE.get(standing.permission, Here.OFF))
            return
        await self._register(self._registrar, standing)
        self._tell(Here.ON)

    async def turn_off(self) -> None:
        """This browser is told nothing any more; the person's other devices are."""
        await self.forget()
        self._tell(Here.OFF)

    async def forget(self) -> None:
        """Takes the device out of the cloud and the subscription out of the browser.

        Either is enough, and either may fail: FCM tells the cloud of a subscription that is gone.
        """
        kept, source, person = await self._kept(), self._source(), self._state.session.person
        if kept is None:
            return
        if source is not None and person is not None:
            try:
                await source.remove(documents.push_device(person.uid, await self._device()))
            except (Denied, OSError) as error:
                log.info("device not removed", extra={"why": str(error)})
        await self._drop()

    async def unsubscribe(self) -> None:
        """Takes the subscription out of the browser, whoever's it was: a sign-in that ended elsewhere leaves it."""
        if await self._memory.get(KEPT_PUSH) is not None:
            await self._drop()

    # --- how --------------------------------------------------------------------------------------------------------

    async def _drop(self) -> None:
        await self._memory.forget(KEPT_PUSH)
        try:
            await self._browser.unsubscribe()
        except Problem as problem:
            log.info("browser not unsubscribed", extra={"code": problem.code})

    async def _renew(self, registrar: Registrar) -> None:
        """Registers anew without a question; what does not work now is tried at the next visit."""
        try:
            standing = await self._browser.subscribe(registrar.key)
            if standing.subscription is not None:
                await self._register(registrar, standing)
        except Problem as problem:
            log.info("device not renewed", extra={"code": problem.code})

    async def _register(self, registrar: Registrar, standing: Standing) -> None:
        token = await registrar.token(standing.subscription or {})
        await self._calls.as_person(
            "registerpush", device=await self._device(), token=token, platform=registrar.platform
        )
        kept = {"endpoint": standing.endpoint, "uid": self._uid(), "at_s": int(self._now_s())}
        await self._memory.put(KEPT_PUSH, json.dumps(kept))

    def _is_stale(self, kept: dict[str, Any], standing: Standing) -> bool:
        return kept.get("endpoint") != standing.endpoint or self._now_s() > kept.get("at_s", 0) + RENEW_AFTER_S

    async def _kept(self) -> dict[str, Any] | None:
        """What this browser remembers of the signed-in person's registration."""
        try:
            kept = json.loads(await self._memory.get(KEPT_PUSH) or "null")
        except ValueError:
            return None
        return kept if isinstance(kept, dict) and kept.get("uid") == self._uid() else None

    async def _device(self) -> str:
        """This browser's name among a person's devices."""
        device = await self._memory.get(KEPT_DEVICE)
        if not device:
            device = secrets.token_hex(8)
            await self._memory.put(KEPT_DEVICE, device)
        return device

    def _uid(self) -> str:
        person = self._state.session.person
        return person.uid if person else ""

    def _tell(self, here: Here) -> None:
        self._state.device.here = here


_HERE = {"denied": Here.BLOCKED, "unsupported": Here.UNSUPPORTED}
