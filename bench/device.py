"""What the meter costs on the device, and what it never loses: `make bench NAME=device`.

Everything runs under MicroPython's unix port (64-bit words, this machine's clock), from the image that a meter would
hold. Times compare builds with each other; an ESP32 takes about a hundred times as long. `heap_peak_bytes` is the
smallest heap in which the whole app, over real sockets, meters twenty minutes without an error, its hub away for ten of
them; what the same modules and objects keep with 32-bit words, as on the ESP32, is read in WebAssembly. Peers: the
kernel without viper; a build that appends by rewriting in place.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from contract import wire
from contract.unpacking import MAX_MODEL_BYTES
from dev import release
from dev.paths import ROOT
from tests.contract.float32 import greatest_difference
from tests.firmware.fake_hub import FakeHub
from tests.firmware.interpreters import FIRMWARE, HERE, Interpreter, start
from tests.firmware.meter_process import K_LINK, METER, MeterProcess
from tests.firmware.power_cuts import cut_power

T0_MS = 1_795_000_000_000 // 900_000 * 900_000 + 7_300
CUTS = 500
DAY_S = 86_400
MODEL = bytes.fromhex(json.loads((ROOT / "contract/vectors/scorer.json").read_text())["model"])
_VIPER = re.compile(r"^@micropython\.viper\n", re.MULTILINE)
_ON_THE_BOARD_ONLY = ("hardware.py", "adc_esp32.py", "adc_mcp3208.py", "wifi.py", "boot.py", "main.py")


def without_viper(folder: Path) -> Path:
    """The firmware's sources with the decorators of its kernel stripped: the same code in bytecode."""
    shutil.copytree(FIRMWARE, folder)
    for name in _ON_THE_BOARD_ONLY:
        (folder / name).unlink(missing_ok=True)
    kernel = folder / "kernel.py"
    kernel.write_text(_VIPER.sub("", kernel.read_text()))
    return folder


def burst_costs(folder: Path, firmware: Path) -> dict[str, float]:
    """Times [µs] and bytes of a burst, of the app in this image."""
    image, outbox = folder / "image", folder / "outbox"
    release.write_image(image, release.UNIX, firmware)
    outbox.mkdir()
    running = start("unix", heap="4m", firmware=image)
    try:
        running.call("probe_device", "start", str(outbox))
        found = {name: median(running, name, 500) for name in ("burst_us", "sums_us")}
        found["kernel_bytes"] = running.call("probe_device", "kernel_bytes")
        found["burst_bytes"] = running.call("probe_device", "burst_bytes", 100)
        found["score_us"] = sorted(running.call("probe_device", "score_us", MODEL, 200) for _ in range(5))[2]
        found["score_bytes"] = running.call("probe_device", "score_bytes", MODEL, 50)
    finally:
        running.close()
    return found


def median(running: Interpreter, name: str, bursts: int) -> float:
    return float(sorted(running.call("probe_device", name, bursts) for _ in range(7))[3])


def unix_image(folder: Path) -> Sequence[Path]:
    """What the whole app is started from: the test board and the firmware, compiled for this machine."""
    release.write_image(folder, release.UNIX)
    board = folder / "board"
    board.mkdir()
    for source in (HERE / "board/hardware.py", HERE / "probes/ram_flash.py"):
        raw = release.compile_module(source.name, source.read_bytes(), release.UNIX)
        (board / f"{source.stem}.mpy").write_bytes(raw)
    return (board, folder)


def lives(path: Sequence[Path], heap_kb: int, seconds: int = 1200) -> bool:
    """Whether the app meters so long in this heap, silently and whole, its hub away for ten minutes of it."""
    with tempfile.TemporaryDirectory() as folder, FakeHub(METER, K_LINK) as hub:
        hub.origin_ms = T0_MS
        meter = MeterProcess(Path(folder) / "meter")
        meter.path = tuple(path)
        hub.away_between_ms = (200_000, 800_000)
        meter.start(hub.port, seconds=seconds, heap=f"{heap_kb}k")
        status = meter.wait(120)
        covered_ms = sum(reading["window_ms"] for reading in hub.of(wire.READING))
        return status == 0 and meter.console() == "" and covered_ms >= 1000 * (seconds - 30)


def least_heap_kb(path: Sequence[Path]) -> int:
    """By halving, to 2 kB."""
    too_small, enough = 60, 512
    if not lives(path, enough):
        raise RuntimeError("the app does not live in any heap")
    while enough - too_small > 2:
        tried = (too_small + enough) // 2
        if lives(path, tried):
            enough = tried
        else:
            too_small = tried
    return enough


