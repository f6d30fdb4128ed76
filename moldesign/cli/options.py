"""Options that several verbs share."""

from typing import Annotated

import typer

from moldesign.cli.completion import complete_goals

GoalOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GOAL",
        autocompletion=complete_goals,
        help="A goal: PROPERTY max | min | >= X | <= X | in A..B, with '* WEIGHT' optional. Repeat it for more; "
        "goals add to PROFILE.toml.",
    ),
]
ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DIR",
        help="Model folder made by `moldesign train`, whose endpoints the goals may name. Repeat it for more.",
    ),
]
AddressOption = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="The Ray cluster: 'auto' finds one that runs here, 'local' starts one on this machine's cores; HOST:PORT, "
        "or ray://HOST:PORT from outside.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print the path of the hits and problems, nothing else.")]
