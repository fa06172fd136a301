"""Command line of the twin: `run` plays houses for the real firmware, `inspect` tells what a recording holds."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.wire import is_meter_id, meter_key

from .clock import wall_ms
from .faults import KINDS, BadFault, parse_fault
from .provision import Identity
from .recordings import BadRecording, describe, read_recording
from .server import Event, Firmware, TwinError
from .street import Street, StreetPlan, demo_sources, has_pv, moment_ms, open_street, plan_houses

_ACK_TIMEOUT_S = 120.0

RUN_HELP = """\
Events are printed to standard output, one JSON object a line. With --control, commands are read from standard input:
  fault SPEC        add a fault, e.g. `fault heater@now+2h:2000`
  end KIND[#HOUSE]  end the active faults of a kind
  truth             print the true energies so far
  ack N             go on after the outage event with this id (the twin waits for it)
  stop              end the run
"""


def main(argv: list[str] | None = None) -> int:
    """Parse, run, and turn the twin's own errors into one sentence and a status of 1."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (BadFault, BadRecording, TwinError, OSError, ValueError) as error:
        print(f"twin: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m twin", description="Simulated houses for the real firmware.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    inspect = commands.add_parser("inspect", help="tell what a recording holds")
    inspect.add_argument("recording", metavar="FILE[#HOME]")
    inspect.set_defaults(run=_inspect)
    run = commands.add_parser(
        "run", help="play houses", epilog=RUN_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    run.add_argument("--houses", type=int, default=3)
    run.add_argument(
        "--from", dest="start", default="now", metavar="WHEN", help='"yesterday 00:00", now, 2026-11-20T00:00'
    )
    run.add_argument("--to", metavar="WHEN", help="end of the run; without it until stopped, in real time at last")
    run.add_argument("--zone", default="Europe/Paris", help="in which the houses live and WHEN is written")
    run.add_argument("--recording", metavar="FILE[#HOME]", help="what the first house does")
    run.add_argument("--day", type=date.fromisoformat, help="of the recording; else a complete, typical one")
    run.add_argument("--overlay-pv", type=float, default=0.0, metavar="W", help="PV for a recording without")
    kinds = ", ".join(KINDS)
    run.add_argument(
        "--fault", action="append", default=[], help=f"KIND[.CHANNEL][#HOUSE]@START[+DURATION][:AMOUNT]: {kinds}"
    )
    run.add_argument("--clock", type=Path, metavar="FILE", help="8 bytes of Unix ms for the hub to read")
    run.add_argument("--hub", default="127.0.0.1:8600", metavar="HOST:PORT")
    run.add_argument("--state", type=Path, required=True, metavar="DIR", help="of the meters' directories")
    run.add_argument("--meter", action="append", default=[], metavar="ID", help="one a house; else m-twin000001 and on")
    run.add_argument("--master", default="00" * 32, metavar="HEX", help="from which the meters' keys are derived")
    run.add_argument("--board", choices=("ideal", "smooth", "harsh"), default="smooth", help="how well the meters hear")
    run.add_argument("--hz", type=float, choices=(50.0, 60.0), default=50.0)
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--heap", default="512k", help="of the firmware")
    run.add_argument("--control", action="store_true", help="read commands from standard input")
    run.set_defaults(run=_run)
    return parser


def _inspect(arguments: argparse.Namespace) -> int:
    for name, fact in describe(read_recording(arguments.recording)).items():
        print(f"{name:>16}  {fact}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    plan = _plan(arguments)
    acks = _Acks()
    street = open_street(plan, _print, acks.outage(arguments.control))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with street.twin:
            if arguments.control:
                control = _Control(street, plan, arguments.zone, acks)
                threading.Thread(target=control.listen, name="control", daemon=True).start()
            while not street.twin.join(0.5):
                pass
    except KeyboardInterrupt:
        pass
    finally:
        _print_truth(street)
    return 0


def _plan(arguments: argparse.Namespace) -> StreetPlan:
    if not 1 <= arguments.houses <= 64:
        raise ValueError("--houses takes 1 to 64")
    zone, now_ms = _zone(arguments.zone), wall_ms()
    start_ms = moment_ms(arguments.start, now_ms, zone)
    onto = datetime.fromtimestamp(start_ms / 1000, zone).date()
    sources = demo_sources(arguments.houses, zone, onto, arguments.recording, arguments.day, arguments.overlay_pv)
    host, _, port = arguments.hub.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"--hub takes HOST:PORT, not {arguments.hub!r}")
    identities = [
        Identity(
            meter=meter,
            k_meter=meter_key(bytes.fromhex(arguments.master), meter, 1),
            hub_host=host,
            hub_port=int(port),
            pv_fitted=has_pv(source, start_ms),
        )
        for meter, source in zip(_meter_ids(arguments), sources, strict=True)
    ]
    return StreetPlan(
        houses=plan_houses(identities, sources, arguments.board, arguments.seed),
        start_ms=start_ms,
        end_ms=None if arguments.to is None else moment_ms(arguments.to, now_ms, zone),
        state=arguments.state,
        clock_file=arguments.clock,
        nominal_hz=arguments.hz,
        seed=arguments.seed,
        faults=[parse_fault(text, start_ms, now_ms, zone, arguments.houses) for text in arguments.fault],
        firmware=Firmware(heap=arguments.heap),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"--zone {name!r} is no time zone; write Europe/Paris or the like") from None


def _meter_ids(arguments: argparse.Namespace) -> list[str]:
    ids = arguments.meter or [f"m-twin{number:06d}" for number in range(1, arguments.houses + 1)]
    if len(ids) != arguments.houses:
        raise ValueError(f"{len(ids)} times --meter for {arguments.houses} houses")
    for meter in ids:
        if not is_meter_id(meter):
            raise ValueError(f"{meter!r} is no meter id: m- and 10 of 0-9, a-z")
    return ids


class _Acks:
    """Outages that wait until whoever runs hub and internet has acted on them."""

    def __init__(self) -> None:
        self._number = 0
        self._acked = threading.Condition()
        self._last = 0

    def outage(self, wait: bool) -> Callable[[str, bool, int], None]:
        """The timeline's callback: print the event and, under control, wait for its acknowledgement."""

        def tell(kind: str, active: bool, at_ms: int) -> None:
            self._number += 1
            number = self._number
            _print({"event": "outage", "kind": kind, "active": active, "at_ms": at_ms, "id": number})
            if wait:
                with self._acked:
                    self._acked.wait_for(lambda: self._last >= number, _ACK_TIMEOUT_S)

        return tell

    def ack(self, number: int) -> None:
        with self._acked:
            self._last = max(self._last, number)
            self._acked.notify_all()


class _Control:
    """Commands from standard input, one a line; its end changes nothing."""

    def __init__(self, street: Street, plan: StreetPlan, zone: str, acks: _Acks) -> None:
        self._street, self._plan, self._zone, self._acks = street, plan, ZoneInfo(zone), acks

    def listen(self) -> None:
        for line in sys.stdin:
            verb, _, rest = line.strip().partition(" ")
            try:
                self._obey(verb, rest)
            except (BadFault, ValueError) as error:
                _print({"event": "refused", "command": line.strip(), "reason": str(error)})

    def _obey(self, verb: str, rest: str) -> None:
        if verb == "fault":
            now_ms = self._street.twin.timeline.slowest_ms
            houses = len(self._street.meters)
            self._street.inject(parse_fault(rest, self._plan.start_ms, now_ms, self._zone, houses))
        elif verb == "end":
            kind, _, house = rest.partition("#")
            ended = self._street.end(kind, int(house or 1))
            _print({"event": "ended", "kind": kind, "faults": ended})
        elif verb == "truth":
            _print_truth(self._street)
        elif verb == "ack":
            self._acks.ack(int(rest))
        elif verb == "stop":
            self._street.twin.stop()
        elif verb:
            raise ValueError(f"unknown command {verb!r}")


def _print_truth(street: Street) -> None:
    for meter in street.meters:
        house = meter.house
        _print(
            {
                "event": "truth",
                "meter": meter.name,
                "at_ms": house.now_ms,
                **{name: round(wh, 3) for name, wh in asdict(house.energy).items()},
                "house_wh": round(house.energy.house_wh, 3),
                "clipped": house.clipped,
                "boots": meter.boots,
            }
        )


def _print(event: Event) -> None:
    print(json.dumps(event), flush=True)


if __name__ == "__main__":
    sys.exit(main())
