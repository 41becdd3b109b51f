"""What a terminal shows."""

from __future__ import annotations

from rich.console import Console, RenderableType


def shown(what: RenderableType, width: int, *, colour: bool = False) -> str:
    """As text, of a terminal so many columns wide."""
    console = Console(width=width, force_terminal=colour, color_system="standard" if colour else None)
    with console.capture() as captured:
        console.print(what)
    return captured.get()
