"""Flashes and provisions an ESP32 in one go: `python -m dev.meter --wifi NAME --hub HOST`, or `make meter`.

Checks the port and the board, writes MicroPython where --image names one, copies the compiled firmware, writes the
settings, puts the key into the board's NVS, reads everything back, restarts, waits for the first good burst, and makes
the label. Run again it repairs what differs and touches nothing else.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract import wire
from dev import told
from dev.paths import RUN
from dev.release import ReleaseError

from . import board as boards
from . import firmware, order, plan
from .board import Board
from .label import label
from .order import Mistake, Order

_BOOT_S = 20.0  # a board that was given MicroPython makes its file system first
_BURST_S = 60.0  # start, Wi-Fi's first attempt and ten cycles take five seconds; a board that is ill restarts once more
_STEPS = (
    "check the order: Wi-Fi name, hub, front end, image",
    "check the port {port}",
    "erase the flash and write MicroPython from {image}",
    "check the board: an ESP32, its MicroPython, its id",
    "compile the firmware",
    "remove what does not belong there; write firmware and settings",
    "write the key into NVS, check it by the MAC of a challenge",
    "read back: the SHA-256 of every file",
    "restart, and wait for the first good burst",
    "make the label",
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """An order with the secrets it needs, and how the run is to be."""

    order: Order
    master: bytes = field(repr=False)
    wifi_password: str = field(repr=False)
    port: str
    meter: str | None = None  # None: the id the board has, else a new one
    image: Path | None = None
    keeps_calibration: bool = False
    replaces_key: bool = False
    waits: bool = True
    labels: Path = RUN / "labels"


def make(job: Job, make_files: firmware.Maker = firmware.files) -> Path:
    """Does all of it; returns the label's path. Raises Mistake, and then may be run again."""
    kept: dict[str, bytes] = {}
    before: dict[str, Any] = {}
    with told.step(f"the port {job.port}"):
        boards.check_port(job.port)
    if job.image is not None:
        kept, before = _saved(job)
        with told.step(f"MicroPython from {job.image.name} (a minute)"):
            boards.flash_micropython(job.port, job.image)
    board = Board(job.port, _BOOT_S)
    try:
        return _provision(job, board, make_files, kept, before)
    finally:
        board.close()


def _saved(job: Job) -> tuple[dict[str, bytes], dict[str, Any]]:
    """(calibration files, settings) of a board that is about to be erased, where they are to be kept."""
    if not job.keeps_calibration:
        return {}, {}
    with told.step("the calibration, read before the flash is erased"):
        board = Board(job.port)
        try:
            return {path: board.read(path) for path in plan.calibration_of(board.files())}, _settings_of(board)
        finally:
            board.close()


def _provision(
    job: Job, board: Board, make_files: firmware.Maker, kept: dict[str, bytes], before: dict[str, Any]
) -> Path:
    with told.step("the board"):
        boards.check_about(board.about())
        before = before or _settings_of(board)
    meter = order.checked_meter(job.meter or str(before.get("meter") or order.new_meter_id()))
    key = wire.meter_key(job.master, meter, order.KEY_VERSION)
    _check_before(job, board, before, meter, key)
    with told.step(f"the firmware for {meter}"):
        wanted = {**_made(make_files, meter, key), **kept}
    calibration = before.get("config", {}).get("calibration", {}) if job.keeps_calibration else {}
    wanted[plan.SETTINGS] = order.settings(job.order, meter, job.wifi_password, calibration)
    _write(job, board, wanted, before.get("meter") in (None, meter))
    with told.step("the key"):
        if not board.holds_key(key):
            board.store_key(key)
    with told.step("reading back"):
        _verify(board, wanted, key)
    if job.waits:
        with told.step("the first good burst"):
            board.restart()
            board.wait_for_burst(_BURST_S)
    else:
        board.restart()
    return _write_label(job, meter, key)


def _check_before(job: Job, board: Board, before: Mapping[str, Any], meter: str, key: bytes) -> None:
    """Raises Mistake where what the board was would be spoilt by what it is to be."""
    if job.keeps_calibration and before and before.get("front_end", "esp32") != job.order.front_end:
        raise Mistake("the calibration was made with the other front end: run this without --keep-calibration")
    if before.get("meter") == meter and board.holds_key(key) is False and not job.replaces_key:
        raise Mistake(
            f"the board holds another key for {meter}: is this the right master key? The cloud would no longer believe "
            "the meter. If its key is to be made anew: --replace-key"
        )


def _made(make_files: firmware.Maker, meter: str, key: bytes) -> firmware.Files:
    try:
        return make_files(meter, key)
    except ReleaseError as error:
        raise Mistake(f"the firmware does not compile: {str(error).strip()}") from None


def _settings_of(board: Board) -> dict[str, Any]:
    """What an earlier run wrote; empty on a new board."""
    if plan.SETTINGS not in board.files():
        return {}
    try:
        found = json.loads(board.read(plan.SETTINGS))
    except ValueError:
        return {}
    return found if isinstance(found, dict) and wire.is_meter_id(found.get("meter")) else {}


