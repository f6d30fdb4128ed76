"""Virtual screening: what is split off, how methods rank, what the figures of a target and of all targets are."""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import harness
from benchmarks import screening_enrichment as benchmark
from benchmarks.enrichment import cells as making
from benchmarks.enrichment.cells import make_cell, name_recipe
from benchmarks.enrichment.methods import METHODS, Method, Training, rank_by_nearest
from benchmarks.enrichment.resampling import METRICS, draw_stratified, measure, measure_resamples
from benchmarks.enrichment.summary import count_wins, reach_aims, summarize
from benchmarks.enrichment.targets import (
    NEAR_COPY,
    REPEATED,
    TABLES,
    EnrichmentTask,
    Part,
    TooSmallError,
    list_targets,
    load_task,
    merge_copies,
    split_task,
)
from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.predictors.train_options import TrainOptions
from scripts.readme.enrichment import render_enrichment
from tests.small_forests import small_forests  # noqa: F401  a fixture

RINGS = ("c1ccccc1", "c1ccncc1", "C1CCCCC1", "C1CCNCC1", "c1ccsc1", "c1ccoc1", "C1CCOCC1", "c1cnccn1", "c1ccc2ccccc2c1")
TAILS = ("C", "CC", "CO", "CN", "ClC", "BrC", "FC", "N#CC", "OCC", "NCC", "CC(C)", "CCC", "CSC", "CS")
ACTIVES = [f"{tail}C(=O)N{ring}" for ring in RINGS[:6] for tail in TAILS[:6]]
DECOYS = [f"{tail}S(=O)(=O)C{ring}" for ring in RINGS for tail in TAILS]


def split(seed: int = 0) -> EnrichmentTask:
    is_active = np.array([True] * len(ACTIVES) + [False] * len(DECOYS))
    return split_task("toy/target", [*ACTIVES, *DECOYS], is_active, np.random.default_rng(seed))


def test_no_scaffold_is_in_both_parts_and_half_of_the_actives_are_learned():
    task = split()
    train, test = ({murcko_scaffold(mol) for mol in require_mols(part.smiles)} for part in (task.train, task.test))
    assert not train & test
    assert task.counts["train_actives"] == len(ACTIVES) / 2
    assert task.counts["test_actives"] > 8
    assert task.counts["test_decoys"] > 0


def test_no_test_molecule_is_a_near_copy_of_a_training_molecule_of_its_class():
    task = split()
    for active in (True, False):
        bits = [
            morgan_bits(require_mols(part.select(np.flatnonzero(part.is_active == active)).smiles))
            for part in (task.test, task.train)
        ]
        assert tanimoto(*bits).max() < NEAR_COPY


def test_every_row_is_in_a_part_or_counted_as_left_out():
    task = split()
    assert sum(task.counts.values()) + sum(task.left_out.values()) == len(ACTIVES) + len(DECOYS)


def test_a_split_repeats_with_its_seed_alone():
    assert split(0).train.smiles == split(0).train.smiles
    assert split(0).train.smiles != split(1).train.smiles


def test_a_scaffold_with_most_of_the_actives_is_learned():
    series = [f"{tail}C(=O)N{RINGS[0]}" for tail in TAILS]
    others = [f"{tail}C(=O)N{ring}" for ring in RINGS[1:5] for tail in TAILS[:2]]
    is_active = np.array([True] * (len(series) + len(others)) + [False] * len(DECOYS))
    task = split_task("toy/series", [*series, *others, *DECOYS], is_active, np.random.default_rng(3))
    assert task.counts["train_actives"] == len(series)


def test_a_target_with_too_few_actives_is_refused_by_name():
    is_active = np.array([True] * 4 + [False] * len(DECOYS))
    with pytest.raises(TooSmallError, match="toy/target: "):
        split_task("toy/target", [*ACTIVES[:4], *DECOYS], is_active, np.random.default_rng(0))
    with pytest.raises(TooSmallError, match="toy/target: "):
        split_task("toy/target", DECOYS, np.zeros(len(DECOYS), bool), np.random.default_rng(0))


def test_salts_stereoisomers_and_copies_are_one_molecule_and_contradictions_are_none():
    smiles = ["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CC(N)C(=O)[O-].[Na+]", "c1ccccc1O", "Oc1ccccc1", "CCO", "bad"]
    part, left_out = merge_copies(smiles, np.array([True, True, True, True, False, False, False]))
    assert (part.smiles, part.is_active.tolist()) == (["C[C@H](N)C(=O)O", "CCO"], [True, False])
    assert left_out == {"unreadable": 1, "copies": 3, "both active and decoy": 1}


