"""The documentation is a site that is built without network, and no dead link gets into it."""

import re
import subprocess
import sys
from pathlib import Path

from dev import docs
from dev.paths import ROOT


def built(folder: Path, pages: list[Path], root: Path) -> subprocess.CompletedProcess[str]:
    """A site of these pages, by the project's own configuration; a menu only where they are the project's."""
    docs.gather(pages, folder / "pages", root)
    menu = "" if root == ROOT else "nav: [README.md]\n"
    (folder / "mkdocs.yml").write_text(f"INHERIT: {docs.CONFIGURATION}\ndocs_dir: pages\nsite_dir: html\n{menu}")
    command = [sys.executable, "-m", "mkdocs", "build", "-f", str(folder / "mkdocs.yml")]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=docs.ENVIRONMENT)


def test_the_site_is_built_with_every_page_link_and_anchor_in_place(tmp_path: Path) -> None:
    pages = docs.tracked_pages()
    result = built(tmp_path, pages, ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    html = [path.relative_to(tmp_path / "html") for path in (tmp_path / "html").rglob("*.html")]
    assert len(html) >= len(pages)
    start = (tmp_path / "html" / "index.html").read_text()
    assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://[^"]+"', start) == []  # nothing is fetched


def test_dead_links_end_the_build_and_are_named(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    (root / docs.FAVICON).parent.mkdir(parents=True)
    (root / docs.FAVICON).write_bytes(b"")
    (root / "README.md").write_text("# Start\n\n[a](docs/gone.md) [b](README.md#nowhere) ![c](docs/picture.png)\n")
    result = built(tmp_path, [Path("README.md")], root)
    assert result.returncode != 0
    for told in ("docs/gone.md", "#nowhere", "docs/picture.png"):
        assert told in result.stdout + result.stderr


def test_every_screen_has_its_picture_on_the_page_of_screens() -> None:
    page = (ROOT / "docs" / "screens.md").read_text()
    names = {picture.stem.rsplit("-", 2)[0] for picture in (ROOT / "docs" / "screens").glob("*.png")}
    assert [name for name in sorted(names) if f"(screens/{name}-" not in page] == []
