"""The documents name files that are there: back-ticked paths, and links between pages and to pictures."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
PAGES = [file for file in FILES if file.endswith(".md")]

_TICKED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
_LINKED = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")
_NAMES_A_FILE = re.compile(r"\.(?:py|md)$|/.*\.(?:json|rules|service|toml|in|mjs|png|html)$|/.*/$")
_MEANS_ANY = {"module.py"}  # stands for whichever
_MADE = re.compile(r"(?:^|/)(?:\.run|\.tools|\.venv|venv|node_modules|typings|fonts)(?:/|$)")  # by set-up, or a run


def named(page: str) -> set[str]:
    """What a page names that looks like a file or a folder of the project."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    ticked = {name for name in _TICKED.findall(text) if _NAMES_A_FILE.search(name) and not _MADE.search(name)}
    return (ticked | set(_LINKED.findall(text))) - _MEANS_ANY


def is_there(name: str, page: str) -> bool:
    """From the root, from the page's folder, or, for a bare name, as a tracked file of that name."""
    if any((place / name).exists() for place in (ROOT, (ROOT / page).parent)):
        return True
    return any(file.endswith(f"/{name}") for file in FILES) and not name.startswith(".")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_files_that_are_there(page: str) -> None:
    assert [name for name in sorted(named(page)) if not is_there(name, page)] == []


def test_a_page_that_names_a_missing_file_is_caught() -> None:
    assert is_there("edge/sunmeter_edge/verify.py", "README.md")
    assert not is_there("functions/sunmeter/days.py", "docs/architecture.md")