def test_resampled_figures_equal_those_of_the_drawn_molecules_written_out():
    rng = np.random.default_rng(0)
    is_active = rng.random(60) < 0.2
    scores = (rng.normal(size=60) + is_active).round(1)  # so that many are tied
    weights = draw_stratified(is_active, 20, seed=1)
    figures = measure_resamples(is_active, scores, weights)
    for number, drawn in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(60), drawn)
        expected = {name: metric(is_active[rows], scores[rows]) for name, metric in METRICS.items()}
        assert {name: values[number] for name, values in figures.items()} == pytest.approx(expected)


def test_resamples_keep_the_number_of_actives_and_of_decoys():
    is_active = np.array([True] * 5 + [False] * 20)
    weights = draw_stratified(is_active, 50, seed=0)
    assert (weights[:, :5].sum(axis=1) == 5).all()
    assert (weights[:, 5:].sum(axis=1) == 20).all()


def test_the_nearest_active_ranks_its_analogues_first():
    train = Part(["CC(=O)Nc1ccccc1", "CCCCCC"], np.array([True, False]))
    task = EnrichmentTask("toy", train, Part(["CCCCCCC", "CC(=O)Nc1ccccc1C"], np.array([False, True])), {})
    scores = rank_by_nearest(task, 0)
    assert scores[1] > 0.5 > scores[0]


def test_a_random_order_has_the_expected_figures():
    task = split()
    figures = measure(task.test.is_active, METHODS["random"].rank(task, 0))
    assert [figures[name] for name in ("EF 0.5 %", "EF 1 %", "EF 5 %", "AUROC")] == pytest.approx([1, 1, 1, 0.5])


@pytest.mark.parametrize("method", ["forest", "properties"])
def test_forests_find_actives_that_look_unlike_decoys(method):
    task = split()
    assert measure(task.test.is_active, METHODS[method].rank(task, 0))["AUROC"] > 0.7


def test_ours_is_trained_on_a_table_and_ranks_every_test_molecule():
    task = split()
    training = Training(TrainOptions(start=None, n_networks=1, n_epochs=1, split="random"))
    with_forest, alone = training.rank(task, 0), training.rank_by_networks(task, 0)
    assert with_forest.shape == alone.shape == (len(task.test.smiles),)
    assert np.isfinite(with_forest).all()
    assert (with_forest != alone).any()


