"""Draw the README's pictures from what runs left behind.

    python scripts/render_figures.py --run demo

writes docs/hits.svg (the best hits of a run of `moldesign generate`) and docs/learning_curve.svg (from
benchmarks/results/learning_curve.json).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd
from rdkit.Chem.Draw import rdMolDraw2D

from moldesign.chem.smiles import require_mols

ROOT = Path(__file__).parents[1]
CURVE = ROOT / "benchmarks" / "results" / "learning_curve.json"
N_HITS, N_COLUMNS, CELL = 8, 4, (260, 220)
WIDTH, HEIGHT, MARGIN = 640, 320, 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="run folder of moldesign generate")
    options = parser.parse_args()
    (ROOT / "docs" / "hits.svg").write_text(draw_hits(pd.read_csv(options.run / "hits.csv")), encoding="utf-8")
    if CURVE.is_file():
        result = json.loads(CURVE.read_text(encoding="utf-8"))
        (ROOT / "docs" / "learning_curve.svg").write_text(draw_curve(result), encoding="utf-8")


def draw_hits(hits: pd.DataFrame) -> str:
    """Return an SVG of the best hits of different scaffolds, each with its rank and score."""
    shown = hits.drop_duplicates("scaffold").head(N_HITS)
    n_rows = -(-len(shown) // N_COLUMNS)
    drawing = rdMolDraw2D.MolDraw2DSVG(CELL[0] * N_COLUMNS, CELL[1] * n_rows, *CELL)
    drawing.drawOptions().legendFontSize = 16
    legends = [f"#{row.rank}   score {row.score:.2f}" for row in shown.itertuples()]
    drawing.DrawMolecules(require_mols(shown["smiles"].tolist()), legends=legends)
    drawing.FinishDrawing()
    return str(drawing.GetDrawingText())


def draw_curve(result: dict[str, Any]) -> str:
    """Return an SVG of each seed's mean score over the oracle calls, with the prior's mean as a dashed line."""
    settings, seeds = result["extra"], result["figures"].values()
    calls = settings["calls"]
    prior = place_y(sum(seed["prior_mean"] for seed in seeds) / len(seeds))
    lines = "".join(draw_line(curve, settings["window"], calls) for curve in settings["curves"].values())
    ticks = "".join(
        f'<text x="{MARGIN - 8}" y="{place_y(v / 5) + 4:.1f}" text-anchor="end">{v / 5:.1f}</text>'
        f'<line x1="{MARGIN}" x2="{WIDTH - 16}" y1="{place_y(v / 5):.1f}" y2="{place_y(v / 5):.1f}" stroke="#ddd"/>'
        for v in range(6)
    ) + "".join(
        f'<text x="{place_x(x, calls):.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{x:,.0f}</text>'
        for x in range(0, calls + 1, 1000)
    )
    right, bottom = WIDTH - 16, HEIGHT - 8
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" ',
            'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>',
            ticks,
            f'<line x1="{MARGIN}" x2="{right}" y1="{prior:.1f}" y2="{prior:.1f}" stroke="#888" stroke-dasharray="5"/>',
            f'<text x="{right}" y="{prior - 6:.1f}" text-anchor="end" fill="#555">mean of prior samples</text>',
            lines,
            f'<text x="{WIDTH / 2}" y="{bottom}" text-anchor="middle">molecules scored</text>',
            f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">',
            "mean score</text></svg>\n",
        )
    )


def draw_line(means: list[float], window: int, calls: int) -> str:
    """Draw the mean of each window of calls above the window's middle."""
    points = " ".join(f"{place_x(window * (i + 0.5), calls):.1f},{place_y(y):.1f}" for i, y in enumerate(means))
    return f'<polyline points="{points}" fill="none" stroke="#1668b0" stroke-width="2" stroke-opacity="0.7"/>'


def place_x(value: float, largest: float) -> float:
    return MARGIN + (WIDTH - 16 - MARGIN) * value / largest


def place_y(value: float) -> float:
    return HEIGHT - MARGIN - (HEIGHT - MARGIN - 16) * value


if __name__ == "__main__":
    main()
