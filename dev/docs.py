"""`make docs`: the documentation as a site that opens from a folder, .run/docs/html, built without network.

Pages lie all over the checkout, beside what they tell of, and link to each other as they lie there. So the site's pages
are the tracked ones and whatever files they link to, gathered under their own paths. MkDocs then checks every link and
anchor, and any warning ends the build: a page that no menu names, a file that is not there, a heading that has gone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from dev.paths import ROOT, RUN

PAGES = RUN / "docs" / "pages"
CONFIGURATION = ROOT / "mkdocs.yml"
ENVIRONMENT = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # of the theme: what it says is in CONTRIBUTING.md
FAVICON = "client/assets/favicon.png"
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINKED = re.compile(r"\]\((?!\w+:)([^)#\s]+)(?:#[^)]*)?\)")


def tracked_pages(root: Path = ROOT) -> list[Path]:
    """The Markdown files that git knows, or would take, relative to the checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in told.splitlines() if (root / line).is_file()]


def linked_files(page: Path, root: Path = ROOT) -> Iterator[Path]:
    """The files, not pages, that a page links to or shows; what is not there is left for MkDocs to tell."""
    for target in _LINKED.findall(_FENCED.sub("", (root / page).read_text())):
        found = (root / page.parent / target).resolve()
        if found.is_file() and found.suffix != ".md" and found.is_relative_to(root.resolve()):
            yield found.relative_to(root.resolve())


def gather(pages: Iterable[Path], to: Path = PAGES, root: Path = ROOT) -> None:
    """Puts pages and what they link to under `to`, in place of what was there."""
    shutil.rmtree(to, ignore_errors=True)
    for file in {Path(FAVICON), *(each for page in pages for each in (page, *linked_files(page, root)))}:
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, to / file)


def main() -> int:
    gather(tracked_pages())
    # Not --quiet: it keeps warnings from being counted too, and with them what `strict` is for.
    command = [sys.executable, "-m", "mkdocs", "build", "--config-file", str(CONFIGURATION)]
    code = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=False).returncode
    if not code:
        print(f"the site is in {(RUN / 'docs' / 'html').relative_to(ROOT)}: open index.html")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
