"""What the meter answered to a step of its calibration, in words."""

from ..model import fields as read
from ..model.device import Outcome
from ..speech import Speech

PPM = 1_000_000
_FIGURES = (  # in an answer: (its name, what it is divided by, digits, unit)
    ("ratio_ppm", 10_000, 2, "%"),
    ("gain_ppm", 10_000, 2, "%"),
    ("misfit_ppm", 10_000, 2, "%"),
    ("residual_ppm", 10_000, 3, "%"),
    ("phase_mdeg", 1000, 2, "°"),
    ("misfit_mdeg", 1000, 2, "°"),
    ("residual_mdeg", 1000, 3, "°"),
    ("ma", 1000, 2, "A"),
    ("va", 1, 0, "VA"),
    ("version", 1, 0, ""),
)


def outcome_words(outcome: Outcome, speech: Speech) -> tuple[str, str]:
    """(which step and how it went, what was found)."""
    if not outcome.step:
        return speech.say("calibrate.command"), outcome.text
    step = f"calibrate.{outcome.step}"
    name = speech.say(step) if speech.knows(step) else outcome.step
    verdict = f"calibrate.verdict_{outcome.verdict}"
    title = f"{name}: {speech.say(verdict) if speech.knows(verdict) else outcome.verdict}"
    return title, _found(outcome, speech)


def _found(outcome: Outcome, speech: Speech) -> str:
    """Why it was refused and what to do, or the figures."""
    if outcome.verdict == "refused":
        reason = f"calibrate.reason_{outcome.reason}"
        return speech.say(reason) if speech.knows(reason) else outcome.reason
    told = [_figure(outcome, *figure, speech) for figure in _FIGURES]
    for clamp in ("grid", "pv"):
        heard = read.text(outcome.told, clamp)
        if heard and speech.knows(f"calibrate.heard_{heard}"):
            told.append(speech.say("calibrate.clamp", clamp=_clamp(clamp, speech), heard=_heard(heard, speech)))
    return " · ".join(each for each in told if each)


def _clamp(clamp: str, speech: Speech) -> str:
    return speech.say(f"calibrate.channel_{clamp}")


def _heard(heard: str, speech: Speech) -> str:
    return speech.say(f"calibrate.heard_{heard}")


def _figure(outcome: Outcome, name: str, per: int, digits: int, unit: str, speech: Speech) -> str:
    found = read.number(outcome.told, name)
    if found is None:
        return ""
    off = PPM if name in ("ratio_ppm", "gain_ppm") else 0  # a factor is told as how far it is from one
    written = f"{speech.number((found - off) / per, digits)} {unit}".rstrip()
    return f"{speech.say(f'calibrate.figure_{name}')} {written}"
