"""The search for scores that are dear: it thinks for a second to save a call."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, refuse_single_text, require_mols
from moldesign.errors import ObjectiveError
from moldesign.search.acquisition import AcquisitionSettings, Candidates, breed_candidates, choose_batch
from moldesign.search.ceilings import Ceilings, FindCeilings
from moldesign.search.coverage import Coverage
from moldesign.search.credit import OperatorCredit, find_bar
from moldesign.search.encoding import encode
from moldesign.search.gaussian_process import Belief
from moldesign.search.genetic import Breeder, BreedingSettings
from moldesign.search.library import Library
from moldesign.search.lifting import find_power
from moldesign.search.shortlist import Shortlist
from moldesign.search.surrogate import Surrogate, SurrogateSettings


@dataclass(frozen=True)
class ThriftySettings:
    """Everything that decides the course of a thrifty search beside library, start molecules and seed."""

    n_first: int = 20
    """Random library molecules scored before the first thought; also the batch size while all scores are the same."""
    batch_sizes: tuple[tuple[int, int], ...] = ((0, 4), (300, 10), (1_000, 25), (2_500, 50), (5_000, 100))
    """From so many calls on, molecules per batch."""
    library_size: int = 20_000
    """Molecules of the library that are ever looked at."""
    library_draw: int = 1_500
    """Of those, how many are candidates in each round."""
    library_growth: int = 100
    coverage_draw: int = 300
    """While all scores are the same, molecules among which the batch is chosen: those with the most untried pieces."""
    shortlist: int = 100
    """Candidates of a round that take part in the next one."""
    patience: int = 150
    """Calls without a better top 10 after which the search becomes restless, and again for the next level."""
    least_gain: float = 1e-3
    """A smaller gain of the mean of the top 10 is none, or that part of it by which it is below `fair_score`."""
    most_restless: int = 2
    fair_score: float = 0.1
    """Where the best score is lower, all are lifted until it is this, and exploration weighs less."""
    least_exploration: float = 0.02
    """How much less at most: this part."""
    breeding: BreedingSettings = field(default_factory=BreedingSettings)
    acquisition: AcquisitionSettings = field(default_factory=AcquisitionSettings)
    surrogate: SurrogateSettings = field(default_factory=SurrogateSettings)


class ThriftySearch:
    """Proposes molecules for an oracle whose calls are dear, and learns from the scores.

    Each round, random library molecules, molecules from outside and generations of children are ranked by the
    surrogate's upper confidence bound, as in Tanimoto-GP BO; a small batch of the best is proposed. As long as all
    scores are the same there is nothing to learn from them, and the most uncertain molecules are the oddest ones: then
    ordinary molecules are proposed, of the library and from outside, that have pieces which none before them had.
    Where all scores are tiny, a power of them is learnt.

    Where a part of the score is known without a call, because goals are cheap, the surrogate learns the rest alone:
    candidates are ranked by the known part times what it believes of the unknown one.

    Args:
        library: SMILES of ordinary molecules, where the search begins and new ideas come from.
        start: molecules to be proposed first.
        seed: the same seed, library and scores give the same proposals.
        settings: see `ThriftySettings`.
        is_spent: says of a molecule, in canonical form, that enough of its kind were found; it is not proposed.
        ceiling: tells the most that scores can be; without it nothing is known beforehand.

    Raises:
        InvalidSmilesError: a start molecule cannot be read.
        ValueError: there is neither a library nor a start molecule.
    """

    def __init__(
        self,
        library: Sequence[str],
        *,
        start: Sequence[str] = (),
        seed: int = 0,
        settings: ThriftySettings | None = None,
        is_spent: Callable[[str], bool] | None = None,
        ceiling: FindCeilings | None = None,
    ) -> None:
        refuse_single_text(library)
        if len(library) == 0 and len(start) == 0:
            raise ValueError("a search needs molecules to begin with: give a library or start molecules")
        self.settings = settings or ThriftySettings()
        self.scores: dict[str, float] = {}
        """Score of each molecule, by canonical SMILES."""
        self._worths: dict[str, float] = {}
        self._parts: dict[str, float] = {}
        """Of each score, what only its call told; not of those whose ceiling is 0."""
        self._coverage: Coverage | None = None
        self._n_covered = 0
        self._is_spent, self._ceilings = is_spent, Ceilings(ceiling)
        self.surrogate = Surrogate(self.settings.surrogate, seed=seed)
        self._rng = np.random.default_rng(seed)
        self._library = Library(
            library, size=self.settings.library_size, growth=self.settings.library_growth, rng=self._rng
        )
        self._breeder = Breeder(self.settings.breeding)
        self._shortlist = Shortlist(self.settings.shortlist)
        self.operators = OperatorCredit()
        """Which share of the children are mutants."""
        self._makers: dict[str, str] = {}
        self._waiting = deque(dict.fromkeys([*(canonicalize(mol) for mol in require_mols(start)), *self._draw_first()]))
        self._proposed: set[str] = set()
        self._batches: list[tuple[list[str], list[float], list[float]]] = []
        self._top_mean, self._n_calls_at_gain = 0.0, 0

    def __len__(self) -> int:
        """Return the number of molecules with a score."""
        return len(self.scores)

    @property
    def batch_size(self) -> int:
        """How many molecules to score next, by the number of calls so far."""
        if self.is_blind:
            return self.settings.n_first
        return next(size for calls, size in reversed(self.settings.batch_sizes) if len(self.scores) >= calls)

    @property
    def is_blind(self) -> bool:
        """Whether there are scores, and what was unknown of them is all the same, or as good as that."""
        scores = self._parts.values()
        if len(scores) < self.settings.n_first:
            return False
        return max(scores) - min(scores) <= self.settings.least_gain * max(scores)

    @property
    def restlessness(self) -> int:
        """0 while the top 10 gets better; one more for each `patience` calls in which it did not.

        Each level doubles, triples, ... the generations and raises every exploration weight by half a decade. Where
        nothing better is possible there is no reason for it.
        """
        if self._top_mean > 1 - self.settings.least_gain:
            return 0
        levels = (len(self.scores) - self._n_calls_at_gain) // self.settings.patience
        return min(levels, self.settings.most_restless)

    @property
    def shortlist(self) -> list[str]:
        """Candidates of the last round that take part in the next one, as canonical SMILES."""
        return self._shortlist.smiles

    @property
    def is_waiting(self) -> bool:
        """Whether start molecules, or first ones of the library, have not been proposed yet."""
        return any(text not in self._proposed for text in self._waiting)

    def has_proposed(self, smiles: str) -> bool:
        """Say whether a molecule, in canonical form, was proposed or scored."""
        return smiles in self._proposed

    def rank(self, smiles: Sequence[str]) -> list[str]:
        """Return molecules, in canonical form, those first whose score can be highest as far as that is known."""
        return self._ceilings.rank(smiles)

    def claim(self, smiles: Sequence[str]) -> list[str]:
        """Never propose these molecules, in canonical form: somebody else does. Return them."""
        self._proposed.update(smiles)
        return list(smiles)

    def propose(self, n: int | None = None, extra: Sequence[str] = ()) -> list[str]:
        """Return molecules that should be scored next, as canonical SMILES; none is proposed twice.

        Args:
            n: how many; without it, `batch_size`.
            extra: candidates from elsewhere, such as samples of a policy; what is no molecule is passed over.

        Returns:
            Up to `n` molecules, the start molecules and the first library ones before all others; fewer than `n` only
            where nothing new was found.
        """
        n = self.batch_size if n is None else n
        proposed = self._take_waiting(n)
        if not proposed:
            chosen = self._choose_blindly(n, extra) if self.is_blind else self._choose(n, extra)
            # An oracle that reads a child's SMILES may write one in ten thousand in another way.
            proposed = [text for text in dict.fromkeys(map(_rewrite, chosen)) if text not in self._proposed]
        self._proposed.update(proposed)
        kept = {*self._shortlist.smiles, *proposed}
        self._makers = {text: maker for text, maker in self._makers.items() if text in kept}
        self._ceilings.keep(chain(kept, self.scores, self._library.smiles))
        return proposed

    def observe(self, smiles: Sequence[str], scores: Sequence[float], worths: Sequence[float] | None = None) -> None:
        """Learn what molecules scored, whoever proposed them.

        Args:
            smiles: N molecules; those that have a score keep it.
            scores: N numbers in [0, 1]; NaN for what could not be scored, which is never proposed again.
            worths: how much they are wanted as parents, N numbers, if that is something else.

        Raises:
            InvalidSmilesError: a SMILES cannot be read.
            ObjectiveError: a score is missing or out of range; nothing was learnt.
        """
        _require_scores(smiles, scores)
        texts = [canonicalize(mol) for mol in require_mols(smiles)]
        self._proposed.update(texts)
        new: dict[str, tuple[float, float]] = {}
        for text, score, worth in zip(texts, scores, scores if worths is None else worths, strict=True):
            if text not in self.scores and not np.isnan(score):
                new.setdefault(text, (float(score), float(worth)))
        if new:
            found = {text: score for text, (score, _) in new.items()}
            self._give_credit(found)
            self._learn(list(new), list(found.values()), [worth for _, worth in new.values()])

    def state_dict(self) -> dict[str, Any]:
        """Return what the next proposal depends on beside the arguments of the constructor, ready for JSON."""
        return {
            "batches": self._batches,
            "proposed": sorted(self._proposed),
            "waiting": list(self._waiting),
            "n_read": self._library.n_read,
            "shortlist": self._shortlist.smiles,
            "makers": self._makers,
            "ceilings": self._ceilings.state_dict(),
            "operators": self.operators.state_dict(),
            "generator": self._rng.bit_generator.state,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned; only right after construction, with the same arguments.

        The scores are learnt again batch by batch, so that what follows is the same to the last bit.

        Raises:
            ValueError: this search has already learnt something.
        """
        if self.scores:
            raise ValueError("this search has scores of its own; load a state into a newly made one")
        self._ceilings.load_state_dict(state.get("ceilings", {}))  # a run of an earlier version finds them anew
        for smiles, scores, worths in state["batches"]:
            self._learn(smiles, scores, worths)
        self._proposed, self._waiting = set(state["proposed"]), deque(state["waiting"])
        self._library.read_until(state["n_read"])
        self._shortlist.restore(state["shortlist"])
        self._makers = state["makers"]
        self.operators.load_state_dict(state["operators"])
        self._rng.bit_generator.state = state["generator"]

    @property
    def _acquisition(self) -> AcquisitionSettings:
        settings, level = self.settings.acquisition, self.restlessness
        low, high = settings.log10_beta
        shift = 0.5 * level + np.log10(self._exploration_scale)
        return replace(settings, generations=settings.generations * (1 + level), log10_beta=(low + shift, high + shift))

    @property
    def _exploration_scale(self) -> float:
        """A factor of the exploration weights: 1, less where even the best scores are low.

        The surrogate's standard deviation is 1 for what is unlike anything known. Beside the first scores that are not
        nothing only that would count, and the oddest molecules would be proposed.
        """
        return float(np.clip(self._best_part / self.settings.fair_score, self.settings.least_exploration, 1.0))

    @property
    def _power(self) -> float:
        """The surrogate learns this power of what was unknown of the scores."""
        return find_power(self._best_part, self.settings.fair_score)

    @property
    def _best_part(self) -> float:
        return max(self._parts.values(), default=1.0)

    def _draw_first(self) -> list[str]:
        """Return random library molecules; where scores are known in part, out of the tenth that can score highest."""
        n = self.settings.n_first
        if not self._ceilings.are_known:
            return self._library.draw(n, self._rng)[0]
        names, _ = self._library.draw(self.settings.library_draw, self._rng)
        promising = set(self._ceilings.rank(names)[: max(n, len(names) // 10)])
        return [text for text in names if text in promising][:n]

    def _take_waiting(self, n: int) -> list[str]:
        taken: list[str] = []
        while self._waiting and len(taken) < n:
            smiles = self._waiting.popleft()
            if smiles not in self._proposed:
                taken.append(smiles)
        return taken

    def _choose(self, n: int, extra: Sequence[str]) -> list[str]:
        return choose_batch(self._find_candidates(extra), n, self._acquisition, self._rng)

    def _choose_blindly(self, n: int, extra: Sequence[str]) -> list[str]:
        """Return molecules with untried pieces, of the library and from outside; children, where few are new.

        Where a part of the score is known, it decides.
        """
        names, _ = self._library.draw(self.settings.library_draw, self._rng)
        outside = [canonicalize(mol) for mol in parse_smiles(extra).mols if mol is not None]
        new = [text for text in dict.fromkeys([*outside, *names]) if text not in self._proposed]
        if not self._ceilings.are_known and len(new) >= n:
            return self._cover(new[: self.settings.coverage_draw], n)
        parents = names or self._rng.permutation(list(self.scores)).tolist()
        self._breeder.forget_children()
        children = [text for text in self._breeder.breed(parents, n, self._rng) if text not in self._proposed]
        return self._ceilings.rank(list(dict.fromkeys([*new, *children])))[:n]

    def _cover(self, smiles: Sequence[str], n: int) -> list[str]:
        """Return up to `n` molecules that have pieces which none with a score has."""
        known = list(self.scores)
        if self._coverage is None:
            typical = self._library.smiles[: self.settings.library_draw] or known
            self._coverage = Coverage(require_mols(typical))
        self._coverage.mark(require_mols(known[self._n_covered :]))
        self._n_covered = len(known)
        return [smiles[row] for row in self._coverage.choose(require_mols(smiles), n)]

    def _find_candidates(self, extra: Sequence[str]) -> Candidates:
        candidates = Candidates(self._proposed, self._is_spent, self._ceilings, self._power)
        names, features = self._library.draw(self.settings.library_draw, self._rng)
        if features is not None and (new := candidates.select_new(names)):
            candidates.add([names[i] for i in new], self.surrogate.predict(features.take(new)))
        kept = self._shortlist.smiles
        if new := candidates.select_new(kept):
            names = [kept[i] for i in new]
            candidates.add(names, self.surrogate.predict(self._shortlist.encode(names)))
        mols = [mol for mol in parse_smiles(extra).mols if mol is not None]
        names = [canonicalize(mol) for mol in mols]
        if new := candidates.select_new(names):
            candidates.add([names[i] for i in new], self._predict([mols[i] for i in new]))
        self._breeder.mutation_share = self.operators.mutation_share
        breed_candidates(candidates, self._worths, self._breeder, self._predict, self._acquisition, self._rng)
        self._makers = self._breeder.makers | self._makers
        self._shortlist.keep(candidates.smiles, candidates.outlook)
        return candidates

    def _predict(self, mols: Sequence[Mol]) -> Belief:
        return self.surrogate.predict(encode(mols))

    def _give_credit(self, new: dict[str, float]) -> None:
        bar = find_bar(self.scores.values())
        self.operators.add((self._makers.pop(text), score > bar) for text, score in new.items() if text in self._makers)

    def _learn(self, smiles: list[str], scores: list[float], worths: list[float]) -> None:
        # Parsed from the canonical text, as after a restart: the last bit of a descriptor depends on the atoms' order.
        parts = self._ceilings.find_parts(smiles, scores)
        told = np.flatnonzero(~np.isnan(parts)).tolist()
        self._parts.update((smiles[row], float(parts[row])) for row in told)
        if told:
            new = encode(require_mols([smiles[row] for row in told]))
            self.surrogate.observe(new, parts[told], power=self._power)
        self.scores.update(zip(smiles, scores, strict=True))
        self._worths.update(zip(smiles, worths, strict=True))
        self._batches.append((smiles, scores, worths))
        top_mean = float(np.mean(sorted(self.scores.values())[-10:]))
        if top_mean > self._top_mean + self.settings.least_gain * min(1.0, top_mean / self.settings.fair_score):
            self._top_mean, self._n_calls_at_gain = top_mean, len(self.scores)


def _rewrite(smiles: str) -> str:
    [mol] = require_mols([smiles])
    return canonicalize(mol)


def _require_scores(smiles: Sequence[str], scores: Sequence[float]) -> None:
    expected = "a search needs one number between 0 and 1 per molecule, or NaN for what could not be scored"
    if len(smiles) != len(scores):
        raise ObjectiveError(f"{len(scores)} scores for {len(smiles)} molecules; {expected}")
    for row, score in enumerate(scores):
        if not (0 <= score <= 1 or np.isnan(score)):
            raise ObjectiveError(f"row {row}: {smiles[row]!r} has the score {score}; {expected}")
