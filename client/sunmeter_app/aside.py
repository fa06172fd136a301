"""Pages that hold nothing: for a tab that found no place, and for one that nobody used for long. Pure."""

import html
from urllib.parse import quote

from .strings import LANGUAGES, SENTENCES

FULL, REST = "/full", "/rest"
_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
  <meta charset="UTF-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <link rel="icon" type="image/svg+xml" href="/icons/mark.svg">
  <title>Sunmeter</title>
  <style>
    body {{ font: 17px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 18vh auto 0; padding: 0 1.5rem; }}
    img {{ width: 64px; }}
    a {{ display: inline-block; margin-top: 1rem; padding: 0.7rem 1.4rem; border-radius: 1.5rem; text-decoration: none;
      background: #0B6B5D; color: #FFFFFF; }}
  </style>
  <script>{script}</script>
</head>
<body>
  <img src="/icons/mark.svg" alt="">
  <h1>{title}</h1>
  <p>{why}</p>
  <a href="{back}">{do}</a>
</body>
</html>
"""
_FORGET_SESSION = "sessionStorage.removeItem('_flet_session_id')"  # Flet would bring a refused one back, empty


def page(path: str, accepted: str, back: str) -> str:
    """FULL's or REST's page. accepted: the header Accept-Language; back: where its link leads, if within the app."""
    language = _language(accepted)
    say, topic = SENTENCES[language], path.removeprefix("/")
    words = {name: html.escape(say[f"aside.{topic}_{name}"]) for name in ("title", "why", "do")}
    script = _FORGET_SESSION if path == FULL else ""
    return _PAGE.format(language=language, script=script, back=html.escape(_within(back)), **words)


def address(path: str, route: str) -> str:
    """Where a tab is led, so that its way back leads to where it was."""
    return f"{path}?back={quote(route, safe='/')}"


def _within(back: str) -> str:
    """An address of the app; anything else is its beginning."""
    is_path = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if is_path and len(back) < 300 else "/"


def _language(accepted: str) -> str:
    for each in accepted.lower().split(","):
        language = each.strip().partition(";")[0].partition("-")[0]
        if language in LANGUAGES:
            return language
    return "en"
