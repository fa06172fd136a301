"""Accounts: made, verified, signed in to; and what the services ask of whoever is signed in."""

from collections.abc import Callable
from contextlib import suppress

from ..data.backend import Backend, Memory
from ..data.identity import Account, Tokens
from ..data.source import Source
from ..problems import SIGNED_OUT, UNREACHABLE, Problem
from ..state import Person, Session

KEPT_SIGN_IN = "sunmeter.sign_in"


class SigningIn:
    """One person at a time. admitted: somebody is signed in, their address verified or not. Every verb raises Problem.

    source: the signed-in user's view of the database; None: nobody is signed in.
    """

    def __init__(
        self,
        backend: Backend,
        session: Session,
        memory: Memory,
        admitted: Callable[[bool], None],
        now_s: Callable[[], float],
    ):
        self._backend = backend
        self._session = session
        self._memory = memory
        self._admitted = admitted
        self._now_s = now_s
        self._account: Account | None = None
        self.source: Source | None = None

    async def resume(self) -> bool:
        """Signs in again where the browser remembers a sign-in; False where it does not, or it holds no more."""
        kept = await self._memory.get(KEPT_SIGN_IN)
        if not kept:
            return False
        try:
            tokens = await self._backend.identity.refresh(kept)
        except Problem as problem:
            if problem.code != UNREACHABLE:
                await self._memory.forget(KEPT_SIGN_IN)
            self._session.notice = problem.code if problem.code == UNREACHABLE else SIGNED_OUT
            return False
        await self._admit(tokens)
        return True

    async def sign_up(self, email: str, password: str) -> None:
        """Makes an account and sends the mail that verifies its address.

        When only the mail fails, the account is there all the same: the next screen offers to send it again.
        """
        tokens = await self._backend.identity.sign_up(email.strip(), password)
        with suppress(Problem):
            await self._backend.identity.send_verification(tokens.id_token)
        await self._admit(tokens)

    async def sign_in(self, email: str, password: str) -> None:
        await self._admit(await self._backend.identity.sign_in(email.strip(), password))

    async def sign_in_again(self, password: str) -> None:
        """A fresh proof of who it is, for what cannot be undone."""
        person, account = self._session.person, self._signed_in()
        if person is None:
            raise Problem(SIGNED_OUT)
        tokens = await self._backend.identity.sign_in(person.email, password)
        self._check_still(account)
        account.take(tokens)

    async def send_reset(self, email: str) -> None:
        await self._backend.identity.send_reset(email.strip())

    async def send_verification(self) -> None:
        await self._backend.identity.send_verification(await self.id_token())

    async def check_verified(self) -> bool:
        """Asks whether the address has been verified by now; goes on if so."""
        account = self._signed_in()
        tokens = await account.renew()
        self._check_still(account)
        if tokens.is_verified:
            await self._admit(tokens)
        return tokens.is_verified

    async def id_token(self) -> str:
        return await self._signed_in().id_token()

    async def forget(self) -> None:
        """Ends the sign-in: answers that come later let nobody in. What is read goes on until `close`."""
        await self._memory.forget(KEPT_SIGN_IN)
        self._account = None

    async def close(self) -> None:
        """Reads nothing any more."""
        source, self.source = self.source, None
        if source is not None:
            await source.close()

    def _signed_in(self) -> Account:
        if self._account is None:
            raise Problem(SIGNED_OUT)
        return self._account

    def _check_still(self, account: Account) -> None:
        """Raises Problem where its person has left meanwhile: an answer that comes late lets nobody in again."""
        if self._account is not account:
            raise Problem(SIGNED_OUT)

    async def _admit(self, tokens: Tokens) -> None:
        await self._memory.put(KEPT_SIGN_IN, tokens.refresh_token)
        await self.close()
        self._account = Account(self._backend.identity, tokens, self._now_s)
        self.source = self._backend.open_source(self._account.token)
        self._session.notice = ""
        self._session.person = Person(tokens.uid, tokens.email, tokens.areas)
        self._admitted(tokens.is_verified)
