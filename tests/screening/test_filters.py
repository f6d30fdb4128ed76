"""Cheap filters first: what a molecule that has fallen is spared, and what it is told."""

from pathlib import Path

import numpy as np
import pytest

from moldesign.objectives import properties
from moldesign.objectives.guards import Guards
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.predictors.ensemble import Predictor
from moldesign.screening.executor import Fall
from moldesign.screening.filters import Bar, Scored, apply_filters
from moldesign.screening.grouping import plan_groups
from moldesign.screening.marking import TOGETHER, FixedMarker, SharedMarker, mark_nothing
from moldesign.screening.molecules import Molecule, hash_molecule, read_molecule

TEXTS = ["CCO", "c1ccccc1CCO", "CC(=O)Cl", "CCCCCCCCCCCCCCCCCCCC", "c1ccccc1Br"]
LABELLED = "[2H]CCOC"
"""Outside every domain, because it has an isotope."""


def read(text: str) -> Molecule:
    molecule = read_molecule(text, is_block=False)
    assert isinstance(molecule, Molecule)
    return molecule


def run(profile: Profile, texts: list[str], threshold: float | None = None, floor: float | None = None) -> Scored:
    molecules = {row: read(text) for row, text in enumerate(texts)}
    groups = plan_groups(profile.terms, has_threshold=threshold is not None)
    return apply_filters(profile, groups, molecules, bar=Bar(threshold, floor), mark=mark_nothing)


def test_groups_go_from_cheap_to_dear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_goal.py").write_text("def score(smiles):\n    return [1.0] * len(smiles)\n")
    monkeypatch.syspath_prepend(tmp_path)
    profile = parse_goals(
        ["own_goal:score max", "herg min", "program(cat) max", "qed max", "mw min", "ames min"]
    ).with_constraints(must=["solubility >= -9", "alerts <= 0", "logp <= 5"], forbidden=["[Br]"])

    def name_groups(*, has_threshold: bool) -> list[list[str]]:
        groups = plan_groups(profile.terms, has_threshold=has_threshold)
        return [[profile.terms[column].name for column in group.columns] for group in groups]

    limits = [["must logp <= 5"], ["must substructure([Br]) <= 0"], ["must alerts <= 0"]]
    network = [["herg", "ames", "must solubility >= -9"]]
    foreign = [["own_goal:score"], ["program(cat)"]]
    assert name_groups(has_threshold=True) == [*limits, ["mw"], *network, ["qed"], *foreign]
    assert name_groups(has_threshold=False) == [*limits, *network, ["mw"], ["qed"], *foreign]


def test_scores_are_those_of_the_profile() -> None:
    profile = parse_goals(["herg min", "qed max", "logp in 0..2 * 2"])
    expected, got = profile.score([*TEXTS, LABELLED]), run(profile, [*TEXTS, LABELLED])
    assert not expected.in_domain.all()  # so that both guards have something to do
    np.testing.assert_allclose(got.total, expected.total, atol=6e-5)
    np.testing.assert_allclose(got.terms, expected.terms, rtol=1e-6)
    assert got.total.tolist() == np.round(got.total, 4).tolist()
    np.testing.assert_allclose(got.raw, expected.raw, rtol=1e-6)
    assert got.falls == {}


def test_scores_are_those_of_the_profile_for_the_parents() -> None:
    rows = {
        "diclofenac sodium": "[Na+].[O-]C(=O)Cc1ccccc1Nc1c(Cl)cccc1Cl",
        "covalent salt": "[Na]OC(=O)c1ccccc1",
        "charged": "C[NH+](C)CCc1c[nH]c2ccccc12",
        "zwitterion": "[NH3+][C@@H](Cc1ccccc1)C(=O)[O-]",
        "quaternary": "C[N+](C)(C)CCO.[Cl-]",
        "mixture": "CC(=O)Oc1ccccc1C(=O)O.CCCCCBr",
        "mapped": "[CH3:1][CH2:2]O",
    }
    texts = list(rows.values())
    profile = parse_goals(["mw in 200..300", "qed max", "herg min"])
    expected, got = profile.score([*texts, "C("], standardize=True), run(profile, texts)
    np.testing.assert_allclose(got.total, expected.total[:-1], atol=6e-5)
    np.testing.assert_allclose(got.raw, expected.raw[:-1], rtol=1e-6)
    assert not expected.in_domain[texts.index(rows["mixture"]), 2]
    assert expected.errors[-1] == "row 7: 'C(' is not a valid SMILES (syntax error)"
    assert profile.score([rows["diclofenac sodium"]]).raw[0, 0] == pytest.approx(318.1, abs=0.1)


