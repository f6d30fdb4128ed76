"""What both environments share: a batch of SMILES being written, and the reward of those that ended."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import find_valid
from moldesign.envs.grammar import BoolArray, Grammar, IntArray
from moldesign.envs.vocabulary import PAD
from moldesign.errors import ObjectiveError

FloatArray = NDArray[np.float64]
Objective = Callable[[list[str]], Sequence[float] | NDArray[np.floating]]
"""Takes SMILES, returns one finite score in [0, 1] each."""


class Endings(NamedTuple):
    """What a step brought to an end; every array is [B]."""

    rewards: FloatArray
    """0 where nothing ended or the text is not a molecule."""
    is_ended: BoolArray
    """The episodes that this step ended."""
    smiles: NDArray[np.object_]
    """The text of each ended episode, None elsewhere."""
    is_valid: BoolArray
    """The ended episodes whose text is a molecule that was scored."""


class Episodes:
    """B episodes side by side; ended ones wait for `restart` and ignore their actions.

    A token that the mask forbids is written and ends its episode, without a molecule.
    """

    def __init__(self, objective: Objective, grammar: Grammar, batch: int) -> None:
        self.objective, self.grammar = objective, grammar
        self.state = grammar.start(batch)
        self.tokens: IntArray = np.full((batch, grammar.max_length), PAD, dtype=np.int64)
        self._rows = np.arange(batch)

    def restart(self, rows: BoolArray) -> None:
        """Begin the episodes of `rows`, bool [B], anew."""
        self.grammar.restart(self.state, rows)
        self.tokens[rows] = PAD

    def write(self, row: int | np.integer) -> str:
        """Return the text of an episode so far."""
        return self.grammar.vocabulary.decode(self.tokens[row])

    def step(self, actions: NDArray[np.integer]) -> Endings:
        """Append one token to each running episode and score all that ended, in one call of the objective.

        Raises:
            ValueError: an action is no token.
            ObjectiveError: the objective did not return one finite score in [0, 1] per molecule.
        """
        n_tokens = self.state.allowed.shape[1]
        if len(strange := actions[(actions < 0) | (actions >= n_tokens)]):
            raise ValueError(f"action {strange[0]} is no token: actions are whole numbers from 0 to {n_tokens - 1}")
        is_running = ~self.state.ended
        is_refused = is_running & ~self.state.allowed[self._rows, actions]
        running = np.flatnonzero(is_running)
        self.tokens[running, self.state.n_tokens[running]] = actions[running]
        self.grammar.end(self.state, is_refused)
        self.grammar.step(self.state, np.where(is_running & ~is_refused, actions, PAD))
        return self._score(is_running & self.state.ended, is_refused)

    def _score(self, is_ended: BoolArray, is_refused: BoolArray) -> Endings:
        smiles = np.full(len(is_ended), None, dtype=object)
        is_valid = np.zeros(len(is_ended), dtype=bool)
        rewards = np.zeros(len(is_ended))
        rows = np.flatnonzero(is_ended)
        smiles[rows] = [self.write(row) for row in rows]
        is_valid[rows] = find_valid(smiles[rows].tolist()) & ~is_refused[rows]
        if is_valid.any():
            rewards[is_valid] = score_molecules(self.objective, smiles[is_valid].tolist())
        return Endings(rewards, is_ended, smiles, is_valid)


def score_molecules(objective: Objective, smiles: list[str]) -> FloatArray:
    """Return the objective's scores, float64 [N].

    Raises:
        ObjectiveError: it did not return one finite score in [0, 1] per molecule.

    >>> score_molecules(lambda smiles: [len(s) / 10 for s in smiles], ["C", "CCO"])
    array([0.1, 0.3])
    """
    expected = "an objective returns one finite score in [0, 1] per SMILES"
    returned = objective(list(smiles))
    try:
        scores = np.asarray(returned, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ObjectiveError(f"the objective's scores are not numbers ({error}); {expected}") from error
    if scores.shape != (len(smiles),):
        raise ObjectiveError(
            f"the objective returned scores of shape {scores.shape} for {len(smiles)} SMILES; {expected}"
        )
    is_sound = (scores >= 0) & (scores <= 1)
    if not is_sound.all():
        first = int(np.argmin(is_sound))
        raise ObjectiveError(f"the objective scored {smiles[first]!r} with {scores[first]}; {expected}")
    return scores
