"""Makes an object of the firmware, calls it step by step, and returns what each step gave.

Steps: ["call", method, argument…], ["times", n, method, argument…] (gives nothing), ["get", attribute].
"""

from contract.refusal import Refusal


def play(module, name, arguments, steps):
    make = getattr(__import__(module), name)
    thing = make(*arguments)
    found = []
    for step in steps:
        if step[0] == "get":
            attribute = getattr(thing, step[1])
            found.append(attribute[:] if isinstance(attribute, list) else attribute)
        elif step[0] == "times":
            for _ in range(step[1]):
                getattr(thing, step[2])(*step[3:])
        else:
            found.append(_called(thing, step[1], step[2:]))
    return found


def _called(thing, method, arguments):
    try:
        return getattr(thing, method)(*arguments)
    except Refusal as refusal:
        return "refused", refusal.code, refusal.field
