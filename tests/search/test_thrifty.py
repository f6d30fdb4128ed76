"""The thrifty search: proposes new molecules, learns, climbs, and goes on from where it was."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.errors import InvalidSmilesError, ObjectiveError
from moldesign.search.acquisition import AcquisitionSettings
from moldesign.search.coverage import find_paths
from moldesign.search.encoding import encode
from moldesign.search.surrogate import SurrogateSettings
from moldesign.search.thrifty import ThriftySearch, ThriftySettings
from tests.search.odd_molecules import DRUGS

SMALL = ThriftySettings(
    n_first=6,
    library_draw=40,
    library_growth=10,
    shortlist=20,
    acquisition=AcquisitionSettings(generations=2, n_children=20),
)


@pytest.fixture(scope="module")
def library(crowd):
    return list(crowd)


def resemble(target):
    generator = rdFingerprintGenerator.GetAtomPairGenerator()
    reference = generator.GetCountFingerprint(Chem.MolFromSmiles(target))

    def score(smiles):
        found = (generator.GetCountFingerprint(mol) for mol in require_mols(smiles))
        return [DataStructs.TanimotoSimilarity(reference, fingerprint) for fingerprint in found]

    return score


def run(search, score, n_rounds, n=None):
    proposals = []
    for _ in range(n_rounds):
        proposals.append(search.propose(n))
        search.observe(proposals[-1], score(proposals[-1]))
    return proposals


def flatten(batches):
    return [smiles for batch in batches for smiles in batch]


def test_start_molecules_come_first_then_the_library(library):
    search = ThriftySearch(library, start=["OCC", "c1ccccc1C"], settings=SMALL)
    first = flatten([search.propose(3), search.propose(3), search.propose(3)])
    assert first[:2] == ["CCO", "Cc1ccccc1"]
    assert len(first) == 8
    assert set(first[2:]) <= set(library)


def test_nothing_is_proposed_twice_and_all_is_canonical(library):
    search = ThriftySearch(library, settings=SMALL)
    proposed = flatten(run(search, resemble(DRUGS[8]), 6, 4))
    assert len(proposed) == len(set(proposed)) >= 20
    assert [canonicalize(mol) for mol in require_mols(proposed)] == proposed
    assert list(search.scores) == proposed


def test_what_it_proposes_becomes_better_than_nearly_all_of_the_library(library):
    search, score = ThriftySearch(library, settings=SMALL), resemble("CCN(CC)CC(=O)Nc1c(C)cccc1C")  # lidocaine
    run(search, score, 16, 4)
    scores = list(search.scores.values())
    assert np.mean(scores[-20:]) > np.quantile(score(library), 0.9)
    assert max(scores) > 1.5 * max(scores[: SMALL.n_first])


def test_the_same_seed_proposes_the_same(library):
    first, again, other = (
        run(ThriftySearch(library, seed=seed, settings=SMALL), resemble(DRUGS[1]), 6) for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize("n_before", [1, 6])
def test_a_resumed_search_goes_on_as_if_nothing_had_happened(library, n_before):
    score, settings = resemble(DRUGS[8]), replace(SMALL, surrogate=SurrogateSettings(minimum=10))
    whole = ThriftySearch(library, seed=2, settings=settings)
    run(whole, score, n_before)
    text = json.dumps(whole.state_dict())
    resumed = ThriftySearch(library, seed=2, settings=settings)
    resumed.load_state_dict(json.loads(text))
    assert run(resumed, score, 3) == run(whole, score, 3)
    assert resumed.scores == whole.scores
    with pytest.raises(ValueError, match="newly made"):
        resumed.load_state_dict(json.loads(text))


def test_candidates_from_elsewhere_compete(library):
    search = ThriftySearch(library, settings=replace(SMALL, acquisition=AcquisitionSettings(generations=0)))
    target = "CC(=O)Nc1ccc(O)cc1"
    search.observe([target, *library[:20]], [1.0] + [0.0] * 20)
    search.propose(6)
    neighbor = "CC(=O)Nc1ccc(O)c(C)c1"
    proposed = search.propose(4, extra=["no molecule", "Cc1cc(NC(C)=O)ccc1O", neighbor, target])
    assert neighbor in proposed
    assert target not in proposed


def test_molecules_of_others_are_learnt_from(library):
    search = ThriftySearch(library, settings=SMALL)
    search.observe(["OCC", "CCO", "CCN"], [0.3, 0.9, 0.5])
    assert search.scores == {"CCO": 0.3, "CCN": 0.5}
    search.observe(["CCO"], [0.9])
    assert search.scores["CCO"] == 0.3
    assert len(search.surrogate) == len(search) == 2


def test_what_could_not_be_scored_is_not_asked_again(library):
    search = ThriftySearch(library, settings=SMALL)
    search.observe(library, [math.nan] * len(library))
    assert len(search) == 0
    assert search.propose(4) == []  # nothing is known to breed from
    search.observe([DRUGS[0]], [0.5])
    proposed = search.propose(4)
    assert len(proposed) == 4
    assert not set(proposed) & set(library)


def test_where_all_scores_are_the_same_ordinary_molecules_are_tried(library):
    search = ThriftySearch(library, settings=SMALL)
    run(search, lambda smiles: [0.0] * len(smiles), 4)
    assert search.is_blind
    assert search.batch_size == SMALL.n_first
    proposed = search.propose()
    assert len(proposed) == SMALL.n_first
    assert len(set(proposed) & set(library)) >= SMALL.n_first // 2
    assert not set(proposed) & set(search.scores)
    search.observe(proposed, [0.0, *[0.1] * (SMALL.n_first - 1)])
    assert not search.is_blind
    assert search.batch_size == SMALL.batch_sizes[0][1]


def allow_nitrogen(smiles):
    """A ceiling of 0, 0.5 or 1, by the nitrogens of a molecule."""
    return np.array([min(text.upper().count("N"), 2) / 2 for text in smiles])


def test_what_is_known_beforehand_is_neither_asked_for_nor_learnt(library):
    score = resemble(DRUGS[8])

    def limit(smiles):
        return (np.array(score(smiles)) * allow_nitrogen(smiles)).tolist()

    search = ThriftySearch(library, settings=SMALL, ceiling=allow_nitrogen)
    proposed = flatten(run(search, limit, 8, 4))
    assert np.mean(allow_nitrogen(library)) < 0.8
    assert set(allow_nitrogen(proposed)) == {1.0}
    assert len(search.surrogate) == len(search) == len(proposed)
    search.observe(["CCCCO", "CCCCN"], limit(["CCCCO", "CCCCN"]))
    assert len(search) == len(search.surrogate) + 1, "of what can only be 0 nothing is learnt"
    belief = search.surrogate.predict(encode(require_mols(["CCCCN"])))
    assert belief.mean[0] == pytest.approx(score(["CCCCN"])[0], abs=0.02)


def test_first_molecules_can_score_highest(library):
    search = ThriftySearch(library, settings=SMALL, ceiling=lambda smiles: np.array([len(t) / 200 for t in smiles]))
    lengths = [len(text) for text in search.propose(SMALL.n_first)]
    assert len(lengths) == SMALL.n_first
    assert min(lengths) > np.quantile([len(text) for text in library], 0.6)


def test_a_resumed_search_knows_what_was_known_beforehand(library):
    noise = np.random.default_rng(0)

    def tremble(smiles):  # as a network does, whose last bits depend on what else is in the batch
        return allow_nitrogen(smiles) * (1 - 1e-6 * noise.random(len(smiles)))

    score = resemble(DRUGS[8])
    whole = ThriftySearch(library, seed=2, settings=SMALL, ceiling=tremble)
    run(whole, score, 5)
    state = json.loads(json.dumps(whole.state_dict()))
    resumed = ThriftySearch(library, seed=2, settings=SMALL, ceiling=tremble)
    resumed.load_state_dict(state)
    assert json.loads(json.dumps(resumed.state_dict())) == state
    assert resumed.propose(0) == whole.propose(0) == []
    named = list(whole.scores)
    belief = [search.surrogate.predict(encode(require_mols(named))) for search in (whole, resumed)]
    np.testing.assert_array_equal(*belief)


def test_where_the_dear_part_is_always_the_same_the_cheap_one_decides(library):
    search = ThriftySearch(library, settings=SMALL, ceiling=allow_nitrogen)
    run(search, lambda smiles: [0.0] * len(smiles), 4)
    assert search.is_blind
    assert set(allow_nitrogen([text for text in search.propose() if text in set(library)])) == {1.0}


def test_scores_that_are_as_good_as_the_same_are_the_same(library):
    search = ThriftySearch(library, settings=SMALL)
    first = search.propose(SMALL.n_first)
    search.observe(first, [0.3 + 1e-15 * place for place in range(len(first))])
    assert search.is_blind


def test_tiny_scores_tell_the_way(library):
    """A product of narrow wishes: nothing is above 1e-6 at first, and a surrogate of the bare scores would see 0."""
    target = resemble("CCN(CC)CC(=O)Nc1c(C)cccc1C")

    def score(smiles):
        return [value**12 if "N" in text else 0.0 for text, value in zip(smiles, target(smiles), strict=True)]

    search = ThriftySearch(library, settings=SMALL)
    first = search.propose(SMALL.n_first)
    search.observe(first, score(first))
    start = max(search.scores.values())
    assert 0 < start < 1e-6
    assert not search.is_blind
    names = list(search.scores)
    mean = search.surrogate.predict(encode(require_mols(names))).mean
    assert mean.max() == pytest.approx(search.settings.fair_score, abs=0.01)
    assert names[int(mean.argmax())] == max(search.scores, key=search.scores.get)
    run(search, score, 25, 4)
    assert max(search.scores.values()) > 10 * start


@pytest.mark.parametrize(("best", "scale"), [(0.5, 1.0), (0.1, 1.0), (0.02, 0.2), (1e-9, 0.02), (0.0, 0.02)])
def test_beside_low_scores_exploration_weighs_less(library, best, scale):
    search = ThriftySearch(library, settings=SMALL)
    search.observe(library[:2], [0.0, best])
    low, high = search.settings.acquisition.log10_beta
    assert search._acquisition.log10_beta == pytest.approx((low + np.log10(scale), high + np.log10(scale)))


def test_low_scores_are_climbed_from(library):
    target = resemble("CCN(CC)CC(=O)Nc1c(C)cccc1C")

    def score(smiles):
        return [0.02 * value for value in target(smiles)]

    search = ThriftySearch(library, settings=SMALL)
    run(search, score, 12, 4)
    odd = ThriftySearch(library, settings=replace(SMALL, fair_score=1e-9))
    run(odd, score, 12, 4)
    assert max(search.scores.values()) > max(odd.scores.values())


def test_no_more_of_a_kind_than_is_wanted(library):
    """Six molecules with a nitrogen are enough: then only others are proposed, and they are the parents."""
    found: list[str] = []
    score = resemble("CCN(CC)CC(=O)Nc1c(C)cccc1C")
    search = ThriftySearch(library, settings=SMALL, is_spent=lambda text: "N" in text and len(found) >= 6)
    for _ in range(8):
        proposed = search.propose(4)
        assert proposed
        if len(found) >= 6 and len(search) > SMALL.n_first:
            assert not any("N" in text for text in proposed)
        found += [text for text in proposed if "N" in text]
        scores = score(proposed)
        search.observe(
            proposed, scores, [0.0 if "N" in text else one for text, one in zip(proposed, scores, strict=True)]
        )
    assert len(found) >= 6


def test_where_the_library_is_used_up_children_are_tried():
    search = ThriftySearch(DRUGS[:7], settings=SMALL)
    proposals = run(search, lambda smiles: [0.0] * len(smiles), 6)
    assert all(len(batch) >= SMALL.n_first // 2 for batch in proposals[2:])
    assert len(set(flatten(proposals))) == len(flatten(proposals)) > len(DRUGS[:7])


@pytest.mark.parametrize("bad", [1.5, -0.1, math.inf])
def test_scores_out_of_range_are_refused(library, bad):
    search = ThriftySearch(library, settings=SMALL)
    with pytest.raises(ObjectiveError, match="row 1: 'CCN' has the score"):
        search.observe(["CCO", "CCN"], [0.5, bad])
    with pytest.raises(ObjectiveError, match="1 scores for 2 molecules"):
        search.observe(["CCO", "CCN"], [0.5])
    with pytest.raises(InvalidSmilesError, match="row 0"):
        search.observe(["C(C"], [0.5])
    assert len(search) == 0


def test_nothing_to_begin_with_is_refused(library):
    with pytest.raises(ValueError, match="give a library or start molecules"):
        ThriftySearch([])
    with pytest.raises(InvalidSmilesError, match="row 0"):
        ThriftySearch(library, start=["C(C"])
    with pytest.raises(TypeError, match="pass a list"):
        ThriftySearch("CCO")


def test_start_molecules_alone_suffice():
    search = ThriftySearch([], start=[DRUGS[0]], settings=SMALL)
    proposals = run(search, resemble(DRUGS[2]), 4)
    assert proposals[0] == [canonicalize(require_mols([DRUGS[0]])[0])]
    assert all(len(batch) == SMALL.batch_sizes[0][1] for batch in proposals[1:])


def test_batches_grow_with_the_number_of_calls(library):
    search = ThriftySearch(library, settings=ThriftySettings(batch_sizes=((0, 2), (5, 4))))
    assert search.batch_size == 2
    search.observe(library[:5], [0.1] * 5)
    assert search.batch_size == 4


def test_it_becomes_restless_and_calms_down(library):
    search = ThriftySearch(library, settings=ThriftySettings(patience=10, most_restless=2))
    levels = []
    for start in range(0, 50, 5):
        search.observe(library[start : start + 5], [0.2] * 5)
        levels.append(search.restlessness)
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, 2)
    usual, restless = AcquisitionSettings(), search._acquisition
    assert restless.generations == 3 * usual.generations
    assert restless.log10_beta == (usual.log10_beta[0] + 1, usual.log10_beta[1] + 1)
    search.observe(library[60:70], [0.9] * 10)
    assert search.restlessness == 0
    assert np.mean(sorted(search.scores.values())[-10:]) == pytest.approx(0.9)
    search.observe(library[70:80], [1.0] * 10)
    search.observe(library[80:110], [0.2] * 30)
    assert search.restlessness == 0, "nothing better is possible"


def test_where_scores_tell_nothing_new_pieces_are_tried(library):
    """Of the pieces of all library molecules, a blind search has tried more than the same number of random ones has."""
    search = ThriftySearch(library, settings=replace(SMALL, library_draw=len(library), coverage_draw=len(library)))
    run(search, lambda smiles: [0.0] * len(smiles), 2, SMALL.n_first)

    def count_pieces(smiles):
        return len({path for mol in require_mols(smiles) for path in find_paths(mol).tolist()})

    chosen = list(search.scores)[SMALL.n_first :]
    others = [text for text in search._library.smiles if text not in search.scores]
    rng = np.random.default_rng(0)
    at_random = [count_pieces(rng.permutation(others)[: len(chosen)].tolist()) for _ in range(20)]
    assert count_pieces(chosen) > max(at_random)


def test_where_scores_tell_nothing_molecules_from_outside_have_a_chance(library):
    search = ThriftySearch(library, settings=SMALL)
    run(search, lambda smiles: [0.0] * len(smiles), 1, SMALL.n_first)
    outside = "CCCCC(=O)N(Cc1ccc(-c2ccncc2)cc1)C(C)C(=O)OCc1ccco1"
    assert outside in [canonicalize(mol) for mol in require_mols(search.propose(30, extra=["no molecule", outside]))]
