"""`python -m sunmeter_app`: the app in web-server mode."""

import argparse
import logging
import os
import sys

import uvicorn

from .config import SETTINGS, ConfigError, config_from
from .serve import serve


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = config_from(os.environ)
    except ConfigError as error:
        print(f"The app cannot start:\n{error}", file=sys.stderr)
        return 2
    print(f"Sunmeter's app: http://{options.host}:{options.port}", flush=True)
    uvicorn.run(serve(config), host=options.host, port=options.port, log_level="warning")
    return 0


def _parser() -> argparse.ArgumentParser:
    settings = "\n".join(f"  {name:<29} {purpose}" for name, purpose in SETTINGS.items())
    parser = argparse.ArgumentParser(
        prog="sunmeter_app",
        description="Sunmeter's app in web-server mode.",
        epilog=f"environment:\n{settings}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default %(default)s)")
    parser.add_argument("--port", type=int, default=8550, help="port to listen at (default %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
