"""The ports of a stack."""

import dataclasses
import socket

import pytest

from dev.ports import HOST, PortError, Ports


def test_a_base_gives_a_row_of_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUNMETER_PORT_BASE", "21000")
    ports = dataclasses.astuple(Ports.default())
    assert ports == tuple(range(21000, 21000 + len(ports)))


def test_without_a_base_the_emulators_ports_are_those_of_firebase_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUNMETER_PORT_BASE", raising=False)
    ports = Ports.default()
    assert (ports.auth, ports.firestore, ports.functions, ports.tasks) == (9099, 8080, 5001, 9499)
    assert len(set(dataclasses.astuple(ports))) == len(dataclasses.astuple(ports))


@pytest.mark.parametrize("base", ["80", "eighty", "65535", "²¹⁰⁰⁰"])
def test_a_base_that_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("SUNMETER_PORT_BASE", base)
    with pytest.raises(PortError, match=base):
        Ports.default()


def test_free_ports_differ() -> None:
    ports = dataclasses.astuple(Ports.free())
    assert len(set(ports)) == len(ports)


def test_a_taken_port_is_named_with_what_it_is_for_and_how_to_change_it() -> None:
    ports = Ports.free()
    with socket.socket() as taken:
        taken.bind((HOST, ports.tasks))
        taken.listen()
        with pytest.raises(PortError, match=rf"port {ports.tasks}, for tasks, is in use.*SUNMETER_PORT_BASE="):
            ports.require_free()
        ports.require_free("auth", "functions")
