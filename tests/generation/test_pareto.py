import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from moldesign.errors import RunFolderError
from moldesign.generation import pareto
from moldesign.generation.pareto import ParetoFront, measure_hypervolume, write_front
from moldesign.objectives.oracle import Oracle, ScoredMolecule
from moldesign.objectives.profile import parse_goals
from tests.generation.test_loop import assert_same_run, interrupt_after
from tests.generation.tiny_run import BUDGET, make_profile, run_tiny

STEPS = 4
ON_A_GRID = st.integers(1, 4).flatmap(
    lambda n_goals: arrays(np.int64, st.tuples(st.integers(0, 12), st.just(n_goals)), elements=st.integers(0, STEPS))
)


def make_molecule(call: int, terms: tuple[float, ...]) -> ScoredMolecule:
    total = float(np.mean(terms))
    return ScoredMolecule(call, "C" * call, total, terms, terms, terms, (True,) * len(terms), "policy", 0.0)


def make_molecules(points: NDArray[np.float64]) -> list[ScoredMolecule]:
    return [make_molecule(call, tuple(point)) for call, point in enumerate(points.tolist(), start=1)]


def find_front(points: NDArray[np.float64]) -> ParetoFront:
    front = ParetoFront([1.0] * points.shape[1])
    front.take_in(make_molecules(points))
    return front


def is_dominated(point: NDArray[np.float64], points: NDArray[np.float64]) -> bool:
    return any((other >= point).all() and (other > point).any() for other in points)


def count_volume(points: NDArray[np.int64]) -> float:
    """Count the cells of the grid that lie below some point."""
    cells = list(product(range(STEPS), repeat=points.shape[1]))
    return sum(any((point > cell).all() for point in points) for cell in cells) / len(cells)


@given(ON_A_GRID)
def test_the_front_is_what_nothing_dominates(points: NDArray[np.int64]) -> None:
    kept = {molecule.call for molecule in find_front(points / STEPS).molecules}
    assert kept == {row + 1 for row, point in enumerate(points) if not is_dominated(point, points)}


@given(ON_A_GRID)
def test_the_hypervolume_is_what_lies_below(points: NDArray[np.int64]) -> None:
    assert measure_hypervolume(points / STEPS) == pytest.approx(count_volume(points), abs=1e-12)
    assert find_front(points / STEPS).hypervolume == pytest.approx(count_volume(points), abs=1e-12)


@given(ON_A_GRID, st.integers(0, 12))
def test_the_parts_in_which_molecules_come_make_no_difference(points: NDArray[np.int64], n_first: int) -> None:
    whole, parts = find_front(points / STEPS), ParetoFront([1.0] * points.shape[1])
    molecules = make_molecules(points / STEPS)
    parts.take_in(molecules[n_first:])
    before = parts.hypervolume
    parts.take_in(molecules[:n_first])
    assert parts.molecules == whole.molecules
    assert parts.hypervolume == whole.hypervolume >= before


def test_the_best_total_comes_first_and_equals_stay_together() -> None:
    points = np.array([[0.2, 0.9], [0.9, 0.6], [0.1, 0.1], [0.9, 0.6]])
    assert [molecule.call for molecule in find_front(points).molecules] == [2, 4, 1]


def test_what_the_guards_take_counts() -> None:
    inside, outside = make_molecule(1, (0.5, 0.5)), make_molecule(2, (0.9, 0.9))
    front = find_front(np.array([[0.5, 0.5]]))
    front.take_in([outside._replace(total=0.45, discount=0.5)])
    assert [molecule.call for molecule in front.molecules] == [inside.call]
    assert front.hypervolume == pytest.approx(0.25)
    front.take_in([outside._replace(discount=0.75)])
    assert [molecule.call for molecule in front.molecules] == [outside.call]
    assert front.hypervolume == pytest.approx((0.75 * 0.9) ** 2)


def test_what_breaks_a_limit_or_has_no_value_is_not_compared() -> None:
    front = ParetoFront([1.0, 2.0, 0.0])
    terms = [(1.0, 1.0, 0.0), (1.0, float("nan"), 1.0), (0.5, 0.5, float("nan")), (0.5, 0.25, 1.0)]
    front.take_in(make_molecule(call, scores) for call, scores in enumerate(terms, start=1))
    assert [molecule.call for molecule in front.molecules] == [4]
    assert front.hypervolume == 0.125


