"""What the Firebase CLI finds in main.py, and what importing it must not do."""

import ast
import os
import subprocess
import sys
from typing import Any

import pytest

from dev.manifest import read_manifest
from dev.paths import FUNCTIONS, FUNCTIONS_PYTHON

PURE = sorted((FUNCTIONS / "sunmeter" / "domain").rglob("*.py"))
SHELL = sorted((FUNCTIONS / "sunmeter").glob("*.py"))
OF_PEOPLE = {
    *("enrolapprove", "createhome", "claimmeter", "lease", "ratealert"),
    *("revokehub", "sharelocally", "rolloutfirmware"),
    *("consentshed", "shedload", "commandmeter"),
    *("settariff", "deletetariff", "setprices", "setbudget", "whatif", "fitbill", "applybill", "calibratemeter"),
    *("ackalert", "muteload", "registerpush", "testpush"),
    *("changehome", "deletehome", "deleteaccount", "members", "setrole", "removemember", "passhome"),
    *("invite", "acceptinvitation", "withdrawinvitation", "releasemeter", "movemeter"),
    *("offerhub", "askforhub", "accepthub", "acceptneighbour", "endneighbour"),
    *("exportstart", "exportpage", "importstart", "importpiece", "importapply", "importcancel"),
}


@pytest.fixture(scope="module")
def endpoints() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read_manifest()["endpoints"]
    return found


def imported_by(statement: str) -> set[str]:
    """The modules that are loaded after a statement, in an interpreter without any configuration."""
    program = f"import sys; {statement}; print(*sys.modules)"
    bare = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [FUNCTIONS_PYTHON, "-c", program], cwd=FUNCTIONS, env=bare, capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_main_loads_nothing_that_only_training_needs() -> None:
    loaded = imported_by("import main")
    assert "sunmeter.training" in loaded
    assert not loaded & {"numpy", "scipy", "statsmodels", "pandas", "sunmeter.night", "sunmeter.learning"}


def test_importing_main_makes_no_client() -> None:
    imported_by("import main, sunmeter.clients; assert not sunmeter.clients.cloud.cache_info().misses")


def test_every_function_of_the_contract_is_declared(endpoints: dict[str, dict[str, Any]]) -> None:
    kinds = {name: next(kind for kind in endpoint if kind.endswith("Trigger")) for name, endpoint in endpoints.items()}
    assert kinds == {
        **dict.fromkeys(OF_PEOPLE, "callableTrigger"),
        "ingest": "httpsTrigger",
        "enrolstart": "httpsTrigger",
        "enrolpoll": "httpsTrigger",
        "healthz": "httpsTrigger",
        "firmwarefile": "httpsTrigger",
        "linkkeys": "callableTrigger",
        "watcharea": "taskQueueTrigger",
        "shedloads": "taskQueueTrigger",
        "switchload": "taskQueueTrigger",
        "sendpush": "taskQueueTrigger",
        "trainhome": "taskQueueTrigger",
        "repricehome": "taskQueueTrigger",
        "erase": "taskQueueTrigger",
        "applyimport": "taskQueueTrigger",
        "nightly": "scheduleTrigger",
        "reconcile": "scheduleTrigger",
        "watchhubs": "scheduleTrigger",
        "onday": "eventTrigger",
    }


def test_the_body_of_every_function_is_one_line() -> None:
    functions = [
        node for node in ast.parse((FUNCTIONS / "main.py").read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) == len(read_manifest()["endpoints"])
    for function in functions:
        assert len(function.body) == 1, function.name
        assert function.body[0].lineno == function.body[0].end_lineno, function.name


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_the_domain_reaches_nothing_outside_itself(path: Any) -> None:
    assert {name.split(".")[0] for name in imports_of(path)} <= {"", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.stem)
def test_firestore_is_spoken_to_in_one_place(path: Any) -> None:
    if path.stem not in {"store", "clients", "queries"}:
        assert not {name for name in imports_of(path) if name.startswith("google.cloud")}


def imports_of(path: Any) -> set[str]:
    """Modules that a file imports; those of its own package begin with a dot."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def test_every_handler_s_docstring_names_its_key() -> None:
    handlers = {
        "ingest": "handle",
        "enrol": "start poll approve",
        "homes": "create change",
        "members": "set_role remove pass_on",
        "invitations": "invite accept withdraw",
        "neighbours": "offer ask accept_hub accept_neighbour end",
        "erasing": "delete_home delete_account run bury",
        "imports": "start piece apply cancel run",
        "exports": "start page",
        "meters": "claim release move",
        "live": "lease",
        "alerts": "store store_condition close hush rate acknowledge mute ask",
        "absence": "store_status watch watch_hubs watch_area hub_is_back",
        "areas": "ask refresh call",
        "containment": "consent shed shed_homes switch ask_switch renew",
        "grid": "watch",
        "operators": "command",
        "devices": "register test",
        "judge": "running_day night",
        "mails": "write",
        "push": "send",
        "parts": "fold is_folded",
        "training": "nightly train",
        "reconcile": "run",
        "rollup": "on_day",
        "hubs": "store_heartbeat store_cut_off store_sightings store_result revoke",
        "firmware": "roll_out",
        "sharing": "share_locally",
        "signals": "store_status store_interruptions store_restarts store_hub store_cut_off",
        "tariffs": "set_tariff delete_tariff set_prices set_budget",
        "reprice": "run",
        "bills": "fit apply",
    }
    for module, names in handlers.items():
        tree = ast.parse((FUNCTIONS / "sunmeter" / f"{module}.py").read_text())
        documented = {
            node.name: ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        for name in names.split():
            assert "Key" in documented[name], f"{module}.{name}"
