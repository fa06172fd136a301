"""What a browser may do with the app's pages: the policy and the headers of both ways to serve it. Pure."""

import base64
import hashlib
import re
from collections.abc import Iterable

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

# Of every answer. HSTS is without effect over plain HTTP.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=()",
    "Strict-Transport-Security": "max-age=31536000",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",  # with the one above: Flutter draws in a thread of its own
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policy_of(page: str, addresses: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page: its own scripts, those within it by their digest, and nothing else.

    addresses: origins beside its own that it may speak to.
    """
    digests = [f"'sha256-{_digest(script)}'" for script in _INLINE_SCRIPT.findall(page)]
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'", *digests],  # CanvasKit and Pyodide are WebAssembly
        "worker-src": ["'self'", "blob:"],  # Flutter's drawing thread starts from a blob
        "connect-src": ["'self'", *addresses],
        "style-src": ["'self'", "'unsafe-inline'"],  # Flutter writes its style elements as it starts
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'self'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(" ".join([name, *sources]) for name, sources in rules.items())


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