def test_without_a_molecule_there_is_no_volume() -> None:
    front = ParetoFront([1.0, 1.0])
    front.take_in([])
    assert (front.molecules, front.hypervolume) == ([], 0.0)
    assert measure_hypervolume(np.array([[0.0, 1.0]])) == 0.0


def test_a_goal_that_all_meet_equally_is_a_factor() -> None:
    points = np.random.default_rng(0).random((20, 3))
    same = np.column_stack([points, np.full((20, 5), 0.5)])
    assert measure_hypervolume(same) == pytest.approx(measure_hypervolume(points) / 32, rel=1e-12)
    assert measure_hypervolume(np.full((9, 10), 0.5)) == 0.5**10


@pytest.mark.parametrize("n_goals", [3, 5, 7])
def test_the_estimate_is_near_the_exact_volume(monkeypatch: pytest.MonkeyPatch, n_goals: int) -> None:
    points = np.random.default_rng(1).dirichlet(np.ones(n_goals), 60) ** 0.5
    exact = measure_hypervolume(points)
    uniform = np.random.default_rng(2).random((200_000, n_goals))
    inside = np.zeros(len(uniform), dtype=bool)
    for point in points:
        inside |= (uniform <= point).all(axis=1)
    assert exact == pytest.approx(inside.mean(), abs=4 * inside.std() / len(uniform) ** 0.5)
    monkeypatch.setattr(pareto, "MAX_EXACT_WORK", 0)
    estimate = measure_hypervolume(points)
    assert estimate == pytest.approx(exact, rel=2e-3)
    assert (estimate == exact) is (n_goals <= 4)


def test_a_large_front_of_many_goals_takes_no_time() -> None:
    points = np.random.default_rng(3).dirichlet(np.ones(9), 3_000) ** 0.5
    assert 0 < measure_hypervolume(points) < 1


def test_the_table_has_the_columns_of_the_hits(known_drugs: None, tmp_path: Path) -> None:
    profile = parse_goals(["mw >= 200", "tpsa <= 10"])
    oracle = Oracle(profile, budget=10)
    oracle.score(["CCCCCCCCCCCCCC", "CC(=O)Nc1ccc(O)cc1", "NCC(=O)NCC(=O)NCC(=O)NCC(=O)O", "Brc1ccc(I)cc1"])
    frame = write_front(tmp_path, oracle.history, profile)
    table = pd.read_csv(tmp_path / "pareto.csv")
    assert table["smiles"].tolist() == ["Brc1ccc(I)cc1"]
    assert list(table.columns) == list(frame.columns)
    assert {"rank", "score", "mw", "mw_score", "tpsa_score", "scaffold", "cluster", "call"} <= set(table.columns)
    with pytest.raises(RunFolderError, match=r"pareto\.csv: cannot be written .*kept: go on with --resume"):
        write_front(tmp_path / "gone", oracle.history, profile)


def test_a_run_follows_its_front_also_when_it_is_resumed(tiny_prior: Path, tmp_path: Path) -> None:
    profile = make_profile().with_changes(pareto=True, guards={"unseen": 1.0})  # its table does not show them
    whole = run_tiny(tiny_prior, tmp_path / "whole", profile=profile)
    run_tiny(tiny_prior, tmp_path / "parts", profile=profile, on_progress=interrupt_after(3), checkpoint_seconds=0.0)
    parts = run_tiny(tiny_prior, tmp_path / "parts", profile=profile, resume=True)
    assert_same_run(parts, whole)
    assert (parts.run_dir / "pareto.csv").read_bytes() == (whole.run_dir / "pareto.csv").read_bytes()
    metrics = [json.loads(line) for line in (whole.run_dir / "metrics.jsonl").read_text().splitlines()]
    volumes = [row["hypervolume"] for row in metrics]
    assert volumes == sorted(volumes)
    table = pd.read_csv(whole.run_dir / "pareto.csv")
    points = table[["qed_score", "mw_score"]].to_numpy()
    assert volumes[-1] == pytest.approx(measure_hypervolume(points), rel=1e-5)
    assert not any(is_dominated(point, points) for point in points)
    assert set(whole.frame["smiles"][:1]) <= set(table["smiles"])


def test_without_the_wish_there_is_no_front(tiny_prior: Path, tmp_path: Path) -> None:
    run_tiny(tiny_prior, tmp_path, budget=BUDGET // 4)
    assert not (tmp_path / "pareto.csv").exists()
    assert "hypervolume" not in (tmp_path / "metrics.jsonl").read_text()
