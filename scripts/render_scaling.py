"""Fill the tables of docs/scaling.md from benchmarks/results, so that no figure in it was typed by hand.

python -m scripts.render_scaling           # rewrite the tables in place
python -m scripts.render_scaling --check   # exit with 1 if a table is stale
"""

import argparse
import json
import sys
from collections.abc import Sequence

from scripts.readme.scaling import RENDERERS, SOURCES, Results
from scripts.render_readme import BLOCK, RESULTS, ROOT

PAGE = ROOT / "docs" / "scaling.md"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a table is stale")
    options = parser.parse_args(arguments)
    present = PAGE.read_text(encoding="utf-8")
    rendered = render(present, read_results())
    if rendered == present:
        return 0
    if options.check:
        print("docs/scaling.md has stale tables; run: python -m scripts.render_scaling", file=sys.stderr)
        return 1
    PAGE.write_text(rendered, encoding="utf-8")
    return 0


def read_results() -> Results:
    """Return the results that the tables are computed from, by name."""
    return {name: json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in SOURCES}


def render(text: str, results: Results) -> str:
    """Return a page with every table filled anew."""
    return BLOCK.sub(
        lambda block: f"<!-- table:{block['name']} -->\n{RENDERERS[block['name']](results)}<!-- /table -->", text
    )


if __name__ == "__main__":
    sys.exit(main())
