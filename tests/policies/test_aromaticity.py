"""The filter ends no string without a Kekulé form, and refuses nothing that RDKit reads in its own way of writing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from moldesign.chem.smiles import find_valid, parse_smiles, randomize_smiles, require_mols
from moldesign.envs.grammar import Grammar
from moldesign.envs.vocabulary import END, PAD, Vocabulary, tokenize
from moldesign.policies.aromaticity import AromaticityFilter
from moldesign.policies.valence import ValenceFilter
from tests.policies.test_valence import LIBRARIES, UNUSUAL

HETEROCYCLES = (
    "Cn1c(=O)c2[nH]cnc2n(C)c1=O",
    "O=c1cc[nH]cc1",
    "c1ccc2c(c1)[nH]c1ccccc12",
    "c1ccc2c(c1)ncn2-c1ccncc1",
    "C[n+]1cccc2ccccc21",
    "[O-][n+]1ccccc1",
    "c1cn2ccnc2s1",
    "O=c1cccccc1O",
    "c1ccc-2c(c1)-c1cccc3cccc-2c13",
    "c1ccc2cccc-2cc1",
    "O=C1c2ccccc2-c2ccccc21",
    "c1ccccc1c1ccccc1",
    "c1ccc2c(c1)=NC1(CC1)N=2",
    "C/C=c1/[nH]c(=O)/c(=C/c2ccccc2)[nH]c1=O",
    "c1cc[n-]c1.[Na+]",
    "[H]n1cccc1",
)
UNREADABLE = (
    "c1cccc1",
    "c1ccnn1",
    "c1ccccc1=O",
    "c1ccc[nH]c1",
    "Cc1ccnc2c1cnc2",
    "c1cccc1c1cccc1",
    "c1ccc2c(c1)cccc2=N",
    "CcC",
    "cc1ccccc1",
    "C1cccC1c",
    "c1ccccc1.c1cccc1",
)


def find_refused(text: str, vocabulary: Vocabulary | None = None) -> int | None:
    """Return the position of the first token that is refused, END being the last; None if there is none."""
    vocabulary = vocabulary or Vocabulary.from_tokens(tokenize(text))
    aromaticity = AromaticityFilter(vocabulary, len(text) + 1)
    forms = aromaticity.start(1)
    tokens = vocabulary.encode(text).tolist()
    return next((place for place, token in enumerate(tokens) if not aromaticity.take(forms, [token])[0]), None)


def find_next(text: str, alphabet: str) -> set[str]:
    """Return the tokens of the alphabet, and "<end>", that are taken behind a partial SMILES."""
    vocabulary = Vocabulary.from_tokens([*tokenize(alphabet + text), "(", ")"])
    aromaticity = AromaticityFilter(vocabulary, 60)
    before = [vocabulary.tokens.index(token) for token in tokenize(text)]

    def is_taken(token: str) -> bool:
        forms = aromaticity.start(1)
        assert all(aromaticity.take(forms, [earlier])[0] for earlier in before)
        return bool(aromaticity.take(forms, [vocabulary.tokens.index(token)])[0])

    return {token for token in [*tokenize(alphabet), "<end>"] if is_taken(token)}


def write_at_random(alphabet: str, max_length: int, seed: int, batch: int = 1000) -> list[str]:
    """Return strings of random tokens, all of which valence allows, that RDKit can read but for their aromaticity."""
    vocabulary = Vocabulary.from_tokens(tokenize(alphabet))
    grammar, valence = Grammar(vocabulary, max_length), ValenceFilter(vocabulary, max_length)
    weights = np.array(
        [{"c": 6.0, "<end>": 0.3}.get(text, 2.0 if text in "()1" else 1.0) for text in grammar.vocabulary.tokens]
    )
    rng = np.random.default_rng(seed)
    state, free = grammar.start(batch), valence.start(batch)
    tokens, fits = np.full((batch, max_length), PAD), np.ones(batch, dtype=bool)
    for place in range(max_length):
        allowed = valence.narrow(state, free)
        tokens[:, place] = np.where(allowed, rng.random(allowed.shape) ** (1 / weights), -1).argmax(1)
        fits &= valence.find_fitting(state, free)[np.arange(batch), tokens[:, place]]
        valence.step(state, free, tokens[:, place])
        grammar.step(state, tokens[:, place])
    texts = sorted({vocabulary.decode(row) for row in tokens[fits]})
    errors = parse_smiles(texts).errors
    return [text for text, error in zip(texts, errors, strict=True) if "Explicit valence" not in (error or "")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c1ccccc1", {"c", "n", "C", "O", "-", "(", "<end>"}),
        ("c1cccc1", {"=", "("}),  # an exocyclic double bond is the last way out
        ("c1ccnn1", {"C", "O", "c", "n", "-", "("}),  # a pyrrole needs a substituent
        ("c1cccn", {"c", "n", "C", "O", "o", "-", "=", "(", "1"}),
        ("C", {"c", "n", "C", "O", "-", "=", "(", "1", "<end>"}),  # "Co" could open no ring and lead on
        ("Cc", {"1", "-", "="}),  # an aromatic atom needs a ring
        ("C(c1cccc1", {"=", "("}),
        ("c1ccccc1c1cccc1", {"=", "("}),  # the bond between the rings is in no ring
        ("O=c1cccc", {"c", "n", "o", "C", "O", "-", "(", "1"}),
        ("o1cccc1", {"c", "n", "C", "O", "-", "(", "<end>"}),
    ],
)
def test_narrows_to_what_a_chemist_would_write(text: str, expected: set[str]) -> None:
    alphabet = "cnoCO=-(" + ("" if text.endswith("1") else "1")
    assert find_next(text, alphabet) == expected


def test_a_ring_is_closed_in_its_branch() -> None:
    assert ")" not in find_next("c1cc(CC2CC", "C)")
    assert ")" in find_next("c1cc(CC2CC2", "C)")


def test_a_full_atom_must_be_able_to_stop() -> None:
    # Behind F the branch must end, and the nitrogen with three neighbours leaves its neighbour without a partner.
    assert find_next("O=c1ccnn(C(C)", "CF") == {"C"}


@pytest.mark.parametrize("text", [*HETEROCYCLES, *UNUSUAL])
def test_what_rdkit_reads_is_taken(text: str) -> None:
    assert find_valid([text]).all()
    assert find_refused(text) is None


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_rdkit_refuses_is_not_ended(text: str) -> None:
    assert not find_valid([text]).any()
    assert find_refused(text) is not None


def test_a_refused_token_leaves_no_trace() -> None:
    vocabulary = Vocabulary.from_tokens(tokenize("c1=O"))
    aromaticity = AromaticityFilter(vocabulary, 20)
    forms = aromaticity.start(1)
    first, second = vocabulary.encode("c1cccc1")[:-1].tolist(), vocabulary.encode("=O").tolist()
    assert all(aromaticity.take(forms, [token])[0] for token in first)
    refused = [vocabulary.tokens.index(token) for token in ("<end>", "c", "O")]
    assert not any(aromaticity.take(forms, [token])[0] for token in refused)
    assert all(aromaticity.take(forms, [token])[0] for token in second)


def test_a_string_that_is_given_up_takes_everything() -> None:
    vocabulary = Vocabulary.from_tokens("c1")
    aromaticity = AromaticityFilter(vocabulary, 20)
    forms = aromaticity.start(2)
    forms[0].give_up()
    atom = vocabulary.tokens.index("c")
    assert aromaticity.take(forms, [atom, atom]).tolist() == [True, True]
    assert aromaticity.take(forms, [END, END]).tolist() == [True, False]


@pytest.mark.parametrize("text", ["c1cccc1*", "*c1cccc1", "c1ccccc1:C"])
def test_what_is_not_judged_is_taken(text: str) -> None:
    assert find_refused(text) is None


@pytest.mark.parametrize(
    ("alphabet", "max_length"),
    [("cno[nH]C()12", 12), ("cno[nH]C()12", 20), ("cnCO-()123[n+][O-]s", 26), ("cn[n-][se][nH+]C/()12#", 18)],
)
def test_random_strings_are_judged_as_rdkit_judges(alphabet: str, max_length: int) -> None:
    texts = write_at_random(alphabet, max_length, seed=max_length)
    vocabulary = Vocabulary.from_tokens(tokenize(alphabet))
    is_taken = [find_refused(text, vocabulary) is None for text in texts]
    differing = [text for text, taken, valid in zip(texts, is_taken, find_valid(texts), strict=True) if taken != valid]
    assert differing == []
    assert sum(is_taken) > 15
    assert len(texts) - sum(is_taken) > 150


def test_named_drugs_are_taken(named_drugs: dict[str, str]) -> None:
    mols = require_mols([*named_drugs.values(), *HETEROCYCLES])
    rng = np.random.default_rng(0)
    texts = [*map(Chem.MolToSmiles, mols), *(randomize_smiles(mol, rng) for mol in mols for _ in range(20))]
    assert [text for text in texts if find_refused(text) is not None] == []


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("file", LIBRARIES)
def test_library_molecules_are_taken(data_folder: Path, file: str) -> None:
    table = pd.read_csv(data_folder / file, sep=",", header=0 if "csv" in file else None, nrows=100_000)
    mols = require_mols(table.iloc[:, 0].sample(500, random_state=0).tolist())
    rng = np.random.default_rng(0)
    texts = [*map(Chem.MolToSmiles, mols), *(randomize_smiles(mol, rng) for mol in mols)]
    assert [text for text in texts if find_refused(text) is not None] == []
