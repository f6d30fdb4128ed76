"""Methods learn from what they are told, repeat themselves exactly, and cannot go around the count of the calls."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.pmo.cells import Protocol
from benchmarks.pmo.ledger import Ledger
from benchmarks.pmo.library import Library
from benchmarks.pmo.methods.catalog import METHODS
from benchmarks.pmo.methods.graph_ga import GraphGa, GraphGaSettings
from benchmarks.pmo.methods.method import Method, Start
from benchmarks.pmo.methods.random_library import RandomLibrary
from benchmarks.pmo.methods.reinvent import Reinvent, ReinventSettings
from benchmarks.pmo.running import PATIENCE, search
from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.errors import ObjectiveError
from tests.policies.tiny_prior import LIBRARY, make_prior
from tests.threads import one_thread  # noqa: F401  a fixture

START = Start(Library(LIBRARY), seed=3, budget=200, device="cpu")


def count_fluorine(smiles):
    """An oracle: 0.2 for each fluorine, at most 1."""
    return np.array([min(1.0, 0.2 * text.count("F")) for text in smiles])


def run(method: Method, budget: int, highest: float = 1.0) -> Ledger:
    ledger = Ledger(lambda smiles: highest * count_fluorine(smiles), Protocol(budget))
    search(method, ledger, lambda n_calls: None)
    return ledger


def make_reinvent(folder: Path, seed: int = 3, **settings) -> Reinvent:
    make_prior().save(folder)
    chosen = {"learning_rate": 0.01, "sigma": 60.0, "batch_size": 32, "replay": 8, "prior": str(folder)} | settings
    return Reinvent(START._replace(seed=seed), ReinventSettings(**chosen))


def test_every_unique_molecule_costs_one_call_and_nothing_else_does() -> None:
    ledger = Ledger(count_fluorine, Protocol(10))
    scores = ledger.score(["CF", "FC", "C(", "", "CCF", "CF"])
    assert scores.tolist() == [0.2, 0.2, 0.0, 0.0, 0.2, 0.2]
    assert list(ledger.scores) == ["CF", "CCF"]
    assert ledger.remaining == 8
    assert ledger.score(["CF"]).tolist() == [0.2]
    assert ledger.remaining == 8


def test_what_the_budget_does_not_cover_is_not_scored() -> None:
    ledger = Ledger(count_fluorine, Protocol(2))
    assert ledger.score(["CF", "CCF", "CCCF"]).tolist() == [0.2, 0.2, 0.0]
    assert (ledger.remaining, list(ledger.scores)) == (0, ["CF", "CCF"])


def test_under_the_clean_protocol_alerts_score_0_and_cost_a_call() -> None:
    ledger = Ledger(count_fluorine, Protocol(5, clean=True))
    assert ledger.score(["Fc1ccccc1", "FCC(=O)Cl"]).tolist() == [0.2, 0.0]
    assert ledger.remaining == 3


@pytest.mark.parametrize("wrong", [1.5, -0.1, float("nan")])
def test_score_outside_0_to_1_is_an_error_that_names_the_molecule(wrong: float) -> None:
    ledger = Ledger(lambda smiles: np.full(len(smiles), wrong), Protocol(5))
    with pytest.raises(ObjectiveError, match="'CCO'"):
        ledger.score(["CCO"])


def test_method_that_finds_nothing_new_ends_early() -> None:
    class Stuck:
        n_batches = 0

        def propose(self, n):
            self.n_batches += 1
            return ["CF", "C("]

        def observe(self, smiles, scores):
            assert scores.tolist() == [0.2, 0.0]

    method = Stuck()
    assert len(run(method, 100).scores) == 1
    assert method.n_batches == PATIENCE + 1


def test_ten_perfect_molecules_end_a_run() -> None:
    class Fluorines:
        n_carbons = 0

        def propose(self, n):
            self.n_carbons += 1
            return ["C" * self.n_carbons + "C(F)(F)C(F)(F)F"]

        def observe(self, smiles, scores):
            assert scores.tolist() == [1.0]

    ledger = Ledger(count_fluorine, Protocol(100))
    assert search(Fluorines(), ledger, lambda n_calls: None)
    assert len(ledger.scores) == 10


def test_random_library_gives_every_molecule_once_then_ends() -> None:
    ledger = run(RandomLibrary(START), 10_000)
    assert set(ledger.scores) == {canonicalize(mol) for mol in require_mols(LIBRARY)}
    first = [RandomLibrary(START._replace(seed=seed)).propose(200) for seed in (0, 0, 1)]
    assert first[0] == first[1] != first[2]


@pytest.mark.parametrize("name", ["random", "graph_ga"])
def test_methods_of_the_table_repeat_themselves(name: str) -> None:
    first, second = (list(run(METHODS[name].make(START), 26).scores) for _ in range(2))
    assert first == second
    assert first != list(run(METHODS[name].make(START._replace(seed=4)), 26).scores)


def test_thrifty_search_chooses_its_own_batches_within_the_budget() -> None:
    method = METHODS["thrifty"].make(START)
    first = method.propose(10_000)
    assert 0 < len(first) < 10, "the first batches of a thrifty search are small"
    method.observe(first, count_fluorine(first))
    assert len(method.propose(1)) == 1
    assert not set(first) & set(method.propose(10_000))


def test_graph_ga_improves_and_keeps_the_best() -> None:
    method = GraphGa(START, GraphGaSettings(population=30, offspring=20))
    scores = list(run(method, 300, highest=0.95).scores.values())
    assert len(scores) == 300
    assert np.mean(scores[-60:]) > np.mean(scores[:30]) + 0.2
    kept = sorted(method._population.values(), reverse=True)
    assert kept == sorted(scores, reverse=True)[:30]


def teach(method: Reinvent, n_batches: int) -> list[tuple[list[str], list[float]]]:
    """Return batches and scores; the untrained prior writes hardly a molecule, so that texts are paid for."""
    batches = []
    for _ in range(n_batches):
        written = method.propose(1_000)
        scores = count_fluorine(written)
        method.observe(written, scores)
        batches.append((written, scores.tolist()))
    return batches


def test_reinvent_learns_what_pays(tmp_path: Path) -> None:
    means = [np.mean(scores) for _, scores in teach(make_reinvent(tmp_path), 20)]
    assert np.mean(means[-4:]) > np.mean(means[:4]) + 0.2


def test_reinvent_repeats_itself(tmp_path: Path) -> None:
    first, second, other = (teach(make_reinvent(tmp_path, seed), 3) for seed in (3, 3, 4))
    assert first == second != other


def test_reinvent_remembers_the_best(tmp_path: Path) -> None:
    method = make_reinvent(tmp_path, memory=20)
    scores = {text: score for batch in teach(method, 4) for text, score in zip(*batch, strict=True)}
    assert [score for score, _ in method._memory.values()] == sorted(scores.values(), reverse=True)[:20]


def test_reinvent_of_the_table_writes_with_the_zinc_prior() -> None:
    method = METHODS["reinvent"].make(START)
    written = method.propose(64)
    assert len(written) == len(set(written)) > 50
    method.observe(written, count_fluorine(written))
    assert method.propose(64) != written
