"""HTTP over a server's own sockets."""

from collections.abc import Mapping
from typing import Any

import httpx

from .http import Answer


class OverHttpx:
    """One pool of connections, shared by all visits."""

    def __init__(self, client: httpx.AsyncClient):
        self._client = client

    async def send(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        try:
            answer = await self._client.request(method, url, json=json, data=form, headers=headers)
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:  # it was there
            raise TimeoutError(type(error).__name__) from error
        except httpx.TransportError as error:
            raise ConnectionError(type(error).__name__) from error
        return Answer(answer.status_code, answer.content)
