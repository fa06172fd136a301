"""What would be deployed, as the CLI's discovery finds it, against a table: nothing grows, shrinks or moves unseen.

A function that is not in UNLIKE is like most: MOST. A row of UNLIKE says only what is otherwise.
"""

from typing import Any

import pytest

from dev.manifest import read_manifest

Endpoint = dict[str, Any]
MOST = {
    "region": "us-central1",
    "memory_mb": 256,
    "cpu": 1,
    "concurrency": 80,
    "instances": 10,
    "timeout_s": 60,
    "secrets": [],
    "queue": None,
    "schedule": None,
}
KEY = {"secrets": ["METER_MASTER_KEY"]}


def queue(attempts: int, least_s: int, most_s: int | None, at_once: int) -> Endpoint:
    return {"queue": {"attempts": attempts, "least_s": least_s, "most_s": most_s, "at_once": at_once}}


UNLIKE: dict[str, Endpoint] = {
    # hubs and Pis, over HTTPS
    "ingest": {"memory_mb": 512, "instances": 20},
    "enrolstart": {"instances": 2, **KEY},
    "enrolpoll": {"instances": 4},
    "firmwarefile": {"instances": 4},
    "healthz": {"instances": 2},
    # callables that seal or check with meters' keys
    "enrolapprove": KEY,
    "claimmeter": KEY,
    "linkkeys": KEY,
    "fitbill": KEY,
    "applybill": KEY,
    "calibratemeter": KEY,
    "rolloutfirmware": KEY,
    "movemeter": KEY,
    "consentshed": KEY,
    "commandmeter": KEY,
    "offerhub": KEY,
    "askforhub": KEY,
    "accepthub": KEY,
    "acceptneighbour": KEY,
    # callables that hold much at once
    "exportpage": {"memory_mb": 512, "concurrency": 4},
    "importstart": {"memory_mb": 512, "concurrency": 4},
    "importpiece": {"memory_mb": 512, "concurrency": 4},
    # triggers
    "onday": {"cpu": "gcf_gen1", "concurrency": 1, "instances": 100},
    # queues
    "sendpush": queue(8, 5, 600, at_once=20),
    "repricehome": {"memory_mb": 512, "concurrency": 4, "timeout_s": 300, **queue(5, 10, 600, at_once=10)},
    "trainhome": {"memory_mb": 1024, "concurrency": 1, "timeout_s": 540, **KEY, **queue(3, 60, None, at_once=10)},
    "watcharea": {"timeout_s": 540, **queue(8, 2, 60, at_once=20)},
    "shedloads": {"timeout_s": 540, **KEY, **queue(5, 5, 60, at_once=5)},
    "switchload": {**KEY, **queue(8, 5, 600, at_once=20)},
    "erase": {"timeout_s": 540, **queue(8, 30, 3600, at_once=5)},
    "applyimport": {"timeout_s": 540, **queue(8, 30, 3600, at_once=5)},
    # schedules, all in UTC
    "nightly": {"timeout_s": 1800, "schedule": "10 2 * * *"},
    "reconcile": {"timeout_s": 1800, "schedule": "40 * * * *"},
    "watchhubs": {"schedule": "* * * * *"},
}
LONGEST_S = {"eventTrigger": 540, "taskQueueTrigger": 1800, "scheduleTrigger": 1800}  # Eventarc, Tasks, Scheduler
LONGEST_REQUEST_S = 60  # what a client of ours waits for
MOST_INSTANCES = 1000  # of all functions together: a flood has a bill that can be told beforehand


@pytest.fixture(scope="module")
def endpoints() -> dict[str, Endpoint]:
    found: dict[str, Endpoint] = read_manifest()["endpoints"]
    return found


def row_of(endpoint: Endpoint) -> Endpoint:
    """One function in the words of the table."""
    (region,) = endpoint["region"]
    tasks, schedule = endpoint.get("taskQueueTrigger"), endpoint.get("scheduleTrigger")
    retry = tasks["retryConfig"] if tasks else {}
    return {
        "region": region,
        "memory_mb": endpoint["availableMemoryMb"],
        "cpu": endpoint["cpu"],
        "concurrency": endpoint["concurrency"],
        "instances": endpoint["maxInstances"],
        "timeout_s": endpoint["timeoutSeconds"],
        "secrets": [secret["key"] for secret in endpoint["secretEnvironmentVariables"]],
        "schedule": schedule["schedule"] if schedule else None,
        "queue": tasks
        and {
            "attempts": retry["maxAttempts"],
            "least_s": retry["minBackoffSeconds"],
            "most_s": retry.get("maxBackoffSeconds"),
            "at_once": tasks["rateLimits"]["maxConcurrentDispatches"],
        },
    }


def test_every_function_is_deployed_as_the_table_says(endpoints: dict[str, Endpoint]) -> None:
    assert not UNLIKE.keys() - endpoints.keys(), "the table names functions that do not exist"
    wrong = {
        name: {field: row[field] for field in row if row[field] != wanted[field]}
        for name, endpoint in endpoints.items()
        if (row := row_of(endpoint)) != (wanted := MOST | UNLIKE.get(name, {}))
    }
    assert not wrong


def test_a_function_that_changed_is_seen(endpoints: dict[str, Endpoint]) -> None:
    grown = {**endpoints["ingest"], "availableMemoryMb": 1024}
    bare = {**endpoints["claimmeter"], "secretEnvironmentVariables": []}
    assert row_of(grown) != MOST | UNLIKE["ingest"]
    assert row_of(bare) != MOST | UNLIKE["claimmeter"]


def test_schedules_go_by_utc(endpoints: dict[str, Endpoint]) -> None:
    schedules = [endpoint["scheduleTrigger"] for endpoint in endpoints.values() if "scheduleTrigger" in endpoint]
    assert {schedule["timeZone"] for schedule in schedules} == {"UTC"}


def test_no_timeout_is_longer_than_what_calls_the_function_waits(endpoints: dict[str, Endpoint]) -> None:
    for name, endpoint in endpoints.items():
        longest_s = next((LONGEST_S[kind] for kind in LONGEST_S if kind in endpoint), LONGEST_REQUEST_S)
        assert endpoint["timeoutSeconds"] <= longest_s, name


def test_a_part_of_a_cpu_serves_one_request_at_a_time(endpoints: dict[str, Endpoint]) -> None:
    for name, endpoint in endpoints.items():
        if endpoint["cpu"] != 1:
            assert endpoint["concurrency"] == 1, name
            assert endpoint["availableMemoryMb"] <= 512, name


def test_all_instances_together_have_a_bound(endpoints: dict[str, Endpoint]) -> None:
    assert sum(endpoint["maxInstances"] for endpoint in endpoints.values()) <= MOST_INSTANCES


def test_names_are_such_as_cloud_run_and_task_queues_take(endpoints: dict[str, Endpoint]) -> None:
    for name in endpoints:
        assert name.isascii()
        assert name.isalnum()
        assert name.islower()
        assert len(name) <= 49
