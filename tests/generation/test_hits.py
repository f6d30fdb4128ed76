from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rdkit import Chem, DataStructs

from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.smiles import require_mols
from moldesign.errors import RunFolderError
from moldesign.generation import hits as hits_module
from moldesign.generation.hits import describe_hits, select_hits, write_hits
from moldesign.objectives import catalog, properties
from moldesign.objectives.oracle import Oracle, ScoredMolecule
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.predictors.calibration import Calibration, ConformalInterval
from tests.objectives.fake_predictor import FakePredictor

CHLOROBENZENE, ANISOLE, PARACETAMOL, BUTANE = "Clc1ccccc1", "COc1ccccc1", "CC(=O)Nc1ccc(O)cc1", "CCCC"

COLUMNS = [
    *("rank", "smiles", "score"),
    *("qed", "qed_score"),
    *("herg", "herg_score", "herg_std", "herg_in_domain"),
    *("in_domain", "unseen_rings", "unseen_atoms", "unstable_groups", "scaffold"),
    *("nearest_training_smiles", "nearest_training_similarity", "cluster", "call", "source"),
]


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A computed and a predicted goal; the predictor counts chlorine atoms, and knows short SMILES only."""
    fake = FakePredictor()
    card = {"endpoints": [endpoint.to_dict() for endpoint in fake.endpoints]}
    monkeypatch.setattr(catalog, "list_bundled", lambda: {"admet": None})
    monkeypatch.setattr(catalog, "read_model_card", lambda name: card)
    monkeypatch.setattr(properties, "load_predictor", lambda name: fake)
    return parse_goals(["qed max", "herg min"])


def score_all(profile: Profile) -> list[ScoredMolecule]:
    oracle = Oracle(profile, budget=10)
    oracle.score([CHLOROBENZENE, BUTANE], source="start")
    oracle.score([ANISOLE, PARACETAMOL])
    return oracle.history


def make_molecule(call: int, total: float) -> ScoredMolecule:
    return ScoredMolecule(call, "C" * call, total, (), (), (), (), "policy", 0.0)


def test_hits_are_the_best_at_or_above_the_threshold() -> None:
    molecules = [make_molecule(call, total) for call, total in enumerate([0.5, 0.9, 0.49, 0.9, 0.7], start=1)]
    assert [molecule.call for molecule in select_hits(molecules, 10, threshold=0.5)] == [2, 4, 5, 1]
    assert [molecule.call for molecule in select_hits(molecules, 2, threshold=0.5)] == [2, 4]
    assert select_hits(molecules, 10, threshold=0.95) == []


def test_a_molecule_without_a_total_is_no_hit() -> None:
    molecules = [make_molecule(1, float("nan")), make_molecule(2, 0.0)]
    assert [molecule.call for molecule in select_hits(molecules, 10, threshold=0.0)] == [2]


METHACETIN = "COc1ccc(NC(C)=O)cc1"
PARACETAMOLS = [PARACETAMOL, "CCC(=O)Nc1ccc(O)cc1", METHACETIN, "CC(=O)Nc1ccc(OCC)cc1"]
ALKYL_AMINES = [f"{'C' * n}N({'C' * m})C" for n in range(2, 12) for m in range(2, 12) if n <= m]


def rank_smiles(smiles: Sequence[str]) -> list[ScoredMolecule]:
    """Score the molecules so that they come in this order, and give them out of it."""
    totals = np.linspace(1.0, 0.5, len(smiles)).tolist()
    ranked = [
        make_molecule(call, total)._replace(smiles=text)
        for call, (text, total) in enumerate(zip(smiles, totals, strict=True))
    ]
    return ranked[::-1]


def pick_one_by_one(smiles: Sequence[str], n: int, cutoff: float) -> list[str]:
    """Return what `select_hits` does, pair by pair with RDKit."""
    vectors = [DataStructs.CreateFromBinaryText(row.tobytes()) for row in morgan_bits(require_mols(smiles))]
    picked: list[int] = []
    for row in range(len(smiles)):
        if all(DataStructs.TanimotoSimilarity(vectors[row], vectors[other]) < cutoff for other in picked):
            picked.append(row)
    left_out = [row for row in range(len(smiles)) if row not in picked]
    return [smiles[row] for row in sorted([*picked[:n], *left_out[: max(0, n - len(picked))]])]


def test_hits_that_resemble_a_better_one_wait_until_places_are_left() -> None:
    molecules = rank_smiles([*PARACETAMOLS, BUTANE, CHLOROBENZENE])
    select = partial(select_hits, molecules, threshold=0.5, max_similarity=0.5)
    assert [hit.smiles for hit in select(3)] == [PARACETAMOL, BUTANE, CHLOROBENZENE]
    assert [hit.smiles for hit in select(4)] == [*PARACETAMOLS[:2], BUTANE, CHLOROBENZENE]
    assert [hit.smiles for hit in select(9)] == [*PARACETAMOLS, BUTANE, CHLOROBENZENE]
    assert [hit.smiles for hit in select_hits(molecules, 3, threshold=0.5)] == PARACETAMOLS[:3]
    assert [hit.smiles for hit in select_hits(molecules, 9, threshold=0.85, max_similarity=0.5)] == PARACETAMOLS[:2]


@given(st.permutations(ALKYL_AMINES), st.integers(1, 60), st.sampled_from([0.5, 0.7, 0.9]), st.integers(1, 70))
def test_the_choice_is_that_of_a_slow_search(smiles: list[str], n: int, cutoff: float, n_at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hits_module, "_BLOCK", n_at_once)
        hits = select_hits(rank_smiles(smiles), n, threshold=0.5, max_similarity=cutoff)
    assert [hit.smiles for hit in hits] == pick_one_by_one(smiles, n, cutoff)
    assert len(hits) == min(n, len(smiles))


def test_a_cluster_is_the_rank_of_the_hit_that_is_resembled(profile: Profile) -> None:
    oracle = Oracle(profile, budget=10)
    oracle.score([BUTANE, "CCCCC", PARACETAMOL, METHACETIN, CHLOROBENZENE])
    hits = select_hits(oracle.history, 10, threshold=0.0)
    clusters = describe_hits(hits, profile.with_changes(diversity={"hit_similarity": 0.5})).set_index("smiles")
    ranks, cluster = clusters["rank"], clusters["cluster"]
    assert cluster[BUTANE] == cluster["CCCCC"] == min(ranks[BUTANE], ranks["CCCCC"])
    assert cluster[PARACETAMOL] == cluster[METHACETIN] == min(ranks[PARACETAMOL], ranks[METHACETIN])
    assert cluster[CHLOROBENZENE] == ranks[CHLOROBENZENE]
    alike = describe_hits(hits, profile.with_changes(diversity={"hit_similarity": 1}))
    assert alike["cluster"].tolist() == alike["rank"].tolist()


def test_of_equal_totals_the_surest_comes_first(profile: Profile) -> None:
    terms = profile.terms
    met = [(0.9, 0.1), (0.9, 0.1), (0.9, 0.1)]
    unsure = [(np.nan, 0.2), (np.nan, 0.01), (np.nan, 0.2)]
    molecules = [
        ScoredMolecule(call, "C" * call, total, (1.0, 1.0), raw, std, (True, True), "policy", 0.0)
        for call, (total, raw, std) in enumerate(zip([0.8, 0.8, 0.9], met, unsure, strict=True), start=1)
    ]
    assert [one.call for one in select_hits(molecules, 3, threshold=0.5, terms=terms)] == [3, 2, 1]
    assert [one.call for one in select_hits(molecules, 3, threshold=0.5)] == [3, 1, 2]


def test_every_column_is_there(profile: Profile) -> None:
    hits = select_hits(score_all(profile), 10, threshold=0.0)
    frame = describe_hits(hits, profile).set_index("smiles", drop=False)
    assert list(frame.columns) == COLUMNS
    assert frame["score"].tolist() == [hit.total for hit in hits]
    chlorobenzene, butane, paracetamol = frame.loc[CHLOROBENZENE], frame.loc[BUTANE], frame.loc[PARACETAMOL]
    assert (chlorobenzene["herg"], chlorobenzene["herg_score"], chlorobenzene["herg_std"]) == (0.25, 0.625, 0.25)
    assert (chlorobenzene["scaffold"], butane["scaffold"]) == ("c1ccccc1", "")
    assert (chlorobenzene["in_domain"], butane["in_domain"], butane["herg_in_domain"]) == (False, True, True)
    assert (chlorobenzene["call"], chlorobenzene["source"], paracetamol["source"]) == (1, "start", "policy")
    assert (paracetamol["nearest_training_smiles"], paracetamol["nearest_training_similarity"]) == (PARACETAMOL, 1.0)
    assert 0 < frame.loc[ANISOLE, "nearest_training_similarity"] < 1


def test_intervals_have_columns_where_the_model_has_them(
    monkeypatch: pytest.MonkeyPatch, known_drugs: None, profile: Profile
) -> None:
    one = np.ones(40, dtype=np.float32)
    calibrated = SimpleNamespace(
        calibration=Calibration({"solubility": ConformalInterval(one, one, 0.5)}),
        predict=lambda smiles, with_domain: SimpleNamespace(low=give_bounds(smiles, 1), high=give_bounds(smiles, 2)),
    )
    monkeypatch.setattr(hits_module, "load_predictor", lambda name: calibrated)
    goals = parse_goals(["herg min", "solubility max"])
    frame = describe_hits(select_hits(score_all(goals), 10, threshold=0.0), goals)
    place = frame.columns.get_loc("solubility_std")
    assert list(frame.columns[place : place + 4]) == [
        "solubility_std",
        "solubility_low",
        "solubility_high",
        "solubility_in_domain",
    ]
    assert "herg_low" not in frame
    assert frame["solubility_low"].tolist() == [-len(smiles) / 1 for smiles in frame["smiles"]]
    assert frame["solubility_high"].tolist() == [-len(smiles) / 2 for smiles in frame["smiles"]]


def give_bounds(smiles: list[str], divisor: int) -> NDArray[np.float32]:
    return np.array([[0, -len(text) / divisor, 0] for text in smiles], dtype=np.float32)


def test_without_hits_the_columns_are_the_same(profile: Profile, tmp_path: Path) -> None:
    write_hits(tmp_path, describe_hits([], profile))
    assert (tmp_path / "hits.csv").read_text().splitlines() == [",".join(COLUMNS)]
    assert (tmp_path / "hits.sdf").read_text() == ""


def test_both_files_say_the_same(profile: Profile, tmp_path: Path) -> None:
    frame = describe_hits(select_hits(score_all(profile), 10, threshold=0.0), profile)
    write_hits(tmp_path, frame)
    table = pd.read_csv(tmp_path / "hits.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(table, frame, check_dtype=False)
    records = list(Chem.SDMolSupplier(str(tmp_path / "hits.sdf")))
    assert [Chem.MolToSmiles(record) for record in records] == frame["smiles"].tolist()
    for record, row in zip(records, frame.to_dict("records"), strict=True):
        written = {name: value for name, value in row.items() if value != ""}
        assert record.GetPropsAsDict().keys() == written.keys()
        assert record.GetDoubleProp("score") == row["score"]
        assert record.GetIntProp("rank") == row["rank"]
        assert record.GetProp("nearest_training_smiles") == row["nearest_training_smiles"]


def test_a_folder_that_cannot_be_written_is_said(profile: Profile, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"hits\.csv: cannot be written .*kept: go on with --resume"):
        write_hits(tmp_path / "gone", describe_hits([], profile))
