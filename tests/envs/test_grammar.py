"""The mask against references that share no code with it: exhaustive enumeration, RDKit, and a search."""

import gzip
import re
from collections import defaultdict
from itertools import islice, product, zip_longest

import numpy as np
import pytest
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from moldesign.chem.smiles import randomize_smiles, require_mols
from moldesign.envs.grammar import Grammar
from moldesign.envs.tokens import build_default_vocabulary
from moldesign.envs.vocabulary import END, PAD, START, Vocabulary, tokenize
from tests.envs.shortest_completion import count_tokens_to_end

ORDERS = {"-": 1, "/": 1, "\\": 1, "=": 2, "#": 3, ":": 4, "$": 5}


def is_in_language(tokens):
    """The language of grammar.py: its form by rewriting the string, the graph's part by asking RDKit."""
    letters = "".join(letter_of(token) for token in tokens)
    letters = re.sub(r"a(b?r)*", "A", letters)
    while (shorter := re.sub(r"A\(b?A(b?A)*\)", "A", letters)) != letters:
        letters = shorter
    if not re.fullmatch(r"A(b?A)*(\.A(b?A)*)*", letters) or not pairs_rings(tokens):
        return False
    return Chem.MolFromSmiles("".join(tokens), sanitize=False) is not None


def letter_of(symbol):
    if symbol in "().":
        return symbol
    if symbol in ORDERS:
        return "b"
    return "r" if symbol[0] in "%0123456789" else "a"


def pairs_rings(tokens):
    opened, before = {}, ""
    for symbol in tokens:
        if letter_of(symbol) == "r":
            order = ORDERS.get(before)
            if symbol not in opened:
                opened[symbol] = order
            elif None not in (order, expected := opened.pop(symbol)) and order != expected:
                return False
        elif symbol == "." and opened:
            return False
        before = symbol
    return not opened


def enumerate_language(alphabet, max_tokens):
    """All strings of the language up to a length, leaving out early only what two neighbours rule out."""
    forbidden = re.compile(r"\(\(|\(\)|\(r|b\)|bb|b\(|b\.|\(\.|\.\)|\.\(|\.b|\.r|\.\.|\)r")
    level = [(token,) for token in alphabet if letter_of(token) == "a"]
    for _ in range(max_tokens):
        yield from filter(is_in_language, level)
        longer = ((*tokens, token) for tokens, token in product(level, alphabet))
        level = [
            tokens
            for tokens in longer
            if not forbidden.search(letter_of(tokens[-2]) + letter_of(tokens[-1]))
            and tokens.count("(") >= tokens.count(")")
        ]


def find_shortest_ends(language, vocabulary):
    """Map each way to begin (token indices, END included) to the length of the shortest string that does."""
    shortest = defaultdict(lambda: 1 << 20)
    for tokens in language:
        indices = tuple(vocabulary.encode("".join(tokens)).tolist())
        for length in range(1, len(indices) + 1):
            shortest[indices[:length]] = min(shortest[indices[:length]], len(indices))
    return shortest


def replay(grammar, prefixes):
    state = grammar.start(len(prefixes))
    for column in np.array(prefixes, dtype=np.int64).reshape(len(prefixes), -1).T:
        grammar.step(state, column)
    return state


def assert_mask_is_exact(vocabulary, language, max_length):
    grammar = Grammar(vocabulary, max_length)
    shortest = find_shortest_ends(language, vocabulary)
    prefixes, n_compared = [()], 0
    while prefixes:
        mask = grammar.mask(replay(grammar, prefixes))
        longer = [
            [(*prefix, token) for token in range(len(vocabulary)) if shortest[*prefix, token] <= max_length]
            for prefix in prefixes
        ]
        for prefix, row, expected in zip(prefixes, mask, longer, strict=True):
            assert np.flatnonzero(row).tolist() == [p[-1] for p in expected], vocabulary.decode(prefix)
        n_compared += len(prefixes)
        prefixes = [p for row in longer for p in row if p[-1] != END]
    return n_compared


@pytest.fixture(autouse=True)
def _quiet():
    block = BlockLogs()
    yield
    del block


@pytest.fixture(scope="module")
def all_short_strings():
    """Every string of up to 5 tokens over 9 tokens, tested one by one."""
    block = BlockLogs()
    alphabet = ("C", "c", "=", "-", "(", ")", "1", "2", ".")
    language = [t for n in range(1, 6) for t in product(alphabet, repeat=n) if is_in_language(t)]
    del block
    return Vocabulary.from_tokens(alphabet), language


