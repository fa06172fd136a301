"""The app as a static site, into client/site, as Firebase Hosting serves it: `make site`.

It is what `flet publish --no-cdn` makes, from the packages that are installed here: nothing is downloaded, and nothing
comes from a CDN when the site is opened. The app's Python is packed with what it imports; a browser runs it in a
worker, by Pyodide.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import flet_web  # type: ignore[import-untyped]
from babel.core import get_global

from dev.app import PROJECT_VARIABLE, settings
from dev.paths import ROOT
from dev.ports import HOST, PortError, Ports
from dev.running import StackError, folder_of
from dev.stack import SITE_FOLDER
from sunmeter_app.app import TITLE
from sunmeter_app.config import SETTINGS, Config, ConfigError, config_from
from sunmeter_app.safety import policy_of
from sunmeter_app.serve import ASSETS, DESCRIPTION
from sunmeter_app.speech import LOCALES

SITE = ROOT / "client" / "site"
WEB = Path(flet_web.get_package_web_dir())
PYODIDE = WEB / "pyodide"
PROGRAM = "from sunmeter_app.static import run\n\nrun()\n"
PACKAGES = ("sunmeter_app", "flet", "flet_charts", "msgpack", "repath", "six", "babel", "tzdata")
NEEDLESS = ("*.symbols", "*.map", "*.d.ts", "*.whl", "python*.exe", "python.bat", "python", "wimp*", "experimental_*")
OF_SERVERS = (
    "__pycache__",
    "__main__.py",
    "serve.py",
    "middleware.py",
    "health.py",
    "server.py",
    "over_httpx.py",
    "mobile.py",
    "*.so",
    "listen.py",
)
POLICY = '<meta http-equiv="Content-Security-Policy" content="{}">'
FRAMES = "; frame-ancestors 'none'"  # has no meaning within a page; firebase.json has the header for it


class SiteError(Exception):
    """The site could not be made; the message says why."""


def build(folder: Path, environment: Mapping[str, str]) -> None:
    """Makes the site for the project that an environment names. Raises ConfigError, SiteError."""
    told = {name: environment[name] for name in SETTINGS if environment.get(name)}
    config = config_from(told)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns(*NEEDLESS))
    shutil.copytree(ASSETS, folder, dirs_exist_ok=True)
    (folder / "app.tar.gz").write_bytes(packed(told))
    _patch(folder)
    page = folder / "index.html"
    policy = policy_of(page.read_text(), origins(config)).replace(FRAMES, "")
    page.write_text(page.read_text().replace("<head>", f"<head>\n  {POLICY.format(policy)}", 1))


def origins(config: Config) -> Iterator[str]:
    """Where the app of a project speaks to."""
    firestore = (
        f"http://{config.firestore_emulator}" if config.firestore_emulator else "https://firestore.googleapis.com"
    )
    push = (config.push.installations_url, config.push.registrations_url) if config.push else ()
    for url in (config.identity_url, config.tokens_url, config.functions_url, firestore, *push):
        parts = urlsplit(url)
        yield f"{parts.scheme}://{parts.netloc}"


def packed(told: Mapping[str, str]) -> bytes:
    """The program, its settings and all it imports, compiled, as the worker unpacks it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for package in PACKAGES:
            _copy(package, folder)
        (folder / "main.py").write_text(PROGRAM)
        compiled = subprocess.run(
            ["node", ROOT / "dev" / "precompile.mjs", PYODIDE, folder], capture_output=True, text=True, check=False
        )
        if compiled.returncode:
            raise SiteError(f"Pyodide does not compile the app: {(compiled.stderr or compiled.stdout)[-2000:]}")
        (folder / "config.json").write_text(json.dumps(dict(told)))
        return _archive(folder)


def _copy(package: str, folder: Path) -> None:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SiteError(f"{package} is not installed: make setup")
    source = Path(spec.origin)
    if source.name != "__init__.py":
        shutil.copy(source, folder)
        return
    shutil.copytree(source.parent, folder / package, ignore=_left_out)


def _left_out(folder: str, names: list[str]) -> set[str]:
    """What a browser does not need: what runs on servers, and languages that the app does not speak."""
    if Path(folder).name == "locale-data":
        kept = {f"{each}.dat" for locale in LOCALES.values() for each in inherited(locale)}
        return {name for name in names if name not in kept}
    return shutil.ignore_patterns(*OF_SERVERS)(folder, names)


def inherited(locale: str) -> Iterator[str]:
    """A locale and those that it takes from what it does not say itself, as Babel does."""
    parents = get_global("parent_exceptions")
    while True:
        yield locale
        if locale == "root":
            return
        locale = parents.get(locale) or locale.rpartition("_")[0] or "root"


def _archive(folder: Path) -> bytes:
    """The same files make the same archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            entry = archive.gettarinfo(path, str(path.relative_to(folder)))
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
            with path.open("rb") if path.is_file() else io.BytesIO() as content:
                archive.addfile(entry, content if path.is_file() else None)
    return buffer.getvalue()


def _patch(folder: Path) -> None:
    """The page and its manifests, as Flet's own publishing writes them."""
    flet_web.patch_index_html(
        index_path=str(folder / "index.html"),
        base_href="/",
        app_name=TITLE,
        app_description=DESCRIPTION,
        pyodide=True,
        pyodide_script_path="main.py",
        app_package_url="app.tar.gz",
        no_cdn=True,
    )
    flet_web.patch_manifest_json(manifest_path=str(folder / "manifest.json"), app_name=TITLE, app_short_name=TITLE)
    flet_web.patch_font_manifest_json(manifest_path=str(folder / "assets" / "FontManifest.json"))


def size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> int:
    """Into client/site for the project that the environment names, else into the running stack, which serves it."""
    try:
        ports = Ports.default()
        is_named = PROJECT_VARIABLE in os.environ
        folder = SITE if is_named else folder_of(ports) / SITE_FOLDER
        build(folder, settings(os.environ, ports))
    except (ConfigError, PortError, SiteError, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    where = "" if is_named else f", served at http://{HOST}:{ports.hosting}"
    print(f"the site is in {folder.relative_to(ROOT)}: {size_mb(folder):.0f} MB{where}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
