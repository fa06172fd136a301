"""QUALITY.yaml is true: what a rule says is done, a test or a check that is there proves."""

import ast
from typing import Any

import pytest
import yaml

from dev.paths import ROOT

RULES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "QUALITY.yaml").read_text())["rules"]


def faults(rule: dict[str, Any]) -> list[str]:
    """What is wrong with a rule; nothing where it holds."""
    found = [] if rule.get("status") in ("done", "todo", "exempt") else ["no status"]
    if not str(rule.get("why", "")).strip():
        found.append("no reason")
    proof = rule.get("proof", [])
    if bool(proof) is not (rule.get("status") == "done"):
        found.append("done without proof, or proof of what is not done")
    return found + [f"{each} is not there" for each in proof if not is_there(each)]


def is_there(proof: str) -> bool:
    """A file, or a test in it; a file of tests must have one."""
    name, _, test = proof.partition("::")
    file = ROOT / name
    if not file.is_file():
        return False
    if not file.name.startswith("test_"):
        return not test
    tree = ast.parse(file.read_text())
    tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return test in tests if test else any(each.startswith("test_") for each in tests)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_holds(name: str) -> None:
    assert faults(RULES[name]) == []


def test_a_rule_that_claims_too_much_is_caught() -> None:
    good = {"status": "done", "why": "so", "proof": ["tests/unit/test_quality.py::test_a_rule_holds"]}
    assert faults(good) == []
    assert faults({**good, "proof": ["tests/unit/test_quality.py::test_of_nothing"]})
    assert faults({**good, "proof": ["tests/unit/test_gone.py"]})
    assert faults({**good, "proof": []})
    assert faults({**good, "why": " "})
    assert faults({"status": "todo", "why": "so", "proof": good["proof"]})
    assert faults({"status": "nearly", "why": "so"})
