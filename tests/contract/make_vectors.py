"""Writes contract/vectors/wire.json, ledger.json and money.json from an implementation of its own.

`python -m tests.contract.make_vectors`. The bytes come from the standard library's hmac and struct and from layouts
spelt out here, not from contract/wire.py, so the two implementations check each other. Vectors that were published are
frozen: add to them, never change one.
"""

import hashlib
import hmac
import json
import struct
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[2] / "contract" / "vectors"
MASTER = bytes(range(32))
METER, OTHER_METER, HUB = "m-0a1b2c3d4e", "m-zzzzzzzzzz", "hub-uid-1"

POLL = {
    "boot_id": 0xDEADBEEF,
    "request_no": 7,
    "uptime_ms": 123_456_789_012,
    "firmware": 3,
    "model_version": 20261122,
    "config_version": 2,
    "assignment_version": 1,
    "command_id": 41,
    "manifest_version": 4,
}
POLL_LAYOUT = "<IIQHIIIQH"
READING = {
    "boot_id": 0xDEADBEEF,
    "seq": 42,
    "uptime_ms": 5_000_000_123,
    "ts_ms": 1_795_441_465_000,
    "window_ms": 10_000,
    "v_mv": 231_456,
    "f_mhz": 50_012,
    "grid_ma": 5_213,
    "grid_mw": -1_183_420,
    "grid_mvar": 12_030,
    "grid_mva": 1_206_700,
    "grid_pf_permille": -981,
    "pv_ma": 6_420,
    "pv_mw": 1_472_130,
    "pv_mvar": -2_000,
    "pv_mva": 1_485_000,
    "pv_pf_permille": 991,
    "house_mw": 288_710,
    "v_min_mv": 230_001,
    "v_max_mv": 232_900,
    "grid_min_mw": -1_400_000,
    "grid_max_mw": -900_000,
    "pv_min_mw": 1_400_000,
    "pv_max_mw": 1_500_000,
    "import_mwh": 123_456_789_012,
    "export_mwh": 98_765_432_101,
    "pv_mwh": 155_443_322_110,
    "standby_mwh": 1_234_567,
    "grid_u_mw": 11_000,
    "pv_u_mw": 12_000,
    "score_milli": 2_345,
    "model_version": 20261122,
    "channel": 4,
    "flags": 7,
    "coverage_permille": 998,
    "bursts": 50,
    "clipped": 0,
    "rejected": 1,
    "dropped": 0,
    "outbox": 3,
    "free_bytes": 71_234,
    "rssi_dbm": -63,
    "reset_cause": 1,
    "clock_offset_ms": -17,
    "firmware": 3,
    "config_version": 2,
    "refusal": 0,
    "calibration": 5,
    "checks": 16,
}
READING_LAYOUT = "<IIQQIIIIiiIhIiiIhiIIiiiiQQQQIIiIBHHHHHIHIbBiHIBHH"
EVENT = {
    "boot_id": 0xDEADBEEF,
    "seq": 43,
    "uptime_ms": 5_000_010_123,
    "ts_ms": 1_795_441_475_000,
    "kind": 1,
    "phase": 0,
    "channel": 4,
    "value": 3_200,
    "usual_lo": 150,
    "usual_hi": 900,
    "score_milli": 6_100,
    "model_version": 20261122,
    "duration_ms": 0,
    "start_seq": 43,
    "start_boot": 0xDEADBEEF,
}
EVENT_LAYOUT = "<IIQQBBBiiiiIIII"
SNAPSHOT = {
    "boot_id": 0xDEADBEEF,
    "seq": 44,
    "ts_ms": 1_795_441_500_000,
    "import_mwh": 123_456_800_000,
    "export_mwh": 98_765_500_000,
    "pv_mwh": 155_443_400_000,
    "standby_mwh": 1_234_567,
    "flags": 7,
}
SNAPSHOT_LAYOUT = "<IIQQQQQH"
RESULT = {"boot_id": 0xDEADBEEF, "seq": 45, "command_id": 41, "code": 0, "text": "phase 3.9°, residual 0.1 %"}
RESULT_LAYOUT = "<IIQB"
KINDS = {1: POLL_LAYOUT, 2: READING_LAYOUT, 3: EVENT_LAYOUT, 4: SNAPSHOT_LAYOUT, 5: RESULT_LAYOUT}


def mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


K_METER = mac(MASTER, b"sunmeter/meter/v1|" + METER.encode() + b"|1")
K_LINK = mac(K_METER, b"sunmeter/link/v1|" + HUB.encode() + b"|1")


def payload(kind: int, record: dict[str, Any]) -> bytes:
    numbers = [number for name, number in record.items() if name != "text"]
    text: str = record.get("text", "")
    return struct.pack(KINDS[kind], *numbers) + text.encode()


def frame(key: bytes, meter: str, kind: int, body: bytes, schema: int = 1) -> bytes:
    signed = struct.pack("<BBH", kind, schema, len(body)) + body
    return signed + mac(key, b"sunmeter/frame/v1|" + meter.encode() + b"|" + signed)[:16]


def refused(name: str, raw: bytes, code: str, field: str) -> dict[str, str]:
    return {"name": name, "frame": raw.hex(), "code": code, "field": field}


def changed(record: dict[str, Any], **fields: int) -> dict[str, Any]:
    return {**record, **fields}


def wire() -> dict[str, Any]:
    records: list[tuple[int, dict[str, Any]]] = [(1, POLL), (2, READING), (3, EVENT), (4, SNAPSHOT), (5, RESULT)]
    good = frame(K_LINK, METER, 2, payload(2, READING))
    newer = frame(K_LINK, METER, 2, payload(2, READING) + b"\x01\x02\x03", schema=2)
    reply = b'{"v":1,"now_ms":1795441465123,"ack":[[3735928559,42,45]]}'
    flipped = bytearray(good)
    flipped[20] ^= 1
    return {
        "master": MASTER.hex(),
        "meter": METER,
        "hub": HUB,
        "key_version": 1,
        "k_meter": K_METER.hex(),
        "k_link": K_LINK.hex(),
        "claim_code": crockford(mac(K_METER, b"sunmeter/claim/v1")[:5]),
        "frames": [
            {"kind": kind, "record": record, "frame": frame(K_LINK, METER, kind, payload(kind, record)).hex()}
            for kind, record in records
        ],
        "newer": {"kind": 2, "schema": 2, "record": READING, "frame": newer.hex()},
        "sealed": {
            "kind": 19,
            "payload": '{"hub":"hub-uid-1","home":"h1","key_version":1,"version":1}',
            "frame": frame(K_METER, METER, 19, b'{"hub":"hub-uid-1","home":"h1","key_version":1,"version":1}').hex(),
        },
        "calibrate": calibrate(),
        "reply": {
            "boot_id": 0xDEADBEEF,
            "request_no": 7,
            "body": reply.decode(),
            "mac": mac(K_LINK, f"sunmeter/reply/v1|{METER}|{0xDEADBEEF}|7|".encode(), reply).hex(),
        },
        "refused": [
            refused("one bit flipped", bytes(flipped), "bad_mac", "mac"),
            refused("another meter's", frame(K_LINK, OTHER_METER, 2, payload(2, READING)), "bad_mac", "mac"),
            refused("under another key", frame(K_METER, METER, 2, payload(2, READING)), "bad_mac", "mac"),
            refused("cut short", good[:-1], "malformed", "length"),
            refused("empty", b"", "malformed", "frame"),
            refused("unknown kind", frame(K_LINK, METER, 99, b""), "unknown_schema", "kind"),
            refused("schema 0", frame(K_LINK, METER, 2, payload(2, READING), schema=0), "unknown_schema", "schema"),
            refused("short payload", frame(K_LINK, METER, 2, payload(2, READING)[:-1]), "malformed", "payload"),
            refused("long payload", frame(K_LINK, METER, 2, payload(2, READING) + b"\0"), "malformed", "payload"),
            refused(
                "a megawatt of volts",
                frame(K_LINK, METER, 2, payload(2, changed(READING, v_mv=1_000_000))),
                "out_of_range",
                "v_mv",
            ),
            refused(
                "sequence zero", frame(K_LINK, METER, 2, payload(2, changed(READING, seq=0))), "out_of_range", "seq"
            ),
            refused(
                "power factor beyond one",
                frame(K_LINK, METER, 2, payload(2, changed(READING, grid_pf_permille=1_001))),
                "out_of_range",
                "grid_pf_permille",
            ),
            refused(
                "a register beyond reason",
                frame(K_LINK, METER, 2, payload(2, changed(READING, pv_mwh=1 << 60))),
                "out_of_range",
                "pv_mwh",
            ),
            refused(
                "unknown event", frame(K_LINK, METER, 3, payload(3, changed(EVENT, kind=200))), "out_of_range", "kind"
            ),
            refused("text not UTF-8", frame(K_LINK, METER, 5, payload(5, RESULT) + b"\xff"), "malformed", "text"),
        ],
        "manifests": manifests(),
    }


