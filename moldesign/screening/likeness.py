"""Similarity search: a profile whose goal is to resemble some molecules, and what is said of that in the results."""

from collections.abc import Sequence

import numpy as np

from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.smiles import Mol, canonicalize, require_mols
from moldesign.chem.standardize import standardize_mol
from moldesign.errors import InvalidSmilesError, ProfileError
from moldesign.objectives.guards import Guards
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.objectives.structures import ALTERNATIVES, NearestProperty
from moldesign.objectives.terms import Term

SIMILARITY, NEAREST_QUERY = "similarity", "nearest_query"
"""Columns: the Tanimoto similarity to the most similar query, and its SMILES."""


def add_queries(
    profile: Profile | None, queries: Sequence[str], least: float | None = None, models: Sequence[str] = ()
) -> Profile:
    """Return the profile with a further goal, to resemble one of the queries.

    Args:
        profile: other goals; without it, similarity alone ranks the molecules, and no guard lessens it.
        queries: SMILES; each is standardised as the molecules of the library are.
        least: the similarity that a molecule must have to its nearest query; None for any.
        models: whose endpoints limits may be about, besides those of the profile.

    Raises:
        ProfileError: a query is no molecule, or the least similarity is none.
        MoldesignError: a model cannot be used.
    """
    if least is not None and not 0 < least <= 1:
        raise ProfileError(f"the least similarity must lie above 0 and not above 1, not {least:g}")
    try:
        mols = [canonicalize(standardize_mol(mol)) for mol in require_mols(queries)]
    except InvalidSmilesError as error:
        raise ProfileError(f"--like: {str(error).partition(': ')[2]}; give the SMILES of a molecule") from error
    name = f"nearest({ALTERNATIVES.join(dict.fromkeys(mols))})"
    if profile is None:
        profile = parse_goals([f"{name} max"], models=models).with_changes(guards=Guards.off().model_dump())
    else:
        profile = profile.with_goals([f"{name} max"], models)
    if least is None:
        return profile
    return profile.with_constraints(must=(*profile.constraints.must, f"{name} >= {least:g}"))


def find_likeness(terms: Sequence[Term]) -> Term | None:
    """Return the goal to resemble some molecules, if the terms have one and no more."""
    found = [term for term in terms if isinstance(term.property, NearestProperty) and term.weight > 0]
    return found[0] if len(found) == 1 else None


def is_about_likeness(term: Term, likeness: Term | None) -> bool:
    """Say whether a term is the goal to resemble some molecules, or a limit to the same similarity."""
    return likeness is not None and term.property.name == likeness.property.name


def name_nearest_queries(mols: Sequence[Mol], term: Term) -> list[str]:
    """Return the SMILES of the most similar query of each molecule; of equally similar ones the first."""
    about = term.property
    if not isinstance(about, NearestProperty):
        raise TypeError(f"{term.name} is about no molecules")
    names = [canonicalize(mol) for mol in about.targets]
    nearest = tanimoto(morgan_bits(mols), about.bits).argmax(axis=1) if mols else np.zeros(0, dtype=np.int64)
    return [names[row] for row in nearest.tolist()]
