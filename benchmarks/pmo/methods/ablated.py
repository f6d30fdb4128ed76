"""The engine with one of its parts taken out, to see what each is good for."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.pmo.methods.engine import EngineMethod, EngineMethodSettings
from benchmarks.pmo.methods.method import Start
from moldesign.chem.smiles import Mol, canonicalize
from moldesign.envs.vocabulary import tokenize
from moldesign.generation.prompts import DeNovo, spell_each
from moldesign.learning.guide import Mode, Spelled
from moldesign.policies.bundled import Prior
from moldesign.policies.templates import Spelling
from moldesign.search.encoding import Encoded
from moldesign.search.gaussian_process import Belief
from moldesign.search.surrogate import Surrogate
from moldesign.search.thrifty import ThriftySearch


class WithoutSurrogate(EngineMethod):
    """Proposes children of the best, library molecules and samples of the policy at random."""

    def make_search(self, start: Start, settings: EngineMethodSettings) -> ThriftySearch:
        """Return a search that takes any candidate; children of children would be as random, so that there are none."""
        acquisition = replace(settings.search.acquisition, generations=1)
        search = super().make_search(start, replace(settings, search=replace(settings.search, acquisition=acquisition)))
        search.surrogate = Indifferent(seed=start.seed)
        return search


class WithoutGenetics(EngineMethod):
    """Ranks library molecules and samples of the policy, and breeds nothing."""

    def make_search(self, start: Start, settings: EngineMethodSettings) -> ThriftySearch:
        """Return a search without children."""
        acquisition = replace(settings.search.acquisition, generations=0)
        return super().make_search(start, replace(settings, search=replace(settings.search, acquisition=acquisition)))


class WithoutAugmentation(EngineMethod):
    """Lets the policy learn every molecule again in one spelling, the canonical one."""

    def make_mode(self, prior: Prior, settings: EngineMethodSettings) -> Mode:
        """Return how the policy writes and spells molecules."""
        return Canonical(prior, settings.n_written)


class Canonical(DeNovo):
    """Whole molecules, of which each has one spelling."""

    def spell(self, smiles: Sequence[str], rng: np.random.Generator) -> Spelled:
        """Write molecules as their canonical SMILES."""
        return spell_each(smiles, self._vocabulary, spell_plainly)


def spell_plainly(mol: Mol) -> Spelling:
    """Return the tokens of the canonical SMILES, all of them written by the policy."""
    tokens = tuple(tokenize(canonicalize(mol)))
    return Spelling(tokens, (True,) * (len(tokens) + 1))


class Indifferent(Surrogate):
    """Thinks the same of every molecule, with random doubts."""

    def __init__(self, *, seed: int) -> None:
        super().__init__(seed=seed)
        self._rng = np.random.default_rng(seed)

    def observe(self, molecules: Encoded, scores: NDArray[np.float64], *, power: float = 1.0) -> None:
        """Learn nothing."""

    def predict(self, molecules: Encoded) -> Belief:
        """Return 0 with a standard deviation between one half and one."""
        return Belief(np.zeros(len(molecules)), self._rng.uniform(0.5, 1, len(molecules)))
