"""The functions of Sunmeter, as the Firebase CLI discovers them: names, triggers and limits, nothing else.

Importing this defines and does no more; what a function does stands in `sunmeter`, under the name in its one line.
"""

from typing import Any

from firebase_functions import firestore_fn, https_fn, options, scheduler_fn, tasks_fn
from firebase_functions.firestore_fn import Event
from firebase_functions.https_fn import CallableRequest
from firebase_functions.scheduler_fn import ScheduledEvent
from flask import Request, Response

import sunmeter.absence
import sunmeter.alerts
import sunmeter.bills
import sunmeter.calibrating
import sunmeter.containment
import sunmeter.devices
import sunmeter.enrol
import sunmeter.erasing
import sunmeter.exports
import sunmeter.firmware
import sunmeter.homes
import sunmeter.hubs
import sunmeter.imports
import sunmeter.ingest
import sunmeter.invitations
import sunmeter.live
import sunmeter.members
import sunmeter.meters
import sunmeter.neighbours
import sunmeter.operators
import sunmeter.push
import sunmeter.reconcile
import sunmeter.reprice
import sunmeter.rollup
import sunmeter.sharing
import sunmeter.tariffs
import sunmeter.training
import sunmeter.whatif
from sunmeter import web
from sunmeter.clients import cloud
from sunmeter.project import METER_MASTER_KEY, REGION, app

app()  # callables check tokens before they call us; this names the project and connects to nothing

options.set_global_options(
    region=REGION,
    memory=options.MemoryOption.MB_256,  # the SDKs take 75 MB; training alone loads more
    cpu=1,
    concurrency=80,
    max_instances=10,  # a bound on what a flood can cost
    timeout_sec=60,
)

UTC = options.Timezone("UTC")
KEYS = [METER_MASTER_KEY]
ANYWHERE = options.CorsOptions(cors_origins="*", cors_methods=["post"])  # a bearer token, not a cookie, says who calls


@https_fn.on_request(memory=options.MemoryOption.MB_512, max_instances=20)
def ingest(request: Request) -> Response:
    return web.requested(sunmeter.ingest.handle, request)


@https_fn.on_request(secrets=KEYS, max_instances=2)
def enrolstart(request: Request) -> Response:
    return web.requested(sunmeter.enrol.start, request)


@https_fn.on_request(max_instances=4)
def enrolpoll(request: Request) -> Response:
    return web.requested(sunmeter.enrol.poll, request)


@https_fn.on_request(max_instances=4)
def firmwarefile(request: Request) -> Response:
    return web.requested(sunmeter.firmware.file, request)


@https_fn.on_request(max_instances=2)
def healthz(request: Request) -> Response:
    return web.reply({"ok": True})


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def enrolapprove(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.enrol.approve, request)