def test_what_has_fallen_is_not_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    predicted: list[str] = []
    original = Predictor.predict_standardized

    def record(predictor: Predictor, smiles: list[str], columns: list[int], graphs: object) -> object:
        predicted.extend(smiles)
        assert graphs is None
        return original(predictor, smiles, columns)

    monkeypatch.setattr(Predictor, "predict_standardized", record)
    limits = {"must": ["logp <= 5", "alerts <= 0"], "forbidden": ["[Br]"]}
    scored = run(parse_goals(["herg min"]).with_constraints(**limits), TEXTS)
    assert predicted == ["CCO", "c1ccccc1CCO"]
    assert {row: fall.filter for row, fall in scored.falls.items()} == {
        2: "alerts <= 0", 3: "logp <= 5", 4: "substructure([Br]) <= 0",
    }  # fmt: skip
    assert scored.falls[2].reason == "alerts is 2; it must be: alerts <= 0"
    assert np.isnan(scored.total).tolist() == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("limit", "told"),
    [("mw in 46.07..46.075", "46.069"), ("logp <= -0.0015", "-0.0014"), ("mw >= 50", "46.07")],
)
def test_a_value_that_breaks_a_limit_is_written_so_that_it_does(limit: str, told: str) -> None:
    scored = run(parse_goals(["qed max"]).with_constraints(must=[limit]), ["CCO"])
    name = limit.split(maxsplit=1)[0]
    assert scored.falls[0].reason == f"{name} is {told}; it must be: {limit}"


def test_what_cannot_reach_the_threshold_is_not_predicted() -> None:
    profile = parse_goals(["mw >= 100 * 9", "herg min"])
    scored = run(profile, ["C", "c1ccccc1CCO"], threshold=0.5)
    assert scored.falls[0].filter == "score below the threshold"
    assert scored.falls[0].reason.startswith("the score cannot exceed 0.")
    assert np.isnan(scored.raw[0]).tolist() == [False, True]
    assert 1 not in scored.falls
    assert run(profile, ["c1ccccc1CCO"], threshold=1.0).falls[0].reason.startswith("the score cannot exceed 0.")


def test_what_the_domain_brings_below_the_threshold_falls() -> None:
    profile = parse_goals(["herg min"])
    unguarded = run(profile.with_changes(guards={"domain": False}), [LABELLED]).total[0]
    guarded = run(profile, [LABELLED]).total[0]
    assert guarded < 0.6 * unguarded
    fall = run(profile, [LABELLED], threshold=float(unguarded)).falls[0]
    assert fall.filter == "score below the threshold"
    assert fall.reason == f"the score is {guarded:.4f}; {unguarded:g} is needed"


def test_what_is_below_the_floor_is_outranked_and_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = parse_goals(["heavy_atoms in 8..9 * 9", "qed max"]).with_constraints(
        must=["logp <= 5", "solubility >= -99"]
    )
    whole = run(profile, TEXTS)
    floor = float(np.nanmax(whole.total))
    described: list[str] = []
    original = properties.DescriptorProperty.evaluate

    def record(about: properties.DescriptorProperty, batch: properties.Batch) -> object:
        described.extend(batch.smiles if about.name == "qed" else [])
        return original(about, batch)

    monkeypatch.setattr(properties.DescriptorProperty, "evaluate", record)
    pruned = run(profile, TEXTS, floor=floor)
    assert pruned.falls == whole.falls
    np.testing.assert_array_equal(pruned.total, np.where(whole.total >= floor, whole.total, np.nan))
    assert len(described) < len(TEXTS) - len(whole.falls)  # a bad weight spares the molecule the rest


def test_a_salt_scores_what_its_parent_scores() -> None:
    profile = parse_goals(["herg min", "logp max", "mw max"])
    total = run(profile, ["CC(=O)Oc1ccccc1C(=O)O", "[Na+].CC(=O)Oc1ccccc1C(=O)[O-]"]).total
    assert total[0] == total[1]


def test_a_goal_that_gives_no_number_is_a_fall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "partly.py").write_text(
        "def score(smiles):\n    return [float('nan') if text == 'CCO' else 0.5 for text in smiles]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    scored = run(parse_goals(["partly:score max"]).with_changes(guards=Guards.off().model_dump()), TEXTS)
    assert scored.falls[0].filter == "no score"
    assert scored.falls[0].reason.startswith("partly:score")
    assert scored.total[1:].tolist() == [0.5] * 4


def test_standard_forms_share_a_key() -> None:
    alike = ["CC(=O)O", "OC(C)=O", "CC(=O)[O-].[Na+]", "[Na+].CC(=O)[O-]"]
    assert len({hash_molecule(read(text).mol) for text in alike}) == 1
    differing = ["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CC(N)C(=O)O", "[2H]CC(N)C(=O)O", "*C"]
    assert len({hash_molecule(read(text).mol) for text in differing}) == 5


def test_blocks_without_a_structure() -> None:
    for block in ("", "name\n\n\nnonsense", "\n\n\n  0  0  0  0  0  0            999 V2000\nM  END"):
        assert isinstance(read_molecule(block, is_block=True), Fall)


def test_markers_tell_row_and_time() -> None:
    mark = SharedMarker([0.0] * 4)
    mark(7)
    first = mark.read()
    FixedMarker(mark, 3)(TOGETHER, is_limited=False)
    second = mark.read()
    assert (first.row, first.is_limited, first.number) == (7, True, 1)
    assert (second.row, second.is_limited, second.number) == (3, False, 2)
    assert 0 < first.cpu_seconds <= second.cpu_seconds
