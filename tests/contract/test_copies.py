"""The contract's copies: byte for byte, in every program that deploys alone."""

from pathlib import Path

from dev.contract_copies import COMMAND, COPIES, drifted, pairs, strays, write_copies
from dev.paths import ROOT


def test_every_copy_is_its_original_byte_for_byte() -> None:
    stale = [str(copy.relative_to(ROOT)) for _, copy in drifted()]
    assert stale == [], f"edit contract/ and run `{COMMAND}`"


def test_nothing_but_copies_lives_among_the_copies() -> None:
    assert strays() == [], "code of one program belongs outside its contract package"


def test_the_table_is_closed_under_imports() -> None:
    """A copy that imports a neighbour is copied together with it."""
    for folder, modules in COPIES.items():
        for module in modules:
            for line in (ROOT / "contract" / f"{module}.py").read_text().splitlines():
                words = line.split()
                if line.startswith("from .") and words[1] != ".":
                    assert words[1][1:] in modules, f"{folder} has {module} but not {words[1][1:]}"


def a_checkout(folder: Path) -> Path:
    """A folder with a contract of one line a module, copied everywhere."""
    (folder / "contract").mkdir()
    for original, _ in pairs(folder):
        original.write_bytes(f"# {original.stem}\r\n".encode())
    write_copies(folder)
    return folder


def test_a_changed_byte_a_missing_file_and_a_stray_are_seen(tmp_path: Path) -> None:
    root = a_checkout(tmp_path)
    assert drifted(root) == []
    changed, missing, *_ = [copy for _, copy in pairs(root)]
    changed.write_bytes(changed.read_bytes().replace(b"\r\n", b"\n"))
    missing.unlink()
    stray = missing.with_name("own_code.py")
    stray.write_text("")
    assert [copy for _, copy in drifted(root)] == [changed, missing]
    assert strays(root) == [stray]


def test_writing_mends_what_drifted_and_touches_nothing_else(tmp_path: Path) -> None:
    root = a_checkout(tmp_path)
    changed, *_ = [copy for _, copy in pairs(root)]
    changed.write_text("drifted")
    assert write_copies(root) == [changed]
    assert write_copies(root) == []
