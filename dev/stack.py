"""The local stack: the Firebase Emulator Suite and the stand-ins beside it, started, watched and stopped as one.

with Stack(Ports.free()) as stack:
    stack.function_url("ingest"); stack.auth; stack.firestore; stack.fcm.outbox; stack.clock.fire("nightly")

python -m dev.stack          runs it until Ctrl-C  [KEEP=1 keeps Firestore and Auth data; SUNMETER_PORT_BASE=21000]
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dev import tools
from dev.fcm_standin import FcmStandIn
from dev.paths import FIREBASE, FUNCTIONS_PYTHON, ROOT, RUN, BadSetting, is_on
from dev.ports import HOST, PortError, Ports, answers
from dev.processes import Processes, Program, ProgramEnded, Stopped, signals_unwind, wait_until
from dev.running import DESCRIPTION, StackDescription, StackError, folder_of
from dev.scheduled import Clock

PROJECT = "demo-sunmeter"  # the `demo-` prefix keeps every Firebase tool away from the real cloud
REGION = "us-central1"
EMULATORS = ("auth", "functions", "firestore", "tasks", "hosting")
START_TIMEOUT_S = 240.0  # 15 s on an idle machine of two cores
LOGS_KEPT_S = 86_400.0
FCM_VARIABLE = "FCM_STANDIN_URL"
FRESH_CONNECTIONS = ROOT / "dev" / "fresh_connections.cjs"
SITE_FOLDER = "site"  # within the stack's folder: what Hosting serves, empty until `make site`


def remove_old_folders() -> None:
    """Removes what stacks of earlier days left: their logs."""
    for folder in RUN.glob("stack-*"):
        is_running = answers(int(folder.name.removeprefix("stack-")))
        if not is_running and time.time() - folder.stat().st_mtime > LOGS_KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)


class Stack:
    """One Emulator Suite with its own ports, folder, secrets, FCM stand-in and clock. Use as a context manager.

    `keep` names a folder that holds Firestore's and Auth's data, and the master key, between runs.
    `source` is the checkout whose firebase.json, rules, indexes and functions are served.
    """

    def __init__(self, ports: Ports | None = None, *, keep: Path | None = None, source: Path = ROOT) -> None:
        self.ports = ports or Ports.default()
        self.folder = folder_of(self.ports)
        self.processes = Processes(self.folder / "logs", secrets=(self.folder / "functions", self.folder / DESCRIPTION))
        self._keep = keep
        self._source = source
        self._emulators: Program | None = None
        self._exit = contextlib.ExitStack()

    # -------------------------------------------------------------- where things are

    @property
    def auth(self) -> str:
        """host:port of the Auth emulator."""
        return f"{HOST}:{self.ports.auth}"

    @property
    def firestore(self) -> str:
        """host:port of the Firestore emulator."""
        return f"{HOST}:{self.ports.firestore}"

    @property
    def tasks(self) -> str:
        """host:port of the Cloud Tasks emulator."""
        return f"{HOST}:{self.ports.tasks}"

    @property
    def functions(self) -> str:
        """URL under which the functions are served, without a slash at its end."""
        return self.functions_through(self.ports.functions)

    def functions_through(self, port: int) -> str:
        """The same URL through another port, on which somebody relays to the functions."""
        return f"http://{HOST}:{port}/{PROJECT}/{REGION}"

    def function_url(self, name: str) -> str:
        """URL of one HTTPS, callable or task function."""
        return f"{self.functions}/{name}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment for a client of the emulators.

        FIRESTORE_EMULATOR_HOST makes Google's client libraries speak as `owner`, past the rules: programs that speak as
        a user get SUNMETER_FIRESTORE_HOST instead and leave the other unset.
        """
        return {
            "GCLOUD_PROJECT": PROJECT,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "FIREBASE_AUTH_EMULATOR_HOST": self.auth,
            "FIRESTORE_EMULATOR_HOST": self.firestore,
            "CLOUD_TASKS_EMULATOR_HOST": self.tasks,
        }

    @property
    def functions_environment(self) -> dict[str, str]:
        """What the emulated functions run with; the clock's functions run with the same."""
        return {
            **self.environment,
            "FUNCTIONS_EMULATOR": "true",
            "FIREBASE_CONFIG": json.dumps({"projectId": PROJECT}),
            FCM_VARIABLE: self.fcm.url,
            **self._secrets,
        }

    # -------------------------------------------------------------- start and stop

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            self.ports.require_free(*EMULATOR_PORTS, "fcm")
            self._prepare_folder()
            self.fcm = undo.enter_context(FcmStandIn(self.ports.fcm))
            self._write_functions_folder()
            undo.enter_context(self.processes)
            self.clock = Clock(self.processes, self._functions_folder, self.functions_environment)
            undo.callback(self._forget_description)
            self._start_emulators()
            StackDescription(self.folder, self._functions_folder, self.environment, self.functions_environment).write()
            self._exit = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._keep and self._emulators and not self._emulators.ended():
                self._save_at_end(self._keep)
        finally:
            self._exit.close()
            shutil.rmtree(self.folder / "tmp", ignore_errors=True)  # the secrets went with the programs; the logs stay

    def _save_at_end(self, folder: Path) -> None:
        try:
            self.save(folder)
        except OSError as error:
            raise StackError(f"what the cloud held could not be saved in {folder}: {error}") from error

    def save(self, folder: Path) -> None:
        """Writes all Firestore and Auth data, and the master key, into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        export = _export_of(folder)
        _request("POST", f"http://{HOST}:{self.ports.emulator_hub}/_admin/export", {"path": str(export)})
        (folder / "secrets.json").touch(mode=0o600)
        (folder / "secrets.json").write_text(json.dumps(self._secrets))

    def clear(self) -> None:
        """Forgets every document, account and sent message. Triggers of writes under way may still run."""
        documents = f"http://{self.firestore}/emulator/v1/projects/{PROJECT}/databases/(default)/documents"
        _request("DELETE", documents)
        _request("DELETE", f"http://{self.auth}/emulator/v1/projects/{PROJECT}/accounts")
        self.fcm.outbox.forget()

    def warm(self, names: Iterable[str]) -> None:
        """Starts the workers of HTTPS and callable functions, so that the first real request does not wait for one."""

        def wake(name: str) -> None:
            with contextlib.suppress(urllib.error.HTTPError):  # a refusal is an answer: the worker is up
                _request("OPTIONS", self.function_url(name))

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(wake, names))

    # -------------------------------------------------------------- how

    @property
    def site(self) -> Path:
        """What Hosting serves."""
        return self.folder / SITE_FOLDER

    @property
    def _functions_folder(self) -> Path:
        return self.folder / "functions"

    def _prepare_folder(self) -> None:
        remove_old_folders()
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "tmp").mkdir(parents=True)
        self._secrets = self._kept_secrets() or {"METER_MASTER_KEY": secrets.token_hex(32)}

    def _kept_secrets(self) -> dict[str, str] | None:
        path = self._keep / "secrets.json" if self._keep else None
        return json.loads(path.read_text()) if path and path.is_file() else None

    def _write_functions_folder(self) -> None:
        """A folder the CLI takes for a checkout: links to the real one, with this run's configuration and secrets."""
        configuration = json.loads((self._source / "firebase.json").read_text())
        _set_ports(configuration["emulators"], self.ports)
        configuration["hosting"]["public"] = SITE_FOLDER
        self.site.mkdir()
        (self.folder / "firebase.json").write_text(json.dumps(configuration, indent=2))
        for name in ("firestore.rules", "firestore.indexes.json"):
            (self.folder / name).symlink_to(self._source / name)
        self._functions_folder.mkdir()
        for entry in (self._source / "functions").iterdir():
            if not entry.name.endswith(".local"):
                (self._functions_folder / entry.name).symlink_to(entry)
        told = {FCM_VARIABLE: self.fcm.url, "APP_URL": f"http://{HOST}:{self.ports.app}"}
        _write_env(self._functions_folder / ".env.local", told)
        _write_env(self._functions_folder / ".secret.local", self._secrets)

    def _start_emulators(self) -> None:
        emulator = tools.firestore_emulator()
        if not emulator or not FIREBASE.exists() or not FUNCTIONS_PYTHON.exists():
            raise StackError("the checkout is not set up: run `make setup`")
        imported = _export_of(self._keep) if self._keep else None
        program = self.processes.start(
            "emulators",
            [
                *emulator.prefix,
                FIREBASE,
                "--project",
                PROJECT,
                "emulators:start",
                "--only",
                ",".join(EMULATORS),
                *(("--import", imported) if imported and imported.is_dir() else ()),
            ],
            cwd=self.folder,
            environment={
                "TMPDIR": str(self.folder / "tmp"),
                "CI": "1",  # no questions, no colours
                "NO_UPDATE_NOTIFIER": "1",
                "NODE_OPTIONS": f"--require={FRESH_CONNECTIONS}",
            },
        )
        wait_until(
            lambda: "All emulators ready" in program.log.read_text(errors="replace"),
            "all emulators ready",
            program=program,
            timeout_s=START_TIMEOUT_S,
        )
        _require_functions_loaded(program)
        self._emulators = program

    def _forget_description(self) -> None:
        (self.folder / DESCRIPTION).unlink(missing_ok=True)


