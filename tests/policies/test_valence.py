"""The filter refuses what RDKit would call a valence error, and nothing that occurs in a real molecule."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from rdkit import Chem

from moldesign.chem.smiles import parse_smiles, randomize_smiles, require_mols
from moldesign.envs.grammar import Grammar
from moldesign.envs.tokens import build_default_vocabulary
from moldesign.envs.vocabulary import END, PAD, Vocabulary, tokenize
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from moldesign.policies.sampling import make_sampling_env, sample_batch
from moldesign.policies.valence import ValenceFilter, measure_capacity

LIBRARIES = ("zinc250k/zinc250k_molopt.smi.gz", "chembl/chembl_union.csv.gz")
UNUSUAL = (
    "C[n+]1ccccc1",
    "C[S@+]([O-])c1ccccc1",
    "CS(=O)(=O)N=[N+]=[N-]",
    "c1cc[te]c1",
    "c1cc[cH-]c1",
    "FS(F)(F)(F)(F)c1ccccc1",
    "COP(=O)(O)OP(=O)(O)O",
    "O=I(=O)c1ccccc1",
    "C#CC#N",
    "C1CC12CC2",
    "c1cc2ccc3cccc4ccc(c1)c2c34",
    "[Na+].CC(=O)[O-]",
    "C=1CCCCC=1",
    "C1CCCCC=1",
    "C=1CCCCC1",
    "c1ccccc1-c1ccccc1",
    "FC(F)(F)C12CC3CC(CC(C3)C1)C2",
)


@pytest.fixture(scope="module")
def weak_policy() -> TokenPolicy:
    torch.manual_seed(0)
    return TokenPolicy(PolicySettings(len(build_default_vocabulary()), 8, 16, 1)).eval()


def find_refused(smiles: list[str], max_length: int | None = None) -> list[tuple[str, int]]:
    """Return the text and position of every refused token; by default the length limit is as tight as can be."""
    vocabulary = Vocabulary.from_tokens(token for text in smiles for token in tokenize(text))
    sequences = [vocabulary.encode(text) for text in smiles]
    lengths = np.array([len(sequence) for sequence in sequences])
    refused: list[tuple[str, int]] = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        grammar = Grammar(vocabulary, max_length or int(length))
        valence = ValenceFilter(vocabulary, grammar.max_length)
        state, free = grammar.start(len(rows)), valence.start(len(rows))
        for position, tokens in enumerate(np.stack([sequences[row] for row in rows]).T):
            fits = valence.find_fitting(state, free)[np.arange(len(rows)), tokens]
            refused += [(smiles[row], position) for row in rows[~fits]]
            valence.step(state, free, tokens)
            grammar.step(state, tokens)
    return refused


def write_at_random(grammar: Grammar, valence: ValenceFilter | None, batch: int = 256) -> list[str]:
    rng = np.random.default_rng(0)
    state, tokens = grammar.start(batch), np.zeros((batch, grammar.max_length), dtype=np.int64)
    free = valence.start(batch) if valence else None
    for position in range(grammar.max_length):
        allowed = valence.narrow(state, free) if valence else grammar.mask(state)
        tokens[:, position] = np.where(allowed, rng.random(allowed.shape), -1).argmax(1)
        if valence:
            valence.step(state, free, tokens[:, position])
        grammar.step(state, tokens[:, position])
    return [grammar.vocabulary.decode(row) for row in tokens]


def share_of_valence_errors(smiles: list[str]) -> float:
    return float(np.mean(["Explicit valence" in (error or "") for error in parse_smiles(smiles).errors]))


def find_next(text: str, alphabet: str, max_length: int = 40) -> set[str]:
    """Return the tokens of the alphabet that syntax and valence allow behind a partial SMILES."""
    vocabulary = Vocabulary.from_tokens(tokenize(alphabet))
    grammar = Grammar(vocabulary, max_length)
    valence = ValenceFilter(vocabulary, max_length)
    state, free = grammar.start(1), valence.start(1)
    for token in vocabulary.encode(text)[:-1]:
        valence.step(state, free, np.array([token]))
        grammar.step(state, np.array([token]))
    return {vocabulary.tokens[index] for index in np.flatnonzero(valence.narrow(state, free)[0])}


@pytest.mark.parametrize(
    ("token", "order", "degree"),
    [
        *(("O", 2, 2), ("N", 3, 3), ("S", 6, 6), ("[N+]", 4, 4), ("[O-]", 1, 1), ("[C@@H]", 3, 3), ("Cl", 1, 1)),
        *(("c", 4, 3), ("n", 3, 3), ("[nH]", 2, 2), ("[n+]", 4, 3), ("o", 2, 2), ("s", 6, 2), ("[n-]", 2, 2)),
    ],
)
def test_capacities_are_those_of_the_elements(token: str, order: int, degree: int) -> None:
    assert measure_capacity(token) == (order, degree)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C", {"C", "O", "F", "=", "#", "(", "1", "<end>"}),
        ("CO", {"C", "O", "F", "(", "<end>"}),  # a ring would take the bond that leads on
        ("CF", {"<end>"}),
        ("C=", {"C", "O", "1"}),
        ("C#", {"C", "1"}),
        ("C(F)(F)(F)", {"C", "O", "F", "(", "<end>"}),
        ("C=O", {"<end>"}),
        ("C1CC", {"C", "O", "=", "#", "(", "1"}),  # F would leave the ring open for ever
        ("C1C=", {"C"}),  # so would =O
        ("C=1CO", {"C", "O", "("}),  # the ring bond is double
        ("O1CC=", {"C"}),  # the oxygen cannot pay for the double ring bond, nor end the ring
        ("C1C(C", {"C", "O", "F", "=", "#", "(", ")", "1"}),
    ],
)
def test_narrows_to_what_a_chemist_would_write(text: str, expected: set[str]) -> None:
    assert find_next(text, "COF=#()1") == expected


def test_an_aromatic_atom_has_three_neighbours_at_most() -> None:
    alphabet = "cno[nH]OF=()1"
    assert find_next("c1ccc(F)", alphabet) == {"c", "n", "o", "[nH]", "O", "=", "("}
    assert find_next("c1cc(F)(n", alphabet) == {"c", "n", "o", "[nH]", "O", "=", "(", "1"}
    assert find_next("n1cc(=O)", alphabet) == {"c", "n", "o", "[nH]", "O", "("}
    assert find_next("n1cc[nH]", alphabet) == {"c", "n", "o", "[nH]", "O", "(", "1"}


def test_a_ring_is_closed_in_the_branch_that_opened_it() -> None:
    assert find_next("CC(C1CC", "COF()1") == {"C", "O", "(", "1"}  # neither ")" nor F
    assert find_next("CC(C1CC1", "COF()1") == {"C", "O", "F", "(", ")", "1"}
    assert find_next("O1CC(C", "COF()1") == {"C", "O", "F", "(", ")", "1"}  # this one was opened before the branch
    assert find_next("O1CC(C(F)(F)", "COF()1") == {"C", "O", "F", "(", ")"}
    assert find_next("C1OC(C2O", "COF()12") == {"C", "O", "("}


def test_named_drugs_pass(named_drugs: dict[str, str]) -> None:
    mols = require_mols([*named_drugs.values(), *UNUSUAL])
    rng = np.random.default_rng(0)
    texts = [*named_drugs.values(), *UNUSUAL, *map(Chem.MolToSmiles, mols)]
    texts += [randomize_smiles(mol, rng) for mol in mols for _ in range(20) if "." not in Chem.MolToSmiles(mol)]
    assert find_refused(texts) == []
    assert find_refused(texts, max_length=100) == []


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("file", LIBRARIES)
def test_library_molecules_pass(data_folder: Path, file: str) -> None:
    table = pd.read_csv(data_folder / file, sep=",", header=0 if "csv" in file else None, nrows=100_000)
    if "druglike" in table:
        table = table[table["druglike"] == 1]
    mols = require_mols(table.iloc[:, 0].sample(500, random_state=0).tolist())
    rng = np.random.default_rng(0)
    texts = [*map(Chem.MolToSmiles, mols), *(randomize_smiles(mol, rng) for mol in mols)]
    assert find_refused(texts) == []


def test_a_weak_policy_rarely_breaks_a_valence(weak_policy: TokenPolicy) -> None:
    env = make_sampling_env(build_default_vocabulary(), 60, 256)
    batch = sample_batch(weak_policy, env, torch.Generator().manual_seed(1), keep_aromaticity=False)
    assert share_of_valence_errors(batch.smiles) < 0.05


def test_random_tokens_rarely_break_a_valence() -> None:
    grammar = Grammar(build_default_vocabulary(), 60)
    valence = ValenceFilter(grammar.vocabulary, 60)
    assert share_of_valence_errors(write_at_random(grammar, None)) > 0.5
    written = write_at_random(grammar, valence)
    assert share_of_valence_errors(written) < 0.1
    # What is left are strings that the length limit forced to close their rings wherever they could.
    assert share_of_valence_errors([text for text in written if len(tokenize(text)) < 59]) == 0


def test_same_seed_same_molecules(weak_policy: TokenPolicy) -> None:
    env = make_sampling_env(build_default_vocabulary(), 40, 16)
    first, second = (sample_batch(weak_policy, env, torch.Generator().manual_seed(3)).smiles for _ in range(2))
    assert first == second


def test_a_row_of_the_batch_does_not_see_the_others() -> None:
    grammar = Grammar(build_default_vocabulary(), 30)
    valence = ValenceFilter(grammar.vocabulary, 30)
    rng = np.random.default_rng(0)
    state, free = grammar.start(8), valence.start(8)
    alone = [(grammar.start(1), valence.start(1)) for _ in range(8)]
    for _ in range(30):
        allowed = valence.narrow(state, free)
        assert all((allowed[row] == valence.narrow(*pair)[0]).all() for row, pair in enumerate(alone))
        actions = np.where(allowed, rng.random(allowed.shape), -1).argmax(1)
        for row, (row_state, row_free) in enumerate(alone):
            valence.step(row_state, row_free, actions[row : row + 1])
            grammar.step(row_state, actions[row : row + 1])
        valence.step(state, free, actions)
        grammar.step(state, actions)


def test_always_leaves_a_token_that_syntax_allows() -> None:
    grammar = Grammar(build_default_vocabulary(), 40)
    valence = ValenceFilter(grammar.vocabulary, 40)
    rng = np.random.default_rng(1)
    state, free = grammar.start(256), valence.start(256)
    for _ in range(40):
        narrowed, syntax = valence.narrow(state, free), grammar.mask(state)
        assert narrowed.any(1).all()
        assert not (narrowed & ~syntax).any()
        assert (narrowed[:, [PAD, END]] == syntax[:, [PAD, END]]).all()
        actions = np.where(narrowed, rng.random(narrowed.shape), -1).argmax(1)
        valence.step(state, free, actions)
        grammar.step(state, actions)
    assert state.ended.all()


def test_a_dead_end_falls_back_to_syntax() -> None:
    assert find_next("O=1CCO", "O=1C", max_length=8) == {"1"}
