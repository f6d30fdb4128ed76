"""One SMILES at a time, as a Gymnasium environment."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

from moldesign.envs.episodes import Endings, Episodes, Objective
from moldesign.envs.grammar import BoolArray, Grammar, IntArray
from moldesign.envs.tokens import build_default_vocabulary
from moldesign.envs.vocabulary import Vocabulary


class SmilesEnv(gymnasium.Env[IntArray, np.int64]):
    """Write a molecule as a SMILES, token by token.

    ## Observation Space
    `MultiDiscrete([V] * max_length)`: the tokens so far, padded with 0 (PAD).

    ## Action Space
    `Discrete(V)`: the next token of the vocabulary. `info["action_mask"]` (int8, for
    `action_space.sample(mask)`) and `action_masks()` (bool) allow exactly the tokens after which a string of
    valid SMILES syntax can still be ended within `max_length`; after the end they allow PAD alone.

    ## Reward
    0 until the end; then the objective's score of the molecule, in [0, 1], or 0 if RDKit reads no molecule.

    ## Starting State
    The empty string.

    ## Episode End
    Terminated by END, or by a token that the mask forbids (reward 0). A masked episode ends within
    `max_length` steps, END included, so none is ever truncated. At the end `info["smiles"]` holds the text,
    and `info["is_valid"]` says whether it is a molecule that was scored.

    Args:
        objective: takes a list of SMILES, returns one score in [0, 1] each.
        vocabulary: the tokens; by default those of drug-like molecules.
        max_length: the most tokens of a string, END included.
        render_mode: None, or "ansi": `render()` returns the text so far.

    Raises:
        UnknownTokenError: a token of the vocabulary has no role in the SMILES grammar.
        ObjectiveError: (in `step`) the objective's answer is not one finite score in [0, 1] per molecule.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012 (as the base has it)

    def __init__(
        self,
        objective: Objective,
        vocabulary: Vocabulary | None = None,
        max_length: int = 100,
        render_mode: str | None = None,
    ) -> None:
        self.vocabulary = vocabulary or build_default_vocabulary()
        self.max_length = max_length
        self.render_mode = render_mode
        self.action_space = Discrete(len(self.vocabulary))
        self.observation_space = MultiDiscrete([len(self.vocabulary)] * max_length)
        self._episodes = Episodes(objective, Grammar(self.vocabulary, max_length), batch=1)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[IntArray, dict[str, Any]]:
        """Begin with the empty string; the environment itself draws no random numbers."""
        super().reset(seed=seed)
        self._episodes.restart(np.array([True]))
        return self._episodes.tokens[0].copy(), self._describe(None)

    def step(self, action: np.int64) -> tuple[IntArray, float, bool, bool, dict[str, Any]]:
        """Append one token; see the class for what ends an episode."""
        endings = self._episodes.step(np.array([action]))
        terminated = bool(self._episodes.state.ended[0])
        return (
            self._episodes.tokens[0].copy(),
            float(endings.rewards[0]),
            terminated,
            False,
            self._describe(endings),
        )

    def action_masks(self) -> BoolArray:
        """Return which tokens may come next, bool [V]; the name is the one that MaskablePPO calls."""
        mask: BoolArray = self._episodes.grammar.mask(self._episodes.state)[0]
        return mask

    def render(self) -> str | None:
        """Return the text so far, in the mode "ansi"."""
        return self._episodes.write(0) if self.render_mode == "ansi" else None

    def _describe(self, endings: Endings | None) -> dict[str, Any]:
        info: dict[str, Any] = {"action_mask": self.action_masks().astype(np.int8)}
        if endings is not None and endings.is_ended[0]:
            info |= {"smiles": endings.smiles[0], "is_valid": bool(endings.is_valid[0])}
        return info