@web.on_call(cors=ANYWHERE)
def createhome(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.homes.create, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def claimmeter(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.meters.claim, request)


@web.on_call(secrets=KEYS)
def linkkeys(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.meters.link_keys, request)


@web.on_call(cors=ANYWHERE)
def lease(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.live.lease, request)


@web.on_call(cors=ANYWHERE)
def ratealert(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.alerts.rate, request)


@web.on_call(cors=ANYWHERE)
def revokehub(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.hubs.revoke, request)


@web.on_call(cors=ANYWHERE)
def sharelocally(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.sharing.share_locally, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def rolloutfirmware(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.firmware.roll_out, request)


@web.on_call(cors=ANYWHERE)
def ackalert(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.alerts.acknowledge, request)


@web.on_call(cors=ANYWHERE)
def muteload(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.alerts.mute, request)


@web.on_call(cors=ANYWHERE)
def registerpush(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.devices.register, request)


@web.on_call(cors=ANYWHERE)
def testpush(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.devices.test, request)


@web.on_call(cors=ANYWHERE)
def settariff(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.tariffs.set_tariff, request)


@web.on_call(cors=ANYWHERE)
def deletetariff(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.tariffs.delete_tariff, request)


@web.on_call(cors=ANYWHERE)
def setprices(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.tariffs.set_prices, request)


@web.on_call(cors=ANYWHERE)
def setbudget(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.tariffs.set_budget, request)


@web.on_call(cors=ANYWHERE)
def whatif(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.whatif.ask, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def fitbill(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.bills.fit, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def calibratemeter(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.calibrating.step, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def applybill(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.bills.apply, request)


@web.on_call(cors=ANYWHERE)
def changehome(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.homes.change, request)


@web.on_call(cors=ANYWHERE)
def members(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.members.show, request)


@web.on_call(cors=ANYWHERE)
def setrole(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.members.set_role, request)


@web.on_call(cors=ANYWHERE)
def removemember(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.members.remove, request)


@web.on_call(cors=ANYWHERE)
def passhome(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.members.pass_on, request)


@web.on_call(cors=ANYWHERE)
def invite(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.invitations.invite, request)


@web.on_call(cors=ANYWHERE)
def acceptinvitation(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.invitations.accept, request)


@web.on_call(cors=ANYWHERE)
def withdrawinvitation(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.invitations.withdraw, request)


@web.on_call(cors=ANYWHERE)
def releasemeter(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.meters.release, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def movemeter(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.meters.move, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def offerhub(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.neighbours.offer, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def askforhub(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.neighbours.ask, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def accepthub(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.neighbours.accept_hub, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def acceptneighbour(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.neighbours.accept_neighbour, request)


@web.on_call(cors=ANYWHERE)
def endneighbour(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.neighbours.end, request)


@web.on_call(cors=ANYWHERE)
def deletehome(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.erasing.delete_home, request)


@web.on_call(cors=ANYWHERE)
def deleteaccount(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.erasing.delete_account, request)


@web.on_call(cors=ANYWHERE)
def exportstart(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.exports.start, request)


@web.on_call(cors=ANYWHERE, memory=options.MemoryOption.MB_512, concurrency=4)
def exportpage(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.exports.page, request)


@web.on_call(cors=ANYWHERE, most_bytes=web.MAX_PIECE_BYTES, memory=options.MemoryOption.MB_512, concurrency=4)
def importstart(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.imports.start, request)


@web.on_call(cors=ANYWHERE, most_bytes=web.MAX_PIECE_BYTES, memory=options.MemoryOption.MB_512, concurrency=4)
def importpiece(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.imports.piece, request)


@web.on_call(cors=ANYWHERE)
def importapply(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.imports.apply, request)


@web.on_call(cors=ANYWHERE)
def importcancel(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.imports.cancel, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def consentshed(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.containment.consent, request)


@web.on_call(cors=ANYWHERE)
def shedload(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.containment.shed, request)


@web.on_call(cors=ANYWHERE, secrets=KEYS)
def commandmeter(request: CallableRequest[Any]) -> Any:
    return web.called(sunmeter.operators.command, request)


@firestore_fn.on_document_written(
    document="homes/{home}/days/{day}",
    cpu="gcf_gen1",  # a sixth of one: it mostly compares two documents, and a tenth of a second is billed in any case
    concurrency=1,  # as it must be below one CPU
    max_instances=100,  # the homes of a region close their quarters in the same minute
)
def onday(event: Event[Any]) -> None:
    web.triggered(sunmeter.rollup.on_day, event)


@tasks_fn.on_task_dispatched(
    retry_config=options.RetryConfig(max_attempts=8, min_backoff_seconds=5, max_backoff_seconds=600),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20),
)
def sendpush(request: CallableRequest[Any]) -> None:
    web.tasked(sunmeter.push.send, request)


@tasks_fn.on_task_dispatched(
    timeout_sec=300,
    memory=options.MemoryOption.MB_512,  # a month of days at a time
    concurrency=4,
    retry_config=options.RetryConfig(max_attempts=5, min_backoff_seconds=10, max_backoff_seconds=600),
    rate_limits=options.RateLimits(max_concurrent_dispatches=10),
)
def repricehome(request: CallableRequest[Any]) -> None:
    web.tasked(sunmeter.reprice.run, request)


@tasks_fn.on_task_dispatched(
    timeout_sec=540,  # a street's homes are told one after the other
    retry_config=options.RetryConfig(max_attempts=8, min_backoff_seconds=2, max_backoff_seconds=60),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20),
)
def watcharea(request: CallableRequest[Any]) -> None:
    web.tasked(sunmeter.absence.watch_area, request)


@tasks_fn.on_task_dispatched(
    secrets=KEYS,
    timeout_sec=540,
    retry_config=options.RetryConfig(max_attempts=5, min_backoff_seconds=5, max_backoff_seconds=60),
    rate_limits=options.RateLimits(max_concurrent_dispatches=5),
)
def shedloads(request: CallableRequest[Any]) -> None:
    web.tasked(sunmeter.containment.shed_homes, request)


@tasks_fn.on_task_dispatched(
    secrets=KEYS,
    retry_config=options.RetryConfig(max_attempts=8, min_backoff_seconds=5, max_backoff_seconds=600),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20),
)
def switchload(request: CallableRequest[Any]) -> None:
    web.tasked(sunmeter.containment.switch, request)


@tasks_fn.on_task_dispatched(
    secrets=KEYS,
    memory=options.MemoryOption.GB_1,  # scipy and statsmodels, and a home's minutes
    concurrency=1,
    timeout_sec=540,
    retry_config=options.RetryConfig(max_attempts=3, min_backoff_seconds=60),
    rate_limits=options.RateLimits(max_concurrent_dispatches=10),
)
def trainhome(request: CallableRequest[Any]) -> None:
    web.tasked(sunmeter.training.train, request)


@tasks_fn.on_task_dispatched(
    timeout_sec=540,
    retry_config=options.RetryConfig(max_attempts=8, min_backoff_seconds=30, max_backoff_seconds=3600),
    rate_limits=options.RateLimits(max_concurrent_dispatches=5),
)
def erase(request: CallableRequest[Any]) -> None:
    web.tasked(sunmeter.erasing.run, request)


@tasks_fn.on_task_dispatched(
    timeout_sec=540,
    retry_config=options.RetryConfig(max_attempts=8, min_backoff_seconds=30, max_backoff_seconds=3600),
    rate_limits=options.RateLimits(max_concurrent_dispatches=5),
)
def applyimport(request: CallableRequest[Any]) -> None:
    web.tasked(sunmeter.imports.run, request)


@scheduler_fn.on_schedule(schedule="10 2 * * *", timezone=UTC, timeout_sec=1800)
def nightly(event: ScheduledEvent) -> None:
    sunmeter.training.nightly(cloud(), int(event.schedule_time.timestamp()))


@scheduler_fn.on_schedule(schedule="40 * * * *", timezone=UTC, timeout_sec=1800)
def reconcile(event: ScheduledEvent) -> None:
    sunmeter.reconcile.run(cloud())


@scheduler_fn.on_schedule(schedule="* * * * *", timezone=UTC)
def watchhubs(event: ScheduledEvent) -> None:
    sunmeter.absence.watch(cloud())
