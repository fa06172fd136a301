"""The outside of the static site: HTTP by the browser's fetch, documents over REST. Runs in Pyodide only."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pyodide.http import pyfetch  # type: ignore[import-not-found]

from ..config import Config
from .backend import Backend, connect
from .http import Answer
from .rest import RestSource


class OverFetch:
    """Asks by the browser's fetch: names, certificates, caches and proxies are the browser's own."""

    async def send(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        kind, body = _body(json, form)
        more = {"body": body} if body is not None else {}
        answer = await pyfetch(url, method=method, headers={**kind, **(headers or {})}, cache="no-store", **more)
        return Answer(answer.status, await answer.bytes())


def _body(told: Any, form: Mapping[str, str] | None) -> tuple[dict[str, str], str | None]:
    if form is not None:
        return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form)
    if told is not None:
        return {"Content-Type": "application/json"}, json.dumps(told)
    return {}, None


def connect_browser(config: Config) -> Backend:
    http = OverFetch()
    return connect(config, http, lambda token: RestSource(http, token, config.project, config.firestore_emulator))
