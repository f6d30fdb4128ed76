"""Where a SMILES goes wrong: the character at which a reader should look."""

import re
from typing import NamedTuple

from rdkit import Chem

from moldesign.chem.smiles import MAX_SMILES_LENGTH, parse_smiles, quiet_rdkit

_TOKEN = re.compile(r"\[[^\]]*\]?|Br|Cl|%\d\d|.", re.DOTALL)
_ATOM = re.compile(r"\[.*|Br|Cl|[A-Za-z*]", re.DOTALL)
_RING = re.compile(r"%\d\d|\d")


class SmilesError(NamedTuple):
    """Why a text is no molecule, and where."""

    message: str
    position: int | None
    """Of the character, from 0; None where no single one is to blame."""


def explain_smiles(text: str) -> SmilesError | None:
    """Say why a text is no molecule, and at which character; None for a molecule.

    >>> explain_smiles("CC(C").position, explain_smiles("CCQ").position, explain_smiles("CN(C)(C)(C)C").position
    (2, 2, 1)
    >>> explain_smiles("CCO") is None
    True
    """
    [error] = parse_smiles([text]).errors
    if error is None:
        return None
    return SmilesError(error.partition(": ")[2], locate_error(text) if len(text) <= MAX_SMILES_LENGTH else None)


def locate_error(text: str) -> int | None:
    """Return the first character that makes an invalid SMILES invalid; None where none can be named."""
    odd = next((k for k, sign in enumerate(text) if not sign.isascii() or sign.isspace()), None)
    tokens = list(_TOKEN.finditer(text[:odd]))
    with quiet_rdkit():
        for k, token in enumerate(tokens):
            if not _can_go_on([one[0] for one in tokens[: k + 1]]):
                return token.start()
        if odd is not None:
            return odd
        return _find_open(tokens) if Chem.MolFromSmiles(text, sanitize=False) is None else _find_odd_atom(text, tokens)


def _can_go_on(tokens: list[str]) -> bool:
    """Return whether a SMILES may begin so: completed in the simplest way, it can be read."""
    depth, rings = 0, dict[int, None]()
    for sign in tokens:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
        if _RING.fullmatch(sign):
            label = int(sign.lstrip("%"))
            rings.pop(label) if label in rings else rings.setdefault(label)
    closings = "".join(f"CC{label}" if label < 10 else f"CC%{label}" for label in rings)
    return Chem.MolFromSmiles(f"{''.join(tokens)}C{')' * depth}{closings}", sanitize=False) is not None


def _find_open(tokens: list[re.Match[str]]) -> int | None:
    """Return where the first bracket or ring begins that is never closed, else the last character."""
    branches, rings = list[int](), dict[int, int]()
    for token in tokens:
        if token[0] == "(":
            branches.append(token.start())
        elif token[0] == ")":
            branches.pop()
        elif _RING.fullmatch(token[0]):
            label = int(token[0].lstrip("%"))
            rings.pop(label) if label in rings else rings.setdefault(label, token.start())
    return min([*branches, *rings.values()], default=tokens[-1].start() if tokens else None)


def _find_odd_atom(text: str, tokens: list[re.Match[str]]) -> int | None:
    """Return where the first atom stands whose chemistry is impossible."""
    problems = Chem.DetectChemistryProblems(Chem.MolFromSmiles(text, sanitize=False))
    atoms = [token.start() for token in tokens if _ATOM.fullmatch(token[0])]
    for problem in problems:
        index: int = problem.GetAtomIndices()[0] if hasattr(problem, "GetAtomIndices") else problem.GetAtomIdx()
        if index < len(atoms):
            return atoms[index]
    return None
