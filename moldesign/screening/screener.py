"""What a worker does with a task: pure work on rows, the same in whichever process or machine it is done."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from moldesign.chem.smiles import require_mols
from moldesign.objectives.combination import FloatArray
from moldesign.objectives.profile import Profile
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.structures import NearestProperty
from moldesign.objectives.terms import Batch
from moldesign.predictors.bundled import move_models
from moldesign.screening.describing import describe_molecules
from moldesign.screening.executor import Described, Outcome, Screened, Task
from moldesign.screening.filters import Bar, apply_filters
from moldesign.screening.fingerprint_cache import FingerprintCache
from moldesign.screening.grouping import Group, Stage, is_foreign, plan_groups
from moldesign.screening.leaders import Leaders
from moldesign.screening.marking import TOGETHER, FixedMarker, Marker, mark_nothing
from moldesign.screening.molecules import Molecule, hash_molecule
from moldesign.screening.reading import read_fingerprints, read_graphs, read_rows


@dataclass(frozen=True)
class Screener:
    """Screens and describes rows by a profile.

    It is made of text alone, so that it can be sent to other processes and machines, and loads models when it is first
    used.
    """

    profile_toml: str
    threshold: float | None = None
    """The score that a hit needs; None for none."""
    with_keys: bool = True
    """Whether duplicates are looked for."""
    models: tuple[tuple[str, str], ...] = ()
    """The folder of each model that does not lie where the profile says, after its name."""
    fingerprints: str | None = None
    """Folder where a similarity search keeps the fingerprints of the library; None for nowhere."""
    pool_size: int | None = None
    """How many rows may be hits at the most, those with the best scores; None for any number."""

    @cached_property
    def profile(self) -> Profile:
        """What the molecules must be."""
        move_models({name: Path(folder) for name, folder in self.models})
        return Profile.model_validate(tomllib.loads(self.profile_toml))

    @cached_property
    def runs_programs(self) -> bool:
        """Whether a goal is about a program, which starts processes of its own."""
        return any(isinstance(term.property, ProgramProperty) for term in self.profile.terms)

    @cached_property
    def _groups(self) -> list[Group]:
        return plan_groups(self.profile.terms, has_threshold=self.threshold is not None)

    @cached_property
    def _begins_with_network(self) -> bool:
        """Whether a network sees the molecules before anything does that needs them as RDKit has them."""
        return bool(self._groups) and self._groups[0].stage is Stage.NETWORK

    @cached_property
    def _cache(self) -> FingerprintCache | None:
        """The fingerprints, where they are what the molecules are looked at for first."""
        if self.fingerprints is None or not self._groups:
            return None
        first = self.profile.terms[self._groups[0].columns[0]].property
        return FingerprintCache(Path(self.fingerprints)) if isinstance(first, NearestProperty) else None

    def __reduce__(self) -> tuple[type["Screener"], tuple[Any, ...]]:
        """Say what is sent to another process: not the models that are loaded here."""
        choices = self.profile_toml, self.threshold, self.with_keys, self.models, self.fingerprints, self.pool_size
        return Screener, choices

    def warm_up(self) -> None:
        """Load models and tables, so that forked processes share them, and no time limit runs meanwhile."""
        if self._is_warm:
            return
        ethanol = require_mols(["CCO"])
        for term in self.profile.terms:
            if not is_foreign(term):
                term.evaluate(Batch(["CCO"], ethanol))
        hash_molecule(ethanol[0])
        self._is_warm.append(True)

    def run(self, task: Task, mark: Marker = mark_nothing) -> Outcome:
        """Do a task.

        Raises:
            MoldesignError: a property cannot be computed.
        """
        if task.is_doubtful:
            for row, text in enumerate(task.texts):
                if row not in task.falls:
                    alone = replace(task, texts=[text], falls={})
                    mark(row)
                    self._run(alone, FixedMarker(mark, row))
        return self._run(task, mark)

    @cached_property
    def _is_warm(self) -> list[bool]:
        return []

    def close(self) -> None:
        """End the programs that goals have started."""
        for term in self.profile.terms if "profile" in self.__dict__ else ():
            if isinstance(term.property, ProgramProperty):
                term.property.close()

    def _run(self, task: Task, mark: Marker) -> Outcome:
        if task.describes:
            described, _ = read_rows(task, mark)
            known = [described.get(row) for row in range(len(task.texts))]
            return Described(describe_molecules(known, self.profile.terms, mark))
        graphs, bits = None, None
        if self._cache is not None and not task.is_doubtful:
            molecules, falls, bits = read_fingerprints(task, self._cache, mark)
        elif self._begins_with_network and not (task.is_doubtful or task.holds_blocks):
            molecules, falls, graphs = read_graphs(task, mark)
        else:
            molecules, falls = read_rows(task, mark)
        rows, bar = list(molecules), Bar(self.threshold, self._find_floor(task))
        scored = apply_filters(self.profile, self._groups, molecules, bar=bar, mark=mark, graphs=graphs, bits=bits)
        falls |= {rows[place]: fall for place, fall in scored.falls.items()}
        keys = self._find_keys(scored.total, rows, molecules, mark)
        passed = sorted(keys)
        return Screened(
            falls=dict(sorted(falls.items())),
            rows=[rows[place] for place in passed],
            scores=scored.total[passed].tolist(),
            raw=scored.raw[passed].tolist(),
            terms=scored.terms[passed].tolist(),
            keys=[keys[place] for place in passed],
        )

    @cached_property
    def _leaders(self) -> Leaders:
        """The best rows that this process has scored, where duplicates count once."""
        return Leaders(self.pool_size if self.with_keys else None)

    def _find_floor(self, task: Task) -> float | None:
        """Return what a score must reach by all that is known: to the task, and here, where it may be news."""
        if self.threshold is not None:
            return None
        return max((floor for floor in (task.floor, self._leaders.floor) if floor is not None), default=None)

    def _find_keys(
        self, total: FloatArray, rows: list[int], molecules: Mapping[int, Molecule], mark: Marker
    ) -> dict[int, int]:
        """Return the keys of the molecules that may be hits, by their place in `total`.

        Where as many others, of different keys, come before one, it is outranked, and no key of it is needed.
        """
        keys: dict[int, int] = {}
        n_passed = int(np.count_nonzero(~np.isnan(total)))
        best_first = np.argsort(-total, kind="stable")[:n_passed].tolist()
        if not self.with_keys:
            return dict.fromkeys(best_first[: self.pool_size], 0)
        known: set[int] = set()
        for place in best_first:
            if len(known) == self.pool_size:
                break
            mark(rows[place])
            keys[place] = hash_molecule(molecules[rows[place]].mol)
            known.add(keys[place])
        mark(TOGETHER)
        self._leaders.add((key, total[place].item()) for place, key in keys.items())
        return keys