def firmware_files(modules: int = 32) -> list[list[Any]]:
    """As many files as a firmware has, each with the digest of its own name."""
    names = ["main.mpy", *[f"contract/module_{number:02d}.mpy" for number in range(1, modules)]]
    return [[name, 4_000 + len(name), hashlib.sha256(name.encode()).hexdigest()] for name in names]


def manifest(told: Any, key: bytes = K_METER, meter: str = METER, kind: int = 20, schema: int = 1) -> str:
    raw = told if isinstance(told, bytes) else json.dumps(told, separators=(",", ":")).encode()
    return frame(key, meter, kind, raw, schema).hex()


def manifests() -> dict[str, Any]:
    """`held` is the firmware that the meter runs when it is told of these."""
    files = firmware_files()
    good = {"v": 1, "version": 4, "files": files}
    digest = files[0][2]

    def refused(name: str, code: str, field: str, sealed: str) -> dict[str, str]:
        return {"name": name, "frame": sealed, "code": code, "field": field}

    def with_file(*file: Any) -> str:
        return manifest({**good, "files": [*files, list(file)]})

    tampered = bytearray.fromhex(manifest(good))
    tampered[60] ^= 1
    return {
        "held": 3,
        "good": {"version": 4, "files": files, "frame": manifest(good)},
        "refused": [
            refused("one bit changed", "bad_mac", "mac", tampered.hex()),
            refused("signed by the hub", "bad_mac", "mac", manifest(good, key=K_LINK)),
            refused("another meter's", "bad_mac", "mac", manifest(good, meter=OTHER_METER)),
            refused("a configuration", "foreign", "kind", manifest(good, kind=17)),
            refused("another schema", "unknown_schema", "schema", manifest(good, schema=2)),
            refused("older", "stale", "manifest", manifest({**good, "version": 2})),
            refused("too large", "too_large", "manifest", manifest({**good, "why": "x" * 6_144})),
            refused("too many files", "too_large", "files", manifest({**good, "files": [["m.py", 1, ""]] * 65})),
            refused("no JSON", "malformed", "manifest", manifest(b"{")),
            refused("no object", "malformed", "manifest", manifest([4])),
            refused("no version", "malformed", "manifest", manifest({"files": files})),
            refused("a version of a wrong type", "malformed", "manifest", manifest({**good, "version": "4"})),
            refused("version zero", "out_of_range", "version", manifest({**good, "version": 0})),
            refused("a version beyond the poll's", "out_of_range", "version", manifest({**good, "version": 65_536})),
            refused("nothing to start", "malformed", "main", manifest({**good, "files": files[1:]})),
            refused("one name twice", "malformed", "files", with_file("main.mpy", 1, digest)),
            refused("a path upwards", "malformed", "files", with_file("../boot.py", 1, digest)),
            refused("a path from the root", "malformed", "files", with_file("/boot.py", 1, digest)),
            refused("two folders deep", "malformed", "files", with_file("a/b/c.py", 1, digest)),
            refused("no module", "malformed", "files", with_file("manifest", 1, digest)),
            refused("half a digest", "malformed", "files", with_file("x.py", 1, digest[:32])),
            refused("a digest in capitals", "malformed", "files", with_file("x.py", 1, digest.upper())),
            refused("a negative length", "out_of_range", "files", with_file("x.py", -1, digest)),
            refused("a file too long", "out_of_range", "files", with_file("x.py", 65_537, digest)),
        ],
    }


