"""Components that fail alone.

An error that leaves a component ends Flet's update loop: the whole session would stand still without a word. Here it is
logged, and a sentence stands in the component's place until the next change.
"""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import flet as ft

from ..speech import Speech
from . import parts

log = logging.getLogger("sunmeter.app")

Arguments = ParamSpec("Arguments")
Drawn = TypeVar("Drawn", bound=ft.Control)


def component(draw: Callable[Arguments, Drawn]) -> Callable[Arguments, Drawn]:
    """Makes a component of a function that draws it."""

    @functools.wraps(draw)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Drawn:
        try:
            return draw(*args, **kwargs)
        except Exception as error:  # the outermost loop of drawing: told, and the rest of the screen lives on
            log.error("component failed", extra={"component": draw.__qualname__}, exc_info=error)
            # No hook may be used here: their order was cut short.
            return cast(Drawn, parts.notice(Speech().say("broken"), ft.Icons.ERROR_OUTLINE, is_alarm=True))

    return ft.component(guarded)
