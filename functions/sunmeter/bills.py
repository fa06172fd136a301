"""The utility's bill beside our registers: a correction of the grid channel, proposed; the owner alone applies it."""

import json
from datetime import UTC, datetime
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import commands, homes, identity, log, queries
from .assigning import KEY_VERSION
from .clients import Cloud
from .contract import documents, ledger, wire
from .domain import billfit, corrections, days, downlinks, fields
from .domain.billfit import Point, Reading
from .domain.refusals import Refused
from .store import NOW, Fields, Transaction

JOB = "bill"
PROPOSED, DECLINED, APPLIED = "proposed", "declined", "applied"


def fit(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `fitbill`. Key: home: the newest proposal holds. Two readings of the utility's meter, or three.

    Answers and keeps in `jobs/bill` what `billfit.proposal` finds, and asks the meter which calibration is in force.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    readings, step_mwh, within_s = billfit.parse(asked)
    profile = homes.member_of(cloud, home, uid, (homes.OWNER, homes.MEMBER))
    meter = profile["meter"]
    if meter is None:
        raise Refused("no_meter", "home")
    found = billfit.proposal(readings, _points(cloud, home, profile, readings, within_s), step_mwh)
    state = PROPOSED if found["verdict"] == "proposed" else DECLINED
    kept = {"asked_by": uid, "readings": [vars(each) for each in readings], "step_mwh": step_mwh, "within_s": within_s}
    told = {"kind": "calibration", "state": state, "meter": meter, **found, **kept}
    k_meter = wire.meter_key(cloud.master_key(), meter, KEY_VERSION)
    command = cloud.store.transact(lambda transaction: _propose(transaction, home, told, k_meter, cloud.now_ms()))
    log.info("bill fitted", home=home, uid=uid, verdict=found["verdict"], gain_ppm=found["gain_ppm"], command=command)
    return {"job": JOB, "state": state, **found}


def apply(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `applybill`. Key: (home, proposal): the owner's word puts it into the meter's configuration, once.

    Refused: nothing_proposed; not_told_yet, while the meter has not said which calibration is in force.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    gain_ppm = fields.integer(asked, "gain_ppm", billfit.LEAST_PPM, billfit.MOST_PPM)
    meter = homes.member_of(cloud, home, uid, (homes.OWNER,))["meter"]
    if meter is None:
        raise Refused("no_meter", "home")
    k_meter = wire.meter_key(cloud.master_key(), meter, KEY_VERSION)
    applied = cloud.store.transact(
        lambda transaction: _apply(transaction, home, meter, gain_ppm, k_meter, cloud.now_ms())
    )
    log.info("bill applied", home=home, uid=uid, meter=meter, **applied)
    return applied


def _points(cloud: Cloud, home: str, profile: Fields, readings: list[Reading], within_s: int) -> list[Point]:
    """Our registers at each reading. Refused: not_measured; other_registers, where they are not of one run."""
    zone = ledger.zone_named(profile["zone"])
    for place, each in enumerate(readings):
        if each.at_ms > cloud.now_ms():
            raise Refused("future", f"readings.{place}.at_ms")
    if readings[0].at_ms < (cloud.store.read(documents.job(home, JOB)) or {}).get("applied_ms", 0):
        raise Refused("other_registers", "readings.0.at_ms")  # the gain was another one until then
    on = [ledger.local_day(each.at_ms // 1000, zone).day for each in readings]
    found = cloud.store.read_all(documents.day(home, day) for day in on)
    points = []
    for place, (reading, day) in enumerate(zip(readings, on, strict=True)):
        stored = found[documents.day(home, day)]
        if stored is None:
            raise Refused("not_measured", f"readings.{place}.at_ms")
        with fields.inside(f"readings.{place}"):
            points.append(billfit.point(days.read(stored), reading.at_ms, within_s))
    between = cloud.store.find(queries.registers_between(cloud.store.db, home, on[0], on[-1]))
    metered = [each for each in between if each.fields["regs0"]]  # days of imports alone have no registers
    if not billfit.is_one_run([(each.id, each.fields["regs0"], each.fields["regs1"]) for each in metered]):
        raise Refused("other_registers", "readings")
    return points


def _propose(transaction: Transaction, home: str, told: Fields, k_meter: bytes, now_ms: int) -> int | None:
    """Keeps the fit; of one worth applying, asks the meter for its calibration's version."""
    job = documents.job(home, JOB)
    stored = transaction.read(job) or {}
    downlink = transaction.read(documents.downlink(told["meter"]))
    command = None
    if told["state"] == PROPOSED and downlink is not None:
        command = commands.ask(transaction, downlink, told["meter"], k_meter, "calibrate", {"step": "status"}, now_ms)
    kept = {"applied_ms": stored.get("applied_ms", 0), "command": command, "asked": NOW}
    transaction.set(job, {**told, **kept})
    return command


def _apply(transaction: Transaction, home: str, meter: str, gain_ppm: int, k_meter: bytes, now_ms: int) -> Fields:
    path = documents.job(home, JOB)
    job = transaction.read(path) or {}
    downlink = transaction.read(documents.downlink(meter))
    if (job.get("meter"), job.get("gain_ppm")) != (meter, gain_ppm) or downlink is None:
        raise Refused("nothing_proposed", "gain_ppm")  # what was read on the screen is not what is proposed now
    if job["state"] == APPLIED:
        return {"config_version": job["config_version"], "calibration": job["calibration"]}
    if job["state"] != PROPOSED:
        raise Refused("nothing_proposed", "gain_ppm")
    told = transaction.read(documents.job(home, f"command-{job['command']}"))
    version = downlinks.next_version(downlink["config_version"], now_ms // 1000)
    sealed = wire.unseal(wire.Signer(k_meter), meter, wire.CONFIG, bytes(downlink["config"]))
    config = corrections.corrected(json.loads(sealed), _version_told(told), gain_ppm, version)
    blob = downlinks.sealed_json(k_meter, meter, wire.CONFIG, config)
    transaction.update(documents.downlink(meter), {"config": blob, "config_version": version})
    transaction.update(documents.meter(meter), {"calibrated_ms": now_ms})
    applied = {"config_version": version, "calibration": config["calibration"]}
    applied_at = {"applied_ms": now_ms, "finished": datetime.fromtimestamp(now_ms / 1000, UTC)}
    transaction.update(path, {"state": APPLIED, **applied, **applied_at})
    return applied


def _version_told(command: Fields | None) -> int:
    """The calibration in force, from what the meter answered to `status`."""
    if command is None or command["state"] != "done":
        raise Refused("not_told_yet", "home", retry_after_s=60)
    try:
        return fields.integer(fields.mapping(json.loads(command["text"])), "version", 0, 60_000)
    except ValueError as error:
        raise Refused("not_told_yet", "home", retry_after_s=60) from error