def _write(job: Job, board: Board, wanted: Mapping[str, bytes], is_same_meter: bool) -> None:
    present = board.files()
    todo = plan.plan(present, wanted, is_same_meter=is_same_meter, keeps_calibration=job.keeps_calibration)
    size = sum(len(wanted[path]) for path in todo.write)
    with told.step(f"{len(todo.write)} files to write ({size} bytes), {len(todo.remove)} to remove"):
        for path in todo.remove:
            board.remove(path)
        for path in todo.write:
            board.write(path, wanted[path])


def _verify(board: Board, wanted: Mapping[str, bytes], key: bytes) -> None:
    present = board.files()
    wrong = [path for path, content in wanted.items() if present.get(path) != plan.digest(content)]
    if wrong:
        names = ", ".join(wrong)
        raise Mistake(f"the board reads back something else in {names}: run this again; then suspect its flash")
    if not board.holds_key(key):
        raise Mistake("the board does not hold its key: run this again; then give it MicroPython anew with --image")


def _write_label(job: Job, meter: str, key: bytes) -> Path:
    job.labels.mkdir(parents=True, exist_ok=True)
    path = job.labels / f"{meter}.svg"
    path.touch(mode=0o600)  # whoever has the code can claim the meter
    path.write_text(label(meter, key), encoding="utf-8")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dev.meter",
        description=str(__doc__),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Secrets never stand on the command line. The master key comes from --master-file, from "
        f"${order.MASTER_VARIABLE}, or is typed; the Wi-Fi password from ${order.WIFI_VARIABLE}, or is typed.",
    )
    add = parser.add_argument
    add("--port", help="serial port; without it, the only one there is")
    add("--wifi", default="", metavar="NAME", help="Wi-Fi network, 2.4 GHz")
    add("--hub", default="", metavar="HOST", help="the hub's name or address on the LAN")
    add("--hub-port", type=int, default=Order.hub_port, help="default: %(default)s")
    add("--meter", metavar="ID", help="m- and ten of 0-9 and a-z; without it, the id the board has, or a new one")
    add("--image", type=Path, metavar="FILE", help="MicroPython for the ESP32: erases the flash and writes it first")
    add("--front-end", default="esp32", help=f"{' or '.join(order.FRONT_ENDS)}; default: %(default)s")
    add("--reference-mv", type=int, default=2500, help="reference voltage of the MCP3208; default: %(default)s")
    add("--nominal-v", type=int, default=230, help="nominal voltage; default: %(default)s")
    add("--no-pv", action="store_true", help="no PV clamp is fitted")
    add("--grid-input", type=int, default=1, help="clamp input of the grid, 1 or 2; PV has the other")
    add("--grid-sign", type=int, default=1, help="1, or -1 for a clamp that sits the other way round")
    add("--pv-sign", type=int, default=1, help="the same for PV")
    add("--keep-calibration", action="store_true", help="what was calibrated on this board stays")
    add("--replace-key", action="store_true", help="a board that holds another key for its id gets this one")
    add("--master-file", type=Path, metavar="FILE", help="the master key, 64 hex digits in a file of mode 600")
    add("--labels", type=Path, default=RUN / "labels", metavar="FOLDER", help="where the label goes")
    add("--no-wait", action="store_true", help="restart the board, and do not wait for a good burst")
    add("--dry-run", action="store_true", help="say what would be done, and touch nothing")
    return parser


def ordered(chosen: argparse.Namespace) -> Order:
    """The order of a command line. Raises Mistake."""
    asked = Order(
        ssid=chosen.wifi,
        hub_host=chosen.hub,
        hub_port=chosen.hub_port,
        front_end=chosen.front_end,
        reference_mv=chosen.reference_mv,
        nominal_v=chosen.nominal_v,
        has_pv=not chosen.no_pv,
        grid_input=chosen.grid_input,
        grid_sign=chosen.grid_sign,
        pv_sign=chosen.pv_sign,
    )
    order.check(asked)
    if chosen.meter:
        order.checked_meter(chosen.meter)
    if chosen.image:
        order.check_image(chosen.image)
    return asked


def steps(port: str, image: Path | None) -> list[str]:
    """What a run does, in its order."""
    return [step.format(port=port, image=image) for step in _STEPS if image or "{image}" not in step]


def main(arguments: list[str], environment: Mapping[str, str], ask: Callable[[str], str] = getpass.getpass) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        asked = ordered(chosen)
        if chosen.dry_run:
            print("Nothing is touched. A run would:")
            for number, step in enumerate(steps(chosen.port or "(the only one there is)", chosen.image), 1):
                print(f"  {number:2} {step}")
            return 0
        port = boards.choose_port(chosen.port)
        boards.check_port(port)  # before anybody is asked to type
        path = make(
            Job(
                order=asked,
                master=order.master_key(environment, chosen.master_file, ask),
                wifi_password=order.wifi_password(environment, ask),
                port=port,
                meter=chosen.meter,
                image=chosen.image,
                keeps_calibration=chosen.keep_calibration,
                replaces_key=chosen.replace_key,
                waits=not chosen.no_wait,
                labels=chosen.labels,
            )
        )
    except Mistake as mistake:
        print(f"Not done: {mistake}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What is missing is written when this is run again.", file=sys.stderr)
        return 130
    print(f"Done. Print the label at its size and stick it on the box: {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))
