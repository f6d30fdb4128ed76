"""The help of the command as a whole: verbs under the task that they serve, each with one example."""

import re
from typing import Any

from typer.core import TyperGroup

_EXAMPLE = re.compile(r"Examples?:\n\s*(moldesign [^\n]+)")
_WHOLE_SENTENCE = 200
"""Characters of the first sentence of a verb's help, of which none is left out."""


class TaskGroup(TyperGroup):
    """Lists commands by their `rich_help_panel`, in plain text, with the first example of each one's help."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, the tasks in the order in which they first occur."""
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx) if not self.commands[name].hidden]
        width = max(len(name) for name, _ in commands)
        for task in dict.fromkeys(find_task(command) for _, command in commands):
            with formatter.section(task):
                for name, command in commands:
                    if find_task(command) != task:
                        continue
                    formatter.write_dl([(name.ljust(width), command.get_short_help_str(_WHOLE_SENTENCE))])
                    if example := find_example(command.help or ""):
                        formatter.write(f"{' ' * (formatter.current_indent + width + 2)}$ {example}\n")


def find_task(command: Any) -> str:
    """Return the heading that a command stands under."""
    return str(getattr(command, "rich_help_panel", None) or "Commands")


def find_example(text: str) -> str | None:
    """Return the first example of a help text.

    >>> find_example("Do it.\\n\\nExamples:\\n  moldesign do --it\\n  moldesign do --not")
    'moldesign do --it'
    """
    found = _EXAMPLE.search(text)
    return found and found[1]
