"""Hard limits of a profile: what every hit must keep, in the words of a chemist, each turned into a goal.

[constraints]
must = ["mw <= 500", "herg <= 0.5"]    any goal with >=, <= or in
required = ["[NX3;H2]"]                SMARTS that every hit contains
forbidden = ["[N+](=O)[O-]"]           SMARTS that none contains
heavy_atoms = [15, 40]                 size
charge = 0                             net formal charge, or [-1, 0]
elements = ["C", "N", "O", "F"]        no others, besides hydrogen
stereo = "defined"                     no stereocentre left open; "none": no stereocentre at all
scaffold = ["c1ccc(*)cc1*"]            kept as it is, changes allowed at the `*` alone; one of several
link = ["c1ccccc1*.C1CCNCC1*"]         both pieces kept, joined by a linker; one of several
similar_to = ["CC(=O)Nc1ccc(O)cc1"]    the nearest of these molecules must be
similarity = [0.4, 0.9]                no less and no more similar than this (Tanimoto, Morgan radius 2)
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from pydantic import field_validator, model_validator

from moldesign.chem.open_points import read_ends, read_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.errors import InvalidSmilesError, ProfileError
from moldesign.objectives.combination import combine_terms
from moldesign.objectives.goals import Goal, parse_goal
from moldesign.objectives.reward import Rewards
from moldesign.objectives.section import Section
from moldesign.objectives.structures import ALTERNATIVES, read_elements
from moldesign.objectives.terms import Term

_STEREO = {"defined": "open_stereo <= 0", "none": "stereocenters <= 0"}


class Constraints(Section):
    """Hard limits: a molecule that breaks one has the total 0, and is no hit."""

    must: tuple[str, ...] = ()
    """Goals with `>=`, `<=` or `in`."""
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    heavy_atoms: tuple[int, int] | None = None
    charge: tuple[int, int] | None = None
    elements: tuple[str, ...] = ()
    stereo: Literal["defined", "none"] | None = None
    scaffold: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    similar_to: tuple[str, ...] = ()
    similarity: tuple[float, float] | None = None

    @field_validator("must")
    @classmethod
    def _check_limits(cls, must: tuple[str, ...]) -> tuple[str, ...]:
        for text in must:
            goal = parse_goal(text)
            if not goal.is_bounded or goal.weight != 1:
                raise ProfileError(f"the limit {text!r} must be >= X, <= X or in A..B, without a weight")
        return must

    @field_validator("charge", mode="before")
    @classmethod
    def _take_one_charge(cls, charge: Any) -> Any:
        return (charge, charge) if isinstance(charge, int) else charge

    @field_validator("heavy_atoms", "charge", "similarity")
    @classmethod
    def _check_range(cls, ends: tuple[float, float] | None) -> tuple[float, float] | None:
        if ends is not None and ends[0] > ends[1]:
            raise ProfileError(f"the range {list(ends)} is empty; write the lower end first")
        return ends

    @field_validator("elements")
    @classmethod
    def _check_elements(cls, elements: tuple[str, ...]) -> tuple[str, ...]:
        read_elements(",".join(elements))
        return elements

    @field_validator("scaffold")
    @classmethod
    def _check_scaffolds(cls, scaffold: tuple[str, ...]) -> tuple[str, ...]:
        for text in scaffold:
            read_scaffold(text)
        return scaffold

    @field_validator("link")
    @classmethod
    def _check_ends(cls, link: tuple[str, ...]) -> tuple[str, ...]:
        for text in link:
            read_ends(text)
        return link

    @field_validator("similar_to")
    @classmethod
    def _check_molecules(cls, similar_to: tuple[str, ...]) -> tuple[str, ...]:
        try:
            require_mols(similar_to)
        except InvalidSmilesError as error:
            raise ProfileError(f"a molecule to compare with cannot be read: {error}") from error
        return similar_to

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if self.scaffold and self.link:
            raise ProfileError("scaffold and link are two ways to design; give one of them")
        if (self.similarity is None) != (not self.similar_to):
            raise ProfileError("similarity and similar_to need each other: how near, and to which molecules")
        return self

    @property
    def kept_molecules(self) -> tuple[str, ...]:
        """The molecules and pieces that the user began with, as SMILES."""
        return (*self.scaffold, *self.link, *self.similar_to)

    @property
    def least_similarity(self) -> float:
        """How much a molecule must resemble one of `similar_to` at least; 0 where nothing is asked."""
        return 0.0 if self.similarity is None else self.similarity[0]

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """The limits as goals."""
        return tuple(goal for _, goal in self.keyed_goals)

    @cached_property
    def keyed_goals(self) -> tuple[tuple[str, Goal], ...]:
        """The limits as goals, each with the key that states it."""
        return tuple((key, parse_goal(text)) for key, text in self._iterate_texts())

    def _iterate_texts(self) -> Iterator[tuple[str, str]]:
        yield from (("must", text) for text in self.must)
        yield from (("required", f"substructure({smarts}) >= 1") for smarts in self.required)
        yield from (("forbidden", f"substructure({smarts}) <= 0") for smarts in self.forbidden)
        if self.heavy_atoms is not None:
            yield "heavy_atoms", "heavy_atoms in {}..{}".format(*self.heavy_atoms)
        if self.charge is not None:
            yield "charge", "formal_charge in {}..{}".format(*self.charge)
        if self.elements:
            yield "elements", f"only({','.join(self.elements)}) >= 1"
        if self.stereo is not None:
            yield "stereo", _STEREO[self.stereo]
        if self.scaffold:
            yield "scaffold", f"scaffold({ALTERNATIVES.join(self.scaffold)}) >= 1"
        if self.link:
            yield "link", f"linked({ALTERNATIVES.join(self.link)}) >= 1"
        if self.similarity is not None:
            yield "similar_to", "nearest({}) in {}..{}".format(ALTERNATIVES.join(self.similar_to), *self.similarity)


def forgive_limits(rewards: Rewards, terms: tuple[Term, ...]) -> Rewards:
    """Return the rewards as if every hard limit were kept: what molecules are worth by goals and guards.

    Args:
        rewards: of N molecules.
        terms: those of the profile, K.
    """
    weights = np.array([term.weight for term in terms])
    forgiven = np.where((weights == 0) & ~np.isnan(rewards.raw), 1.0, rewards.terms)
    return replace(rewards, terms=forgiven, total=combine_terms(forgiven, weights.tolist()) * rewards.discount)