def calibrate() -> list[dict[str, Any]]:
    """Commands as the cloud seals them: what a meter must start (measures), do at once, or refuse by code and field."""

    def vector(measures: bool, code: str, field: str, **args: Any) -> dict[str, Any]:
        body = {"args": args, "expires_ms": 1_795_441_525_000, "id": 42, "name": "calibrate"}
        sealed = frame(K_METER, METER, 18, json.dumps(body, separators=(",", ":")).encode())
        return {"args": args, "frame": sealed.hex(), "measures": measures, "code": code, "field": field}

    return [
        vector(True, "", "", step="zero"),
        vector(True, "", "", step="zero", bursts=300),
        vector(True, "", "", step="voltage", mv=230_450),
        vector(True, "", "", step="current", channel="grid", ma=8_700),
        vector(True, "", "", step="current", channel="pv", mw=2_000_000, bursts=20),
        vector(True, "", "", step="phase", channel="grid"),
        vector(True, "", "", step="clamps"),
        vector(False, "", "", step="clamps", set={"grid": {"input": 2, "sign": -1}, "pv": {"input": 1, "sign": 1}}),
        vector(False, "", "", step="clear"),
        vector(False, "", "", step="clear", channel="pv"),
        vector(False, "", "", step="status"),
        vector(False, "stale", "calibration", step="undo"),
        vector(False, "malformed", "step"),
        vector(False, "malformed", "step", step="dance"),
        vector(False, "malformed", "step", step=7),
        vector(False, "malformed", "mv", step="voltage"),
        vector(False, "malformed", "mv", step="voltage", mv=230.5),
        vector(False, "malformed", "mv", step="voltage", mv=True),
        vector(False, "out_of_range", "mv", step="voltage", mv=230),
        vector(False, "malformed", "ma", step="current", channel="grid"),
        vector(False, "out_of_range", "ma", step="current", channel="grid", ma=-8_700),
        vector(False, "out_of_range", "mw", step="current", channel="grid", mw=2_000),
        vector(False, "malformed", "channel", step="current", ma=8_700),
        vector(False, "malformed", "channel", step="phase", channel=["grid"]),
        vector(False, "malformed", "channel", step="clear", channel="roof"),
        vector(False, "out_of_range", "bursts", step="zero", bursts=100_000),
        vector(False, "malformed", "bursts", step="zero", bursts="many"),
        vector(False, "malformed", "set", step="clamps", set=1),
        vector(False, "out_of_range", "clamps.grid.input", step="clamps", set={"grid": {"input": 3}}),
        vector(False, "out_of_range", "clamps.grid.sign", step="clamps", set={"grid": {"sign": 0}}),
        vector(False, "out_of_range", "clamps.pv.input", step="clamps", set={"grid": {"input": 1}, "pv": {"input": 1}}),
        vector(False, "malformed", "clamps.pv", step="clamps", set={"pv": 2}),
    ]


def crockford(raw: bytes) -> str:
    bits = bin(int.from_bytes(raw, "big"))[2:].zfill(40)
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(alphabet[int(bits[at : at + 5], 2)] for at in range(0, 40, 5))


INTERVAL = {
    "type": "interval",
    "v": 1,
    "meter": METER,
    "start_s": 1_795_441_500,
    "rev": 1_795_442_410_000,
    "regs0": [1_000_000, 2_000, 500_000, 40],
    "regs1": [1_250_000, 2_000, 600_000, 40],
    "coverage_permille": 997,
    "minutes": {
        "grid_w": [1_000, 990, None, *[1_000] * 12],
        "pv_w": [400] * 15,
        "v_dv": [2_310] * 15,
        "q_var": [-12] * 15,
    },
    "grid_min_w": 800,
    "grid_max_w": 1_900,
    "pv_max_w": 420,
    "v_min_dv": 2_290,
    "v_max_dv": 2_331,
    "u_w": 12,
    "evidence": {"boots": [3735928559], "resets": [], "readings": 90, "late": 0, "edges": "measured", "offline_s": 0},
}


def without(name: str) -> dict[str, Any]:
    return {key: entry for key, entry in INTERVAL.items() if key != name}


def spoilt(code: str, field: str, **fields: Any) -> dict[str, Any]:
    return {"interval": {**INTERVAL, **fields}, "code": code, "field": field}


def minutes(**series: Any) -> dict[str, Any]:
    return {**INTERVAL["minutes"], **series}  # type: ignore[dict-item]


