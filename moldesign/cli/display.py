"""What a long command shows while it works: redrawn in place on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

LINE_SECONDS = 10.0
"""Time between two lines where nothing can be redrawn."""

Show = Callable[[str, float | None], None]
"""Shows a text, and the share of the work that is done where that is known."""


@contextmanager
def open_display(first: str, *, quiet: bool = False) -> Iterator[Show]:
    """Yield a function that shows how the work is going, on standard error.

    Args:
        first: said before the work begins.
        quiet: show nothing.
    """
    if quiet:
        yield lambda text, share: None
        return
    from rich.console import Console  # noqa: PLC0415

    typer.echo(first, err=True)
    console = Console(stderr=True)
    with _redraw(console) if console.is_terminal else _print_lines() as show:
        yield show


@contextmanager
def _redraw(console: "Console") -> Iterator[Show]:
    from rich.console import Group  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415
    from rich.padding import Padding  # noqa: PLC0415
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    with Live(console=console, auto_refresh=False) as live:  # its thread would forbid the forks of a long prediction

        def show(text: str, share: float | None) -> None:
            # The padding ends the line, which a bare bar does not.
            bars = [] if share is None else [Padding(ProgressBar(total=1.0, completed=share, width=50))]
            live.update(Group(*bars, Text(text)), refresh=True)

        yield show


@contextmanager
def _print_lines() -> Iterator[Show]:
    waiting, printed = "", time.monotonic()

    def show(text: str, share: float | None) -> None:
        nonlocal waiting, printed
        waiting = text.replace("\n", ", ")
        if time.monotonic() - printed > LINE_SECONDS:
            typer.echo(waiting, err=True)
            waiting, printed = "", time.monotonic()

    yield show
    if waiting:
        typer.echo(waiting, err=True)