EMULATOR_PORTS = (
    "auth",
    "functions",
    "firestore",
    "firestore_websocket",
    "tasks",
    "eventarc",
    "emulator_hub",
    "logging",
    "hosting",
)


def _set_ports(emulators: dict[str, Any], ports: Ports) -> None:
    for name in (*EMULATORS, "eventarc", "logging"):
        emulators[name]["port"] = getattr(ports, name)
    emulators["hub"]["port"] = ports.emulator_hub
    emulators["firestore"]["websocketPort"] = ports.firestore_websocket


def _require_functions_loaded(program: Program) -> None:
    """The CLI calls itself ready even when functions/main.py did not load: that is not ready."""
    if "Loaded functions definitions" not in program.log.read_text(errors="replace"):
        raise program.failure("could not load functions/main.py", lines=40)


def _write_env(path: Path, values: Mapping[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))


def _request(method: str, url: str, body: Mapping[str, Any] | None = None) -> bytes:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Content-Type": "application/json", "Authorization": "Bearer owner"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: bytes = response.read()
        return answer


def _export_of(folder: Path) -> Path:
    return folder / "emulators"


def is_saved(folder: Path) -> bool:
    """Whether a folder holds what `Stack.save` writes."""
    return _export_of(folder).is_dir()


def keep_folder() -> Path | None:
    """Where KEEP=1 keeps the data between starts, or None. Raises BadSetting."""
    return RUN / "kept" if is_on("KEEP") else None


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps a folder of kept data to this process; raises StackError while another has it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"another run keeps its data in {folder}: stop it, or start without KEEP=1") from None
        yield


def main() -> int:
    started_s = time.monotonic()
    try:
        keep = keep_folder()
        with signals_unwind(), held(keep) if keep else contextlib.nullcontext(), Stack(keep=keep) as stack:
            print(f"the stack is up after {time.monotonic() - started_s:.0f} s; logs in {stack.folder / 'logs'}")
            for name, value in stack.environment.items():
                print(f"  {name}={value}")
            print(f"  functions   {stack.functions}\n  FCM         {stack.fcm.url}/sent\nCtrl-C stops it")
            while True:
                stack.processes.check()
                time.sleep(1)
    except (BadSetting, OSError, PortError, StackError, ProgramEnded) as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stopped):
        print("\nstopped")
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
