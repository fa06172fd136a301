"""Plays commands, and tells how the relay was switched."""

import calibration
import commands
import config


def play(steps, flash):
    """steps: [name, arguments, uptime_ms, unix_ms, relay's part of the configuration], ["follow", uptime_ms, unix_ms,
    relay's part], ["restart"]. [answers, switchings, restarts asked for, flash]."""
    switched = []
    made = _started(switched, flash)
    answers = []
    for step in steps:
        if step[0] == "restart":
            made = _started(switched, flash)
        elif step[0] == "follow":
            made.relay.follow(step[1], step[2], config.from_record({"relay": step[3]}))
        else:
            known = config.from_record({"relay": step[4]})
            answers.append(made.carry_out((7, step[0], step[1]), step[2], step[3], known))
    return [answers, switched, made.restarts, made.relay.is_on, flash]


def _started(switched, flash):
    kept = calibration.Calibrations(flash.get, flash.__setitem__)
    kept.apply(config.Config())
    return commands.Commands(commands.Relay(switched.append, flash.get, flash.__setitem__), kept, 250)
