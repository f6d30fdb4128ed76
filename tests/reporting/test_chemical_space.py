"""The map: the same for the same molecules, like ones near each other, and nothing where there is nothing to see."""

from pathlib import Path

import numpy as np
import pandas as pd
from rdkit import Chem

from moldesign.chem.fingerprints import morgan_bits
from moldesign.objectives.profile import parse_goals
from moldesign.reporting.chemical_space import draw_space, embed
from moldesign.reporting.hit_table import make_hit_table
from moldesign.reporting.wishes import find_wishes
from tests.reporting.run_cases import DRUGS

CHAINS = [f"{'C' * n}O" for n in range(4, 14)]
RINGS = [f"c1ccc({'C' * n}N)cc1" for n in range(1, 11)]


def test_like_molecules_lie_together() -> None:
    bits = morgan_bits([Chem.MolFromSmiles(text) for text in (*CHAINS, *RINGS)], n_bits=1024)
    places = embed(bits)
    assert np.array_equal(places, embed(bits))
    first, second = places[:10], places[10:]
    between = np.linalg.norm(first.mean(axis=0) - second.mean(axis=0))
    assert between > max(np.linalg.norm(part - part.mean(axis=0), axis=1).mean() for part in (first, second))


def test_a_map_has_a_link_per_hit_and_the_known_molecules(model: Path) -> None:
    profile = parse_goals(["herg min"], models=[str(model)])
    wishes = find_wishes(profile, ["herg", "herg_score"])
    frame = pd.DataFrame({"smiles": DRUGS[2:], "herg": 0.5, "herg_score": 0.5})
    table = make_hit_table(frame, wishes, smiles_column="smiles")
    space = draw_space(table.hits, [0.5] * len(frame), wishes)
    assert space is not None
    assert space.n_known == 4
    assert space.svg.count("<a href=") == len(frame)
    assert space.svg.count('class="known"') == 4
    assert draw_space([], [], wishes) is None
