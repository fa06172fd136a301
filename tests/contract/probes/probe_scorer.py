"""Runs the contract's scorer and rules over minutes, in whatever interpreter imports it.

It keeps its scorer between calls, since minutes come in parts: MicroPython's json cannot write long answers.
"""

from contract.refusal import Refusal
from contract.rules import Rules
from contract.scorer import Features, Scorer
from contract.unpacking import unpack

_scorer = None
_rules = None


def begin(packed):
    global _scorer, _rules
    _scorer = Scorer(Features(), unpack(packed))
    _rules = Rules()


def restart(packed):
    """Goes on with a new scorer, its features loaded from a dump of the old one's."""
    global _scorer
    dumped = _scorer.features.dump()
    _scorer = Scorer(Features(), unpack(packed))
    _scorer.features.load(dumped)


def scores(minutes):
    """[score_milli, channel, event] of every minute."""
    found = []
    for minute in minutes:
        score_milli = _scorer.push(*minute)
        found.append([score_milli, _scorer.channel, _scorer.event])
    return found


def facts(minutes):
    """What the rules tell of every minute: the list of its events."""
    told = []
    for minute in minutes:
        count = _rules.push(*minute)
        told.append(_rules.events[:count])
    return told


def refusal(packed):
    """[code, field] when the model is refused, else []."""
    try:
        unpack(packed)
    except Refusal as error:
        return [error.code, error.field]
    return []


def load_refusal(dumped):
    try:
        Features().load(dumped)
    except Refusal as error:
        return [error.code, error.field]
    return []