@pytest.mark.parametrize("max_length", [2, 3, 4, 5, 6])
def test_mask_equals_brute_force_on_all_strings_up_to_five_tokens(all_short_strings, max_length):
    vocabulary, language = all_short_strings
    assert {"CC", "C=C", "C(C)C", "C.C", "C1CC1", "C(=C)"} & {"".join(t) for t in language}
    assert assert_mask_is_exact(vocabulary, language, max_length) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alphabet", "max_tokens"),
    [(("C", "(", ")", "1", "2"), 10), (("C", "=", "-", "(", ")", "1"), 9), (("C", "=", "1", "%10"), 9)],
)
def test_mask_equals_brute_force_on_longer_strings(alphabet, max_tokens):
    language = list(enumerate_language(alphabet, max_tokens))
    for max_length in range(max_tokens - 2, max_tokens + 2):
        assert assert_mask_is_exact(Vocabulary.from_tokens(alphabet), language, max_length) > 50


def is_allowed(grammar, smiles):
    tokens = [index for index in grammar.vocabulary.encode(smiles) if index != END]
    try:
        replay(grammar, [tokens])
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "smiles",
    [
        "C1",
        "C12",
        "C123",
        "C12C",
        "C1(",
        "C1(C",
        "C1(C2",
        "C1(C2(C",
        "C1(C2(C3",
        "C1(C2(C3=",
        "C1(C(C23",
        "C12(C3",
        "C12(C",
        "C12(CC1",
        "C12CC1",
        "C1(C)",
        "C=1C(C2)",
        "C=1CC-",
        "C1CC=",
        "C1CC(",
        "C1C2C3C",
        "C1C2(C3C1C(",
    ],
)
def test_the_length_limit_is_exact_where_rings_and_branches_interact(smiles):
    vocabulary = Vocabulary.from_tokens("C=-()123")
    fewest = len(vocabulary.encode(smiles)) - 1 + count_tokens_to_end(smiles, "C=-()123")
    assert is_allowed(Grammar(vocabulary, fewest), smiles)
    assert not is_allowed(Grammar(vocabulary, fewest - 1), smiles)


@pytest.mark.slow
def test_the_length_limit_is_exact_on_random_beginnings():
    vocabulary = Vocabulary.from_tokens("C=()123")
    grammar, rng = Grammar(vocabulary, 40), np.random.default_rng(0)
    for length in range(3, 15):
        indices = write_at_random(grammar, 10, rng, weights={END: 0, 5: 0.2})[:, :length]
        for smiles in {vocabulary.decode(row) for row in indices}:
            fewest = length + count_tokens_to_end(smiles, "C=()123")
            assert is_allowed(Grammar(vocabulary, fewest), smiles), smiles
            assert fewest == length + 1 or not is_allowed(Grammar(vocabulary, fewest - 1), smiles), smiles


def write_at_random(grammar, batch, rng, weights=None):
    """Return token indices [batch, max_length] of strings written by choosing among the allowed tokens."""
    state, columns = grammar.start(batch), []
    preference = np.ones(len(grammar.vocabulary))
    for token, weight in (weights or {}).items():
        preference[token] = weight
    for _ in range(grammar.max_length):
        mask = grammar.mask(state)
        assert mask.any(axis=1).all()
        columns.append((mask * (preference * rng.random(mask.shape) + 1e-9)).argmax(axis=1))
        grammar.step(state, columns[-1])
    assert state.ended.all()
    return np.array(columns).T


@pytest.mark.parametrize("max_length", [2, 3, 5, 8, 13, 21, 60])
def test_masked_strings_end_in_time_and_are_in_the_language(max_length):
    tokens = [*build_default_vocabulary().tokens[3:], ".", ":", "$", "*", "0", "%10", "%11", "[13CH3:7]"]
    grammar = Grammar(Vocabulary.from_tokens(tokens), max_length)
    for row in write_at_random(grammar, 200, np.random.default_rng(max_length), {END: 0.05}):
        n_tokens = int(np.argmax(row == END))
        assert (row[n_tokens + 1 :] == PAD).all()
        assert START not in row
        assert is_in_language([grammar.vocabulary.tokens[i] for i in row[:n_tokens]])


