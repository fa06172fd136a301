"""While the visit opens: the mark, and that something is going on, or what keeps it from that."""

import flet as ft

from ...problems import Problem
from ...state import Session
from .. import parts
from ..component import component
from ..context import use_speech, use_visit
from ..shell import logo

WIDTH = 340  # of what is told: most phones hold it with a margin


@component
def StartingScreen(session: Session) -> ft.Control:
    speech = use_speech()
    moves = use_visit().state.ui.moves
    told = [ft.Container(parts.problem(speech.trouble(Problem(session.notice))), width=WIDTH)] if session.notice else []
    ring = ft.ProgressRing(value=None if moves else 0.3, width=22, height=22, stroke_width=3)
    return ft.Container(
        ft.Column(
            [logo(72), ring, parts.muted(speech.say("starting")), *told],
            alignment=ft.MainAxisAlignment.CENTER,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            spacing=20,
        ),
        alignment=ft.Alignment.CENTER,
        expand=True,
    )