def ledger() -> dict[str, Any]:
    return {
        "intervals": [
            {"interval": INTERVAL, "house_mwh": 350_000, "self_used_mwh": 100_000, "quality": "measured"},
            {
                "interval": {**INTERVAL, "coverage_permille": 949},
                "house_mwh": 350_000,
                "self_used_mwh": 100_000,
                "quality": "recovered",
            },
            {
                "interval": {**INTERVAL, "coverage_permille": 0, "evidence": {"edges": "interpolated"}},
                "house_mwh": 350_000,
                "self_used_mwh": 100_000,
                "quality": "estimated",
            },
        ],
        "refused": [
            spoilt("unknown_schema", "v", v=99),
            spoilt("malformed", "meter", meter=7),
            spoilt("out_of_range", "start_s", start_s=1_795_441_501),
            spoilt("malformed", "start_s", start_s="1795441500"),
            spoilt("malformed", "coverage_permille", coverage_permille=True),
            spoilt("out_of_range", "coverage_permille", coverage_permille=1_001),
            spoilt("malformed", "regs0", regs0=[1, 2, 3]),
            spoilt("malformed", "regs1", regs1=[1.0, 2, 3, 4]),
            spoilt("out_of_range", "regs1", regs1=[1_250_000, 1_999, 600_000, 40]),
            spoilt("out_of_range", "regs1", regs1=[31_000_001, 2_000, 600_000, 40]),
            spoilt("malformed", "minutes", minutes=[]),
            spoilt("malformed", "minutes.pv_w", minutes=minutes(pv_w=[1] * 14)),
            spoilt("out_of_range", "minutes.v_dv", minutes=minutes(v_dv=[-1, *[2_310] * 14])),
            spoilt("malformed", "minutes.grid_w", minutes=minutes(grid_w=["1", *[1_000] * 14])),
            spoilt("out_of_range", "grid_max_w", grid_max_w=10**9),
            spoilt("malformed", "evidence", evidence=[]),
            spoilt("malformed", "evidence.boots", evidence={"boots": [[1]]}),
            {"interval": without("rev"), "code": "malformed", "field": "rev"},
        ],
        "days": [
            {"zone": "Europe/Paris", "ts_s": 1_795_441_465, "day": "2026-11-23", "quarters": 96},
            {"zone": "Europe/Paris", "ts_s": 1_774_747_800, "day": "2026-03-29", "quarters": 92},
            {"zone": "Europe/Paris", "ts_s": 1_792_890_000, "day": "2026-10-25", "quarters": 100},
            {"zone": "Asia/Kolkata", "ts_s": 1_795_441_465, "day": "2026-11-23", "quarters": 96},
            {"zone": "Australia/Lord_Howe", "ts_s": 1_791_046_800, "day": "2026-10-04", "quarters": 94},
            {"zone": "Pacific/Apia", "ts_s": 1_325_199_600, "day": "2011-12-29", "quarters": 96},
        ],
        "between": [
            {
                "a": [0, [0, 0, 0, 0]],
                "b": [10_000, [10, 100, 7, 0]],
                "at_ms": 3_333,
                "registers": [3, 33, 2, 0],
            }
        ],
    }


def money() -> dict[str, Any]:
    """Amounts and prices, rounded half to even by the decimal module."""
    with localcontext(prec=60):
        return {
            "amounts": [
                {"energy_mwh": energy, "price_micro": price, "micro": _whole(Decimal(energy) * price / 10**6)}
                for energy, price in AMOUNTS
            ],
            "prices": [
                {"net_micro": net, "vat_ppm": vat, "gross_micro": _whole(Decimal(net) * (10**6 + vat) / 10**6)}
                for net, vat in PRICES
            ],
        }


def _whole(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), ROUND_HALF_EVEN))


AMOUNTS = [
    (0, 251_600), (1, 251_600), (250_000, 251_600), (1_000_001, 251_600), (30_000_000, 10**12), (2, 250_000),
    (6, 250_000), (10, 250_000), (2, -250_000), (6, -250_000), (-3, 500_000), (-5, 500_000), (123_457, -98_765),
]  # fmt: skip
PRICES = [
    (251_600, 200_000), (206_800, 55_000), (123_457, 81_000), (-30_000, 200_000), (-5, 100_000), (5, 100_000),
    (15, 100_000), (0, 210_000), (10**12, 1_000_000), (99_999, 99_750),
]  # fmt: skip


def main() -> None:
    for name, vectors in (("wire", wire()), ("ledger", ledger()), ("money", money())):
        path = VECTORS / f"{name}.json"
        path.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")
        print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
