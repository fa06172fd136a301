"""What CPython lacks of MicroPython, for modules that are pure otherwise: decorators that do nothing, viper's types."""

import builtins


def _as_is(function):
    return function


viper = native = _as_is
const = int

for _name in ("ptr8", "ptr16", "ptr32", "uint"):
    setattr(builtins, _name, int)