def live_bytes_32(folder: Path) -> tuple[int, int]:
    """(modules, everything) that stays allocated with 32-bit words: after the imports, and after ten minutes."""
    sources, image = without_viper(folder / "sources"), folder / "image"
    release.write_image(image, release.BYTECODE, sources)
    wasm = start("wasm", firmware=image)
    try:
        wasm.call("gc", "collect")
        nothing = wasm.call("gc", "mem_alloc")
        wasm.call("probe_modules", "import_all")
        wasm.call("gc", "collect")
        modules = wasm.call("gc", "mem_alloc") - nothing
        wasm.call("os", "mkdir", "/kept")
        wasm.call("probe_device", "start", "/kept")
        wasm.call("probe_device", "bursts", 3000)
        wasm.call("gc", "collect")
        return modules, wasm.call("gc", "mem_alloc") - nothing
    finally:
        wasm.close()


def erases_in_a_day(path: Sequence[Path], hub_is_away: bool) -> int:
    """Blocks of littlefs that a day of the whole app erases."""
    with tempfile.TemporaryDirectory() as folder, FakeHub(METER, K_LINK) as hub:
        hub.origin_ms = T0_MS
        meter = MeterProcess(Path(folder) / "meter")
        meter.path = tuple(path)
        meter.littlefs_blocks = 128  # a board of 4 MB has 512; a day without a hub fills 80
        meter.start(hub.port, seconds=DAY_S, heap="1400k")
        if hub_is_away:
            hub.away_between_ms = (60_000, 1000 * DAY_S)
        status = meter.wait(900)
        if status or meter.console():
            raise RuntimeError(meter.console())
        return meter.erases()


def cuts(folder: Path, number: int, flaws: str = "") -> dict[str, int]:
    folder.mkdir()
    return dict(cut_power(folder, number, flaws))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sunmeter-bench-") as name:
        folder = Path(name)
        (folder / "viper").mkdir()
        (folder / "plain").mkdir()
        viper = burst_costs(folder / "viper", FIRMWARE)
        plain = burst_costs(folder / "plain", without_viper(folder / "sources"))
        print(f"{'':24}{'viper':>9}{'bytecode':>10}")
        for row, what in (("burst_us", "a burst, all of it [µs]"), ("sums_us", "its kernel alone [µs]")):
            print(f"{what:24}{viper[row]:9.1f}{plain[row]:10.1f}")
        print(f"bytes a burst leaves {viper['burst_bytes']:9.0f}, the kernel {viper['kernel_bytes']:.0f}")
        print(f"a minute's score {viper['score_us']:9.1f} µs, {viper['score_bytes']:.0f} bytes left")
        worst, compared = greatest_difference(models=20, minutes=1600)
        print(f"32-bit floats change log p by {worst:.1e} at most in {compared} scores")
        made = release.write_image(folder / "esp32")
        mpy_bytes = sum(made.values())
        print(f"modules for the ESP32 {mpy_bytes} bytes (-O3), the largest:")
        for file, size in sorted(made.items(), key=lambda item: -item[1])[:6]:
            print(f"  {size:6} {file}")
        path = unix_image(folder / "unix")
        heap_kb = least_heap_kb(path)
        modules, everything = live_bytes_32(folder / "32")
        print(f"the smallest heap with 64-bit words {heap_kb} kB; alive with 32-bit words {everything} bytes,")
        print(f"  of which {modules} are the modules, and 8192 the table from codes to millivolts")
        present, away = (erases_in_a_day(path, is_away) for is_away in (False, True))
        print(f"flash erases a day: {present} with a hub, {away} without")
        kept = cuts(folder / "cuts", CUTS)
        print(f"{kept['cut']} power cuts: of {kept['promised']} records {kept['lost']} lost, {kept['forged']} forged")
        peer = cuts(folder / "peer", CUTS // 10, "in_place")
        print(f"a segment rewritten in place, {peer['cut']} cuts: {peer['lost']} lost of {peer['promised']}")
    figures = {
        "burst_us_viper": round(viper["burst_us"], 1),
        "burst_us_bytecode": round(plain["burst_us"], 1),
        "kernel_bytes_allocated": viper["kernel_bytes"],
        "burst_bytes_allocated": round(viper["burst_bytes"]),
        "score_us": round(viper["score_us"], 1),
        "score_vs_float64_max_abs": float(f"{worst:.1e}"),
        "param_bytes": len(MODEL),
        "heap_peak_bytes": heap_kb * 1024,
        "heap_live_bytes_32": everything,
        "mpy_bytes": mpy_bytes,
        "flash_erases_per_day": max(present, away),
        "power_cuts": kept["cut"],
        "records_lost": kept["lost"] + kept["forged"] + kept["dropped"],
    }
    assert len(MODEL) <= MAX_MODEL_BYTES
    print(json.dumps({"name": "device", "figures": figures}))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
