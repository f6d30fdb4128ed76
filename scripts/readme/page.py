"""Pages whose tables are filled from files: rewritten in place, or only checked."""

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
    pages: Sequence[Path],
    render: Callable[[str], str],
    arguments: Sequence[str] | None,
    *,
    module: str,
    documentation: str | None,
) -> int:
    """Do what the command line says: rewrite pages, or with --check say which are stale; return the exit code.

    Args:
        pages: the files.
        render: returns the text of a page with fresh tables.
        arguments: of the command; None for those of this process.
        module: by which the pages are rewritten, for the message.
        documentation: what --help says.
    """
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a table is stale")
    options = parser.parse_args(arguments)
    stale = {}
    for page in pages:
        present = page.read_text(encoding="utf-8")
        if (rendered := render(present)) != present:
            stale[page] = rendered
    if options.check:
        for page in stale:
            print(f"{page.name} has stale tables; run: python -m {module}", file=sys.stderr)
        return int(bool(stale))
    for page, rendered in stale.items():
        page.write_text(rendered, encoding="utf-8")
    return 0
