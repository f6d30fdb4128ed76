"""A page whose tables are filled from files: rewritten in place, or only checked."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

BLOCK = re.compile(r"<!-- table:(?P<name>\S+) -->\n.*?<!-- /table -->", re.DOTALL)
"""Where a table stands."""


def fill(text: str, render_table: Callable[[str], str]) -> str:
    """Return a text with every table filled anew."""
    return BLOCK.sub(
        lambda block: f"<!-- table:{block['name']} -->\n{render_table(block['name'])}<!-- /table -->", text
    )


def refresh(
    page: Path, render: Callable[[str], str], arguments: Sequence[str] | None, *, module: str, documentation: str | None
) -> int:
    """Do what the command line says: rewrite a page, or with --check say whether it is stale; return the exit code.

    Args:
        page: the file.
        render: returns the text of the page with fresh tables.
        arguments: of the command; None for those of this process.
        module: by which the page is rewritten, for the message.
        documentation: what --help says.
    """
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a table is stale")
    options = parser.parse_args(arguments)
    present = page.read_text(encoding="utf-8")
    rendered = render(present)
    if rendered == present:
        return 0
    if options.check:
        print(f"{page.name} has stale tables; run: python -m {module}", file=sys.stderr)
        return 1
    page.write_text(rendered, encoding="utf-8")
    return 0
