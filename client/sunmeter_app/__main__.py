"""`python -m sunmeter_app`: the app in web-server mode."""

import argparse
import logging
import os
import socket
import sys

import uvicorn

from .app import MOST_FILE_BYTES
from .config import SETTINGS, ConfigError, config_from
from .serve import serve

BACKLOG = 2048  # as uvicorn's own
WS_MAX_BYTES = MOST_FILE_BYTES + 1_000_000  # a file comes in one message


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = config_from(os.environ)
        door = listening_socket(options.host, options.port)
    except ConfigError as error:
        print(f"The app cannot start:\n{error}", file=sys.stderr)
        return 2
    with door:
        print(f"Sunmeter's app: http://{options.host}:{options.port}", flush=True)
        uvicorn.Server(uvicorn.Config(serve(config), log_level="warning", ws_max_size=WS_MAX_BYTES)).run(sockets=[door])
    return 0


def listening_socket(host: str, port: int) -> socket.socket:
    """The address, taken before it is told to anybody. Raises ConfigError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name of a host
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{host}:{port} cannot be listened on ({reason}): choose another --host or --port") from error


def _port(told: str) -> int:
    if not told.isascii() or not told.isdecimal() or not 0 < int(told) < 65_536:
        raise argparse.ArgumentTypeError(f"{told} is no port: a number from 1 to 65535")
    return int(told)


def _parser() -> argparse.ArgumentParser:
    settings = "\n".join(f"  {name:<29} {purpose}" for name, purpose in SETTINGS.items())
    parser = argparse.ArgumentParser(
        prog="sunmeter_app",
        description="Sunmeter's app in web-server mode.",
        epilog=f"environment:\n{settings}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default %(default)s)")
    parser.add_argument("--port", type=_port, default=8550, help="port to listen at (default %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
