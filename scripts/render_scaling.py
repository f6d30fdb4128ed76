"""Fill the tables of docs/scaling.md from benchmarks/results, so that no figure in it was typed by hand.

python -m scripts.render_scaling           # rewrite the tables in place
python -m scripts.render_scaling --check   # exit with 1 if a table is stale
"""

import json
import sys
from collections.abc import Sequence

from scripts.readme.page import fill, refresh
from scripts.readme.scaling import RENDERERS, SOURCES, Results
from scripts.render_readme import RESULTS, ROOT

PAGE = ROOT / "docs" / "scaling.md"


def main(arguments: Sequence[str] | None = None) -> int:
    return refresh((PAGE,), render, arguments, module="scripts.render_scaling", documentation=__doc__)


def render(text: str) -> str:
    """Return a page with every table filled anew."""
    results = read_results()
    return fill(text, lambda name: RENDERERS[name](results))


def read_results() -> Results:
    """Return the results that the tables are computed from, by name."""
    return {name: json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in SOURCES}


if __name__ == "__main__":
    sys.exit(main())
