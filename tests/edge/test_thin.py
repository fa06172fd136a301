"""The hub's core stays as thin as docs/decisions/0007 says, by the rule that page gives."""

import ast
import io
import tokenize
from pathlib import Path

import sunmeter_edge

CORE = ("verify", "commit", "place", "acknowledge", "chain", "assemble", "quarters", "send", "forget")
MOST_LINES = 795
SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
SPEAKS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(source: str) -> int:
    """Lines that hold code: blank lines, comments and docstrings do not."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for token in tokens if token.type not in SILENT for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, SPEAKS) and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            lines -= set(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    return len(lines)


def test_the_core_stays_thin() -> None:
    package = Path(sunmeter_edge.__file__).parent
    counted = {name: code_lines((package / f"{name}.py").read_text()) for name in CORE}
    assert sum(counted.values()) <= MOST_LINES, counted


def test_only_code_counts() -> None:
    assert code_lines('"""What it is.\n\nMore."""\n\n# why\nx = 1  # and how\n\ny = """two\nlines"""\n') == 3
