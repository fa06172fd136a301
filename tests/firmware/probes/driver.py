"""Runs inside every interpreter: a JSON request per line, a JSON answer per line.

A request names a module, a function and its arguments; bytes travel as {"hex": …}.
"""

import json
import sys
from array import array
from binascii import hexlify, unhexlify


def _decoded(thing):
    if isinstance(thing, dict):
        return unhexlify(thing["hex"]) if "hex" in thing else {key: _decoded(part) for key, part in thing.items()}
    return [_decoded(part) for part in thing] if isinstance(thing, list) else thing


def _encoded(thing):
    if isinstance(thing, (bytes, bytearray)):
        return {"hex": hexlify(thing).decode()}
    if isinstance(thing, (list, tuple, array)):
        return [_encoded(part) for part in thing]
    if isinstance(thing, dict):
        return {key: _encoded(part) for key, part in thing.items()}
    return thing


def answer(line):
    """The answer to one request; an error travels by its class and text."""
    try:
        request = json.loads(line)
        module = __import__(request["module"])
        function = getattr(module, request["function"])
        return json.dumps({"ok": _encoded(function(*[_decoded(argument) for argument in request["arguments"]]))})
    except Exception as error:
        if hasattr(sys, "print_exception"):
            sys.print_exception(error, sys.stderr)
        return json.dumps({"error": type(error).__name__, "text": str(error)})


def serve():
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        print(answer(line))


if __name__ == "__main__":
    serve()
