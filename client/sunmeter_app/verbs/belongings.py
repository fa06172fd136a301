"""A home's data out and in, and how homes and accounts go."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ..calls import Calls
from ..data.backend import Files
from ..model import transfer
from ..model.household import Member, members_from
from ..model.transfer import MONTHS_OF_YEAR, Export, FileDraft
from ..problems import Problem
from ..state import State

CSV, JSON = "csv", "json"
GOES = "delete"


class Belongings:
    """sign_in_again: proves with the password that it is really them. Every verb raises Problem."""

    def __init__(
        self,
        calls: Calls,
        state: State,
        files: Files,
        sign_in_again: Callable[[str], Awaitable[None]],
        leave: Callable[[str], Awaitable[None]],
    ):
        self._calls = calls
        self._state = state
        self._data = state.data
        self._files = files
        self._sign_in_again = sign_in_again
        self._leave = leave

    # --- out --------------------------------------------------------------------------------------------------------

    async def export(self, kind: str, year: int) -> None:
        """Puts a copy together page by page, and hands it to the browser: a year as CSV, or everything as JSON."""
        wanted = {"format": kind, "year": year} if kind == CSV else {"format": kind}
        started = await self._calls.of_home("exportstart", **wanted)
        progress = Export(str(started["file"]), months=MONTHS_OF_YEAR if kind == CSV else None)
        texts: list[str] = []
        cursor = started["cursor"]
        try:
            while cursor:
                self._data.export = replace(progress, pages=len(texts))
                page = await self._calls.of_home("exportpage", export=started["export"], cursor=cursor)
                texts.append(page["text"])
                cursor = page["cursor"]
            await self._files.save(progress.file, "".join(texts).encode())
        except Problem:
            self._data.export = None
            raise
        self._data.export = replace(progress, pages=len(texts), is_done=True)

    async def keep(self, file: str, text: str) -> None:
        """Hands what is on the screen to the browser."""
        await self._files.save(file, text.encode())

    # --- in ---------------------------------------------------------------------------------------------------------

    async def offer_file(self) -> None:
        """Lets a file be chosen, and sends it in pieces; the cloud's preview appears in the home's jobs.

        Where nobody can tell what its columns hold, the person is asked.
        """
        picked = await self._files.pick()
        if picked is None:
            return
        name, content = picked
        text = transfer.text_of(content)
        self._data.asking = None
        try:
            await self._send(name, text, {})
        except Problem as problem:
            if problem.code != "which_columns":
                raise
            self._data.asking = transfer.draft_of(name, text)

    async def send_as_told(self, draft: FileDraft) -> None:
        """Sends a file with what its columns hold."""
        await self._send(draft.name, draft.text, {"columns": draft.told()})
        self._data.asking = None

    def withdraw_file(self) -> None:
        self._data.asking = None

    async def _send(self, name: str, text: str, options: dict[str, Any]) -> None:
        head = transfer.head(text)
        started = await self._calls.of_home("importstart", name=name[-120:], head=head, options=options)
        sent = 0
        try:
            for number, piece in enumerate(transfer.pieces(text)):
                self._data.sending = sent / len(text)
                sent += len(piece)
                last = sent == len(text)
                await self._calls.of_home("importpiece", job=started["job"], number=number, text=piece, last=last)
        finally:
            self._data.sending = None

    async def bring_in(self, job: str) -> None:
        await self._calls.of_home("importapply", job=job)

    async def drop(self, job: str) -> None:
        await self._calls.of_home("importcancel", job=job)

    # --- away -------------------------------------------------------------------------------------------------------

    async def delete_home(self, name: str) -> None:
        await self._calls.of_home("deletehome", name=name.strip())

    async def heirs(self, home: str) -> tuple[Member, ...]:
        """The others of a home, to whom it may pass."""
        person = self._state.session.person
        members = members_from(await self._calls.as_person("members", home=home))
        return tuple(each for each in members if person is None or each.uid != person.uid)

    async def delete_account(self, email: str, password: str, fates: dict[str, str]) -> None:
        """fates: of each home that nobody else owns, the heir's uid, or GOES."""
        await self._sign_in_again(password)
        homes: dict[str, Any] = {home: fate if fate == GOES else {"pass_to": fate} for home, fate in fates.items()}
        await self._calls.as_person("deleteaccount", email=email.strip(), homes=homes)
        await self._leave("account_deleted")
