"""The feature vocabulary of atoms and bonds: what the network sees of a molecule.

Element, degree, charge, hydrogens and hybridization of an atom have a slot each for values outside the vocabulary, so
an exotic atom is an 'other' atom and never an error. Two blocks have no such slot. Ring sizes 3 to 8 have a column
each, all zero for an atom that is in larger rings only: 'in ring' still tells it from one in a chain. Bond types are
single, double, triple, and one slot that aromatic bonds share with all rarer ones: dative, quadruple, unspecified.
Chirality enters as the CIP label and not as RDKit's clockwise tag, because the tag depends on the order in which the
atoms were written.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.graphs.featurizer import load_featurizer

FEATURES_VERSION = 1
"""Raised whenever the meaning of a column changes: weights of another version are refused."""

ATOM_ONEHOT_FEATURES = (
    "atomic-number-common",
    "total-degree",
    "formal-charge",
    "num-hydrogens",
    "hybridization-expanded",
    "ring-size",
)
ATOM_FLOAT_FEATURES = ("aromatic", "mass")
"""The featuriser's own 'in-ring' is left out: it crashes the process when a SMILES has a syntax error."""
CIP_FEATURE = "chirality"
"""0 for S, 1 for R, 2 for none: expanded to two columns here, because the number has no order."""

BOND_FEATURES = ("bond-type-onehot", "conjugated", "in-ring", "stereo")
_IN_RING_COLUMN = 5
"""Of a bond: behind four types and 'conjugated'."""


class FeatureCodes(NamedTuple):
    """The featuriser's integer codes of the names above."""

    atom_onehot: NDArray[np.int64]
    atom_float: NDArray[np.int64]
    bond: NDArray[np.int64]


def encode_feature_names() -> FeatureCodes:
    """Translate the feature names to the codes that the C++ featuriser takes."""
    featurizer = load_featurizer()
    return FeatureCodes(
        featurizer.atom_onehot_feature_names_to_array(list(ATOM_ONEHOT_FEATURES)),
        featurizer.atom_float_feature_names_to_array([*ATOM_FLOAT_FEATURES, CIP_FEATURE]),
        featurizer.bond_feature_names_to_array(list(BOND_FEATURES)),
    )


@cache
def find_neutral_column() -> int:
    """Return the column of an atom's features that is 1 where it has no formal charge, 0 where it has one."""
    codes, place = encode_feature_names(), ATOM_ONEHOT_FEATURES.index("formal-charge")
    nothing = codes.atom_float[:0]

    def featurize_carbon(atom_onehot: NDArray[np.int64]) -> NDArray[np.float32]:
        features: NDArray[np.float32] = load_featurizer().mol_featurizer(
            "C", atom_onehot, nothing, codes.bond, False, False, True, False
        )[0][0]
        return features

    before = len(featurize_carbon(codes.atom_onehot[:place]))
    return before + int(featurize_carbon(codes.atom_onehot[place : place + 1]).argmax())


def complete_atoms(
    atoms: NDArray[np.float32], bonds: NDArray[np.float32], edges: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Insert 'in ring' before the mass, and replace the last column (0 S, 1 R, 2 none) by 'is S' and 'is R'."""
    in_ring = np.zeros((len(atoms), 1), dtype=bool)
    in_ring[edges[0, bonds[:, _IN_RING_COLUMN] == 1]] = True
    mass, label = atoms[:, -2:-1], atoms[:, -1:]
    return np.concatenate([atoms[:, :-2], in_ring, mass, label == 0, label == 1], axis=1, dtype=np.float32)
