"""Many SMILES at a time, as a Gymnasium vector environment whose state lives in arrays."""

from typing import Any

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from moldesign.envs.episodes import Endings, Episodes, FloatArray, Objective
from moldesign.envs.grammar import BoolArray, Grammar, GrammarState, IntArray
from moldesign.envs.tokens import build_default_vocabulary
from moldesign.envs.vocabulary import Vocabulary


class SmilesVectorEnv(VectorEnv[IntArray, IntArray, Any]):
    """Write `num_envs` molecules side by side; one call of the objective scores all that end in a step.

    ## Observation Space
    As `SmilesEnv`, [num_envs, max_length].

    ## Action Space
    As `SmilesEnv`, [num_envs]; `infos["action_mask"]` is int8 and `action_masks()` bool, [num_envs, V].

    ## Reward
    As `SmilesEnv`, float64 [num_envs].

    ## Starting State
    Empty strings.

    ## Episode End
    As `SmilesEnv`; `infos["smiles"]` and `infos["is_valid"]` are set where `infos["_smiles"]` is True. An
    ended copy allows PAD alone. In the autoreset mode `NEXT_STEP` its next step ignores the action and begins
    a new string; in `DISABLED` it stays ended until `reset(options={"reset_mask": mask})`.

    Args:
        objective: takes a list of SMILES, returns one score in [0, 1] each.
        vocabulary: the tokens; by default those of drug-like molecules.
        max_length: the most tokens of a string, END included.
        num_envs: the number of copies.
        autoreset_mode: `NEXT_STEP`, or `DISABLED` for one string per copy, without favour for short ones; or their
            values, "NextStep" and "Disabled".

    Raises:
        ValueError: the autoreset mode is another one.
        UnknownTokenError: a token of the vocabulary has no role in the SMILES grammar.
        ObjectiveError: (in `step`) the objective's answer is not one finite score in [0, 1] per molecule.
    """

    def __init__(
        self,
        objective: Objective,
        vocabulary: Vocabulary | None = None,
        max_length: int = 100,
        num_envs: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        autoreset_mode = AutoresetMode(autoreset_mode)
        if autoreset_mode is AutoresetMode.SAME_STEP:
            raise ValueError("autoreset_mode is SAME_STEP; this environment offers NEXT_STEP and DISABLED")
        self.metadata = {"autoreset_mode": autoreset_mode, "render_modes": []}
        self.vocabulary = vocabulary or build_default_vocabulary()
        self.max_length = max_length
        self.num_envs = num_envs
        self.single_action_space = Discrete(len(self.vocabulary))
        self.single_observation_space = MultiDiscrete([len(self.vocabulary)] * max_length)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._episodes = Episodes(objective, Grammar(self.vocabulary, max_length), num_envs)

    @property
    def state(self) -> GrammarState:
        """The strings of all copies as the grammar sees them: for reading; `step` changes it in place."""
        return self._episodes.state

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[IntArray, dict[str, Any]]:
        """Begin all copies anew, or those of `options["reset_mask"]`, bool [num_envs].

        Raises:
            ValueError: the mask is not one bool per copy.
        """
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, dtype=bool))
        if np.shape(mask) != (self.num_envs,) or np.asarray(mask).dtype != bool:
            raise ValueError(f"reset_mask needs {self.num_envs} bools, one per copy")
        self._episodes.restart(np.asarray(mask))
        return self._episodes.tokens.copy(), self._describe(None)

    def step(self, actions: IntArray) -> tuple[IntArray, FloatArray, BoolArray, BoolArray, dict[str, Any]]:
        """Append one token to each running copy; see the class for what ended copies do."""
        state = self._episodes.state
        was_ended = state.ended
        endings = self._episodes.step(np.asarray(actions))
        if self.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP:
            self._episodes.restart(was_ended)
        return (
            self._episodes.tokens.copy(),
            endings.rewards,
            state.ended,
            np.zeros(self.num_envs, dtype=bool),
            self._describe(endings),
        )

    def action_masks(self) -> BoolArray:
        """Return which tokens may come next, bool [num_envs, V]."""
        return self._episodes.grammar.mask(self._episodes.state)

    def _describe(self, endings: Endings | None) -> dict[str, Any]:
        infos: dict[str, Any] = {
            "action_mask": self.action_masks().view(np.int8),
            "_action_mask": np.ones(self.num_envs, dtype=bool),
        }
        if endings is not None and endings.is_ended.any():
            infos |= {"smiles": endings.smiles, "_smiles": endings.is_ended}
            infos |= {"is_valid": endings.is_valid, "_is_valid": endings.is_ended.copy()}
        return infos
