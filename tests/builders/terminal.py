"""Renders tables as a terminal shows them."""

from __future__ import annotations

from rich.console import Console, RenderableType


def shown(what: RenderableType, width: int, *, colour: bool = False) -> str:
    """Render the table as text for a terminal of so many columns."""
    console = Console(width=width, force_terminal=colour, color_system="standard" if colour else None)
    with console.capture() as captured:
        console.print(what)
    return captured.get()
