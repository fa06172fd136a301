"""Plays commands, and tells how the relay was switched."""

import commands


def play(steps):
    """steps: [name, arguments, uptime_ms, has_consent] or ["expire", uptime_ms]. [answers, switchings, restarts]."""
    switched = []
    made = commands.Commands(switched.append)
    answers = []
    for step in steps:
        if step[0] == "expire":
            made.expire(step[1])
        else:
            answers.append(made.carry_out(*step))
    return [answers, switched, made.restarts]