def test_drugs_can_be_written_at_exactly_their_length(named_drugs):
    vocabulary = Vocabulary.from_tokens(token for smiles in named_drugs.values() for token in tokenize(smiles))
    for smiles in named_drugs.values():
        indices = vocabulary.encode(smiles)
        state = replay(Grammar(vocabulary, len(indices)), [indices])
        assert state.ended.all()
        assert state.n_tokens.tolist() == [len(indices)]


@pytest.mark.data
@pytest.mark.slow
def test_zinc_and_chembl_are_in_the_language_also_when_randomised(data_folder):
    rng = np.random.default_rng(0)
    for file in ("zinc250k/zinc250k_molopt.smi.gz", "chembl/CHEMBL_100k.smi.gz"):
        with gzip.open(data_folder / file, "rt", encoding="utf-8") as lines:
            written = [line.split()[0] for line in islice(lines, 4000)]
        written += [randomize_smiles(mol, rng) for mol in require_mols(written[:1000])]
        vocabulary = Vocabulary.from_tokens(token for smiles in written for token in tokenize(smiles))
        indices = [vocabulary.encode(smiles) for smiles in written]
        padded = np.array(list(zip_longest(*indices, fillvalue=PAD))).T
        assert replay(Grammar(vocabulary, padded.shape[1]), padded).ended.all()


@pytest.mark.data
def test_the_default_vocabulary_writes_nearly_all_of_zinc(data_folder):
    with gzip.open(data_folder / "zinc250k/zinc250k_molopt.smi.gz", "rt", encoding="utf-8") as lines:
        known = [build_default_vocabulary().knows(line.split()[0]) for line in islice(lines, 20_000)]
    assert np.mean(known) > 0.999


@pytest.mark.parametrize(
    "smiles",
    [
        "C11",
        "C1C1",
        "C12CC12",
        "C(C)1",
        "C()",
        "C((",
        "(",
        "=",
        "C==",
        "C(1",
        "C1.",
        "C(.",
        "C.=",
        "C=1CC-1",
        ")",
    ],
)
def test_malformed_beginnings_are_refused(smiles):
    assert not is_allowed(Grammar(Vocabulary.from_tokens("C=-().12"), 30), smiles)


@pytest.mark.parametrize(
    "smiles", ["C/1CC\\1", "C-1CC/1", "C=1CC1", "C1CC=1", "C1CC1C1CC1", "C1CC11CC1", "C1CC1.C1CC1"]
)
def test_unusual_but_sound_rings_are_allowed(smiles):
    assert is_allowed(Grammar(Vocabulary.from_tokens(["C", "=", "-", "/", "\\", ".", "1"]), 30), smiles)


def test_rows_do_not_influence_each_other():
    grammar, rng = Grammar(build_default_vocabulary(), 30), np.random.default_rng(1)
    together = write_at_random(grammar, 50, rng)
    batch, alone = grammar.start(50), [grammar.start(1) for _ in range(50)]
    for column in together.T:
        for row, state in enumerate(alone):
            assert (grammar.mask(state)[0] == grammar.mask(batch)[row]).all()
            grammar.step(state, column[row : row + 1])
        grammar.step(batch, column)


def test_restart_empties_the_chosen_rows_only():
    grammar = Grammar(build_default_vocabulary(), 30)
    state = replay(grammar, [grammar.vocabulary.encode("C1CC1")[:4]] * 2)
    kept = grammar.mask(state)[1]
    grammar.restart(state, np.array([True, False]))
    assert (grammar.mask(state) == [grammar.mask(grammar.start(1))[0], kept]).all()
    grammar.step(state, grammar.vocabulary.encode("C1")[:2])
    assert state.n_tokens.tolist() == [1, 5]


def test_ended_rows_allow_only_padding():
    grammar = Grammar(build_default_vocabulary(), 30)
    state = replay(grammar, [grammar.vocabulary.encode("C")])
    assert np.flatnonzero(grammar.mask(state)[0]).tolist() == [PAD]
    grammar.step(state, np.array([PAD]))
    assert state.n_tokens.tolist() == [2]


def test_a_forbidden_token_is_an_error_that_names_it():
    grammar = Grammar(build_default_vocabulary(), 30)
    with pytest.raises(ValueError, match=r"row 1: the token '\)' is not allowed after 1"):
        replay(grammar, [grammar.vocabulary.encode(smiles)[:2] for smiles in ("CC", "C)")])


def test_too_small_a_limit_is_an_error():
    with pytest.raises(ValueError, match="max_length is 1"):
        Grammar(build_default_vocabulary(), 1)