@pytest.fixture
def fake_methods(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Ours ranks perfectly, its baselines know nothing; counts how often each is asked."""
    asked: dict[str, int] = {}

    def make(name: str) -> Method:
        def rank(task: EnrichmentTask, seed: int) -> np.ndarray:
            asked[name] = asked.get(name, 0) + 1
            return task.test.is_active.astype(float) * (name == "moldesign")

        return Method(rank, name, f"fake {name}")

    monkeypatch.setattr(making, "METHODS", {name: make(name) for name in METHODS})
    return asked


def test_a_cell_compares_ours_with_every_baseline(fake_methods, tmp_path):
    cell = make_cell(split(), tmp_path, 0, list(METHODS))
    n_active, n_decoys = cell["counts"]["test_actives"], cell["counts"]["test_decoys"]
    assert cell["figures"]["moldesign"]["AUROC"] == [1, 1, 1]
    assert cell["figures"]["moldesign"]["EF 1 %"][0] == pytest.approx((n_active + n_decoys) / n_active, rel=1e-3)
    assert cell["gains"]["best baseline"]["AUROC"] == [0.5, 0.5, 0.5]
    assert set(cell["gains"]) == {"nearest", "forest", "properties", "best baseline"}


def test_what_was_scored_is_not_scored_again_unless_the_method_changes(fake_methods, tmp_path, monkeypatch):
    first = make_cell(split(), tmp_path, 0, ["moldesign", "forest"])
    assert make_cell(split(), tmp_path, 0, ["moldesign", "forest"])["figures"] == first["figures"]
    assert fake_methods == {"moldesign": 1, "forest": 1}
    changed = making.METHODS["forest"]._replace(recipe="other settings")
    monkeypatch.setitem(making.METHODS, "forest", changed)
    assert make_cell(split(), tmp_path, 0, ["moldesign", "forest"])["recipe"] != first["recipe"]
    assert fake_methods == {"moldesign": 1, "forest": 2}


def test_a_recipe_names_seed_and_methods():
    assert name_recipe(0, ["forest"]) != name_recipe(1, ["forest"])
    assert name_recipe(0, ["forest"]) != name_recipe(0, ["nearest"])


def test_the_summary_counts_targets_and_states_the_aims(fake_methods, tmp_path):
    cell = make_cell(split(), tmp_path, 0, list(METHODS))
    worse = cell | {"gains": {rival: {name: [-1.0, -2.0, -0.5] for name in METRICS} for rival in cell["gains"]}}
    summary = summarize({"dud/a": cell, "dud/b": cell, "muv/c": worse}, list(METHODS), 0, "moldesign")
    assert summary["at_ceiling"] == 0  # ours is perfect everywhere, and no baseline is
    assert summary["targets_by_set"] == {"dud": 2, "muv": 1}
    assert summary["wins"]["forest"]["EF 1 %"] == {
        "n": 3,
        "at_least_as_good": 2,
        "surely_better": 2,
        "surely_worse": 1,
    }
    assert all(summary["aims"].values())
    lost = count_wins({"dud/a": cell, "muv/c": worse, "muv/d": worse})
    assert not any(list(reach_aims(summary["means"], lost, "moldesign").values())[:2])


def test_targets_of_all_sets_come_in_turn_and_each_protein_once(tmp_path):
    for short, table in TABLES.items():
        names = ["hivrt", "zz"] if short in ("dude_plus", "dud") else ["a", "b"]
        pd.DataFrame({"target": names, "active": 1, "smiles": "C", "id": ""}).to_csv(tmp_path / table, index=False)
    assert list_targets(tmp_path)[:4] == ["dude/a", "dude_plus/hivrt", "dud/zz", "muv/a"]
    assert not set(list_targets(tmp_path)) & REPEATED


def test_a_real_target_is_split(data_folder):
    task = load_task(Path(data_folder, "vs"), "dud/parp", 0)
    assert task.counts["train_actives"] + task.counts["test_actives"] <= 31
    assert task.counts["train_decoys"] == 300


def make_result(cell: dict, tmp_path: Path) -> dict:
    """Return a result of three targets, one of which is lost, as JSON holds it."""
    worse = cell | {"gains": {rival: {name: [-1.0, -2.0, -0.5] for name in METRICS} for rival in cell["gains"]}}
    cells = {"dud/a": cell, "dud/b": cell, "muv/c": worse}
    options = argparse.Namespace(data=tmp_path, methods=list(METHODS), seed=0)
    (tmp_path / "vs").mkdir()
    for table in TABLES.values():
        pd.DataFrame({"target": ["late"], "active": 1, "smiles": "C", "id": ""}).to_csv(tmp_path / "vs" / table)
    benchmark.write_cells(cells, {"dud/tiny": "dud/tiny: 3 actives"}, options)
    return json.loads((tmp_path / f"{benchmark.NAME}.json").read_text())


@pytest.fixture
def result(fake_methods, tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    return make_result(make_cell(split(), tmp_path, 0, list(METHODS)), tmp_path)


def test_the_table_says_who_wins_where_and_what_is_missing(result):
    text = render_enrichment(result)
    assert re.search(r"^\| moldesign \|.*\| \*\*1\.00\*\* \(1\.00 to 1\.00\) \|$", text, re.MULTILINE)
    assert "| DUD, 2 targets |" in text
    assert "| best baseline | 2 of 3 (2, 1) |" in text
    assert "* Reached: as good as the best baseline of each target on two thirds of the targets." in text
    assert "* Not measured yet: dude/late, dude_plus/late, dud/late, muv/late." in text
    assert "* Not measured: dud/tiny: 3 actives." in text


def test_an_interrupted_benchmark_goes_on(result):
    cells, too_small = benchmark.read_cells(0, list(METHODS))
    assert list(cells) == ["dud/a", "dud/b", "muv/c"]
    assert list(too_small) == ["dud/tiny"]
    assert benchmark.read_cells(1, list(METHODS)) == ({}, {})


def test_a_target_of_the_tuning_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--data", str(tmp_path), "--targets", benchmark.TUNING[0]])
    assert "settings were chosen on dude/rock1" in capsys.readouterr().err
