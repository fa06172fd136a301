"""The code's queries and firestore.indexes.json say the same."""

import ast
import inspect
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.query import Query

from dev.paths import FUNCTIONS, ROOT
from sunmeter import queries

INDEXES: dict[str, Any] = json.loads((ROOT / "firestore.indexes.json").read_text())
ANYBODY = AnonymousCredentials()  # type: ignore[no-untyped-call]
ARGUMENTS = {"db": firestore.Client("demo-none", ANYBODY), "since": datetime(2026, 1, 1, tzinfo=UTC)}
QUERIES = {
    name: function
    for name, function in inspect.getmembers(queries, inspect.isfunction)
    if function.__module__ == queries.__name__ and not name.startswith("_")
}
UNINDEXED_MAPS = {
    "days": {"columns", "totals", "money", "books", "difference_mwh", "peaks"},
    "months": {"columns", "days", "totals", "money", "peaks"},
    "prices": {"columns"},
    "tariffs": {"import", "export"},
    "alerts": {"pushed", "pushing", "mailed"},
    "homes": {"roles", "mutes"},
    "insight": {"load_wh", "pv_wh", "month", "bill", "panels", "detectable", "told", "open", "meters"},
    "kept": {"days", "months", "alerts"},
    "mail": {"message", "delivery"},
    "meters": {"silences", "sighted"},
    "downlink": {"assignment", "config", "model", "commands", "manifest", "page_code"},
    "releases": {"manifest", "files"},
    "hubs": {"meters"},
    "jobs": {"reader", "errors"},
    "batches": {"columns"},
    "deletions": {"homes"},
    "areas": {"homes"},
    "outages": {"homes", "extent"},
    "sheds": {"homes"},
}


def built(name: str) -> Query:
    parameters = inspect.signature(QUERIES[name]).parameters
    examples = {**ARGUMENTS, "most": 1, "since_ms": 1, "before_ms": 1, "now_ms": 1}
    query = QUERIES[name](**{each: examples.get(each, "x") for each in parameters})
    assert isinstance(query, Query)
    return query


def shape_of(query: Query) -> tuple[str, bool, set[str], set[str], list[str]]:
    """(collection, whole group?, equality fields, other filtered fields, ordering fields)."""
    structured = query._to_protobuf()
    (selector,) = structured.from_
    where = structured.where
    filters = [each.field_filter for each in where.composite_filter.filters] or (
        [where.field_filter] if where.field_filter.field.field_path else []
    )
    equal = {each.field.field_path for each in filters if each.op.name == "EQUAL"}
    others = {each.field.field_path for each in filters} - equal
    order = [each.field.field_path for each in structured.order_by if each.field.field_path != "__name__"]
    return selector.collection_id, selector.all_descendants, equal, others, order


def composites() -> list[tuple[str, list[str]]]:
    """(collection, fields) of the indexes over several fields, all of them ascending."""
    for index in INDEXES["indexes"]:
        assert index["queryScope"] == "COLLECTION"
        assert {field["order"] for field in index["fields"]} == {"ASCENDING"}
    return [
        (index["collectionGroup"], [field["fieldPath"] for field in index["fields"]]) for index in INDEXES["indexes"]
    ]


def overrides() -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["collectionGroup"], each["fieldPath"]): each for each in INDEXES["fieldOverrides"]}


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_has_the_index_it_needs(name: str) -> None:
    collection, whole_group, equal, others, order = shape_of(built(name))
    fields = equal | others | set(order)
    if len(fields) > 1 and (others or order):
        assert not whole_group
        assert (collection, [*sorted(equal), *sorted(others | set(order))]) in composites(), name
        return
    for field in fields:
        override = overrides().get((collection, field))
        scopes = {index["queryScope"] for index in override["indexes"]} if override else {"COLLECTION"}
        assert ("COLLECTION_GROUP" if whole_group else "COLLECTION") in scopes, f"{name}: {collection}.{field}"


def test_no_index_is_kept_for_a_query_that_is_gone() -> None:
    asked = {(shape_of(built(name))[0], field) for name in QUERIES for field in fields_of(name)}
    for (collection, field), override in overrides().items():
        if override["indexes"]:
            assert (collection, field) in asked
    shapes = [shape_of(built(name)) for name in QUERIES]
    needed = [(shape[0], [*sorted(shape[2]), *sorted(shape[3] | set(shape[4]))]) for shape in shapes]
    assert all(index in needed for index in composites())


def fields_of(name: str) -> set[str]:
    _, _, equal, others, order = shape_of(built(name))
    return equal | others | set(order)


@pytest.mark.parametrize(("collection", "fields"), UNINDEXED_MAPS.items())
def test_columns_and_big_maps_are_not_indexed(collection: str, fields: set[str]) -> None:
    for field in fields:
        assert overrides()[collection, field]["indexes"] == []


def test_what_expires_has_a_time_to_live() -> None:
    lasting = {(group, field) for (group, field), override in overrides().items() if override.get("ttl")}
    groups = (
        *("live", "enrolments", "limits", "invitations", "offers", "jobs", "batches"),
        *("tombstones", "mail", "hubs", "downlink"),
    )
    assert lasting == {(group, "expires") for group in groups}


def test_queries_are_built_in_one_module() -> None:
    for path in (FUNCTIONS / "sunmeter").glob("*.py"):
        assert path.stem == "queries" or not methods_called(path) & {"where", "order_by", "collection_group"}, path.name


def methods_called(path: Path) -> set[str]:
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return {function.attr for function in calls if isinstance(function, ast.Attribute)}


def test_the_queries_that_find_undone_work_are_those_the_reconciler_names() -> None:
    text = (FUNCTIONS / "sunmeter" / "reconcile.py").read_text()
    for name in (
        "days_written_since",
        "alerts_to_push",
        "homes_not_trained",
        "repricings_left",
        "accounts_to_erase",
        "homes_to_erase",
        "imports_to_finish",
        "areas_listed_before",
    ):
        assert f"`queries.{name}`" in text
        assert f"queries.{name}(" in text
    assert "`queries.loads_to_switch`" in text
