"""The rules' whole matrix, every path by everybody in every way, as real users: cells not as the table says."""

from __future__ import annotations

from dev.stack import Stack
from tests.emulator.test_rules import PRINCIPALS, TABLE, VERBS, made_cast, wrong_cells


def measure(stack: Stack) -> dict[str, float]:
    with made_cast(stack) as cast:
        wrong = [cell for template in TABLE for cell in wrong_cells(cast, template)]
    cells = len(TABLE) * len(PRINCIPALS) * len(VERBS)
    for cell in wrong:
        print(f"rules: {cell}")
    print(f"rules: {cells} cells, {len(wrong)} not as the table says")
    return {"matrix_cells": cells, "matrix_failures": len(wrong)}
