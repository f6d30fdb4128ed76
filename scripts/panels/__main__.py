"""Print every endpoint of the panels: how many labels there are, where they come from, and what is wrong with them.

python -m scripts.panels --data DATA [--cache FOLDER] [PANEL ...]
"""

import argparse
from pathlib import Path

from scripts.panels.audit import tabulate
from scripts.panels.panel import PANELS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panels", nargs="*", metavar="PANEL", help=f"of {', '.join(PANELS)}; all of them by default")
    parser.add_argument("--data", type=Path, help="folder of the public data sets")
    parser.add_argument("--cache", type=Path, help="folder that keeps standardised molecules")
    options = parser.parse_args()
    for name in options.panels or PANELS:
        table = tabulate(name, options.data, options.cache)
        print(f"{name}: {len(table)} endpoints\n\n{table.to_string()}\n")


if __name__ == "__main__":
    main()
