"""Do the explanations find the right atoms, where it is known which those are?

Two properties that RDKit computes from atoms are learned from molecules of ZINC250k, as an assay would be:

* Crippen's logP, a sum of contributions of atoms (each with those of its hydrogens). The right atoms of a molecule are
  those with a positive contribution. A second figure compares the whole order of the atoms.
* The presence of a nitro group, whose three atoms are the right ones.

On held-out molecules, the AUROC of the atoms' weights, averaged over molecules: of `moldesign explain`, of integrated
gradients along the usual path (features faded to zero), of the gradient alone (times the features, at the molecule
itself), and of random weights.

A sum over an atom's own features and those of its bonds, fitted on logP, is told beside them as `linear_atoms`: it has
no interactions whose credit could be shared in another way than Crippen shares it.

    python -m benchmarks.explanation_check --data DATA
"""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors
from sklearn.linear_model import Ridge

from benchmarks.harness import write_result
from moldesign.chem.crippen import logp
from moldesign.chem.smiles import Mol
from moldesign.chem.standardize import standardize_smiles
from moldesign.datasets.catalog import locate_dataset
from moldesign.datasets.tables import read_smiles
from moldesign.graphs import GraphTable, count_features, featurize_smiles
from moldesign.metrics import compute_auroc, compute_mae, compute_spearman
from moldesign.predictors.attribution import attribute_atoms
from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings, apply_network, train_network

LIBRARY, SEED = "zinc250k/zinc250k_molopt", 1
N_NITRO, N_OTHER, N_HELD_OUT, N_EXPLAINED, N_STEPS = 4_000, 16_000, 1_000, 200, 64
N_NETWORKS, LOGP_EPOCHS, NITRO_EPOCHS = 3, 8, 2
NITRO = Chem.MolFromSmarts("[N+](=O)[O-]")

Weights = NDArray[np.float32]
Method = Callable[[PropertyNetwork, GraphTable], Weights]


class Molecules(NamedTuple):
    """Standardised molecules, in random order; the first `N_HELD_OUT` are held out."""

    mols: list[Mol]
    graphs: GraphTable
    logp: NDArray[np.float64]
    has_nitro: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLDESIGN_DATA"), help="folder of the data sets")
    options = parser.parse_args()
    torch.set_num_threads(1)
    molecules = choose_molecules(options.data)
    endpoints = (
        fit_endpoint("logp", "regression", molecules.logp),
        fit_endpoint("nitro", "classification", molecules.has_nitro.astype(float)),
    )
    logp_networks = train(molecules, endpoints[0], molecules.logp, LOGP_EPOCHS)
    nitro_networks = train(molecules, endpoints[1], molecules.has_nitro.astype(float), NITRO_EPOCHS)
    explained = np.arange(N_EXPLAINED)
    with_nitro = np.flatnonzero(molecules.has_nitro[:N_HELD_OUT])[:N_EXPLAINED]
    figures = {
        name: {
            **measure_logp(molecules, explained, average(method, logp_networks, molecules.graphs, explained)),
            "nitro_auroc": measure_nitro(
                molecules, with_nitro, average(method, nitro_networks, molecules.graphs, with_nitro)
            ),
        }
        for name, method in METHODS.items()
    }
    figures["linear_atoms"] = measure_logp(molecules, explained, fit_linear(molecules, explained))
    for name, row in figures.items():
        print(name, row, flush=True)
    print(write_result("explanation_check", figures, seed=SEED, extra=describe(molecules, logp_networks, endpoints[0])))


def choose_molecules(data: Path | None) -> Molecules:
    """Draw molecules with and without a nitro group, and compute their properties."""
    library = read_smiles(locate_dataset(LIBRARY, data))
    rng = np.random.default_rng(SEED)
    is_written = np.array(["[N+](=O)[O-]" in smiles or "O=[N+]([O-])" in smiles for smiles in library])
    drawn = [
        rng.choice(np.flatnonzero(is_written), N_NITRO, replace=False),
        rng.choice(np.flatnonzero(~is_written), N_OTHER, replace=False),
    ]
    prepared = standardize_smiles([library[row] for row in rng.permutation(np.concatenate(drawn))])
    featurized = featurize_smiles(prepared.smiles)
    mols = [Chem.MolFromSmiles(prepared.smiles[row]) for row in featurized.rows]
    has_nitro = np.array([mol.HasSubstructMatch(NITRO) for mol in mols])
    return Molecules(mols, featurized.graphs, np.array([logp(mol) for mol in mols]), has_nitro)


def train(
    molecules: Molecules, endpoint: Endpoint, labels: NDArray[np.float64], n_epochs: int
) -> list[PropertyNetwork]:
    """Train an ensemble as `moldesign train` does, on all but the held-out molecules."""
    data = TrainingSet(molecules.graphs, labels[:, None], [endpoint])
    rows = np.arange(N_HELD_OUT, len(labels))
    shape, settings = NetworkSettings(*count_features(), 1), TrainingSettings(n_epochs=n_epochs)
    return [train_network(data, NetworkPlan(rows, shape, settings, seed=SEED + k)) for k in range(N_NETWORKS)]


def average(
    method: Method, networks: Sequence[PropertyNetwork], graphs: GraphTable, rows: NDArray[np.int64]
) -> list[Weights]:
    """Return the weights of the atoms of each molecule, averaged over the networks."""
    molecules = [graphs.select(np.array([row])) for row in rows]
    return [np.mean([method(network, one) for network in networks], axis=0) for one in molecules]


def explain_by_presence(network: PropertyNetwork, molecule: GraphTable) -> Weights:
    return attribute_atoms(network, molecule, 0, n_steps=N_STEPS)[0].weights


def explain_by_features(network: PropertyNetwork, molecule: GraphTable) -> Weights:
    """Integrated gradients of atom and bond features from zero; a bond's share goes half and half to its atoms."""
    return multiply_gradients(network, molecule, (torch.arange(N_STEPS) + 0.5) / N_STEPS)


def explain_by_gradient(network: PropertyNetwork, molecule: GraphTable) -> Weights:
    return multiply_gradients(network, molecule, torch.ones(1))


def draw_random(network: PropertyNetwork, molecule: GraphTable) -> Weights:
    del network
    return np.random.default_rng([SEED, len(molecule.atoms)]).normal(size=len(molecule.atoms)).astype(np.float32)


METHODS: dict[str, Method] = {
    "moldesign_explain": explain_by_presence,
    "integrated_gradients_of_features": explain_by_features,
    "gradient_times_features": explain_by_gradient,
    "random": draw_random,
}


def multiply_gradients(network: PropertyNetwork, molecule: GraphTable, shares: torch.Tensor) -> Weights:
    """Return features times the mean of their gradients, at these shares of the features, summed over each atom."""
    copies = molecule.select(np.zeros(len(shares), dtype=np.int64)).to_batch()
    atoms, bonds = torch.from_numpy(molecule.atoms), torch.from_numpy(molecule.bonds)
    copies.x = (shares[:, None, None] * atoms).flatten(0, 1).requires_grad_()
    copies.edge_attr = (shares[:, None, None] * bonds).flatten(0, 1).requires_grad_()
    of_atoms, of_bonds = torch.autograd.grad(network(copies).sum(), [copies.x, copies.edge_attr])
    weights = (atoms * of_atoms.unflatten(0, (len(shares), -1)).mean(dim=0)).sum(dim=1)
    bond_weights = (bonds * of_bonds.unflatten(0, (len(shares), -1)).mean(dim=0)).sum(dim=1)
    for ends in torch.from_numpy(molecule.edges):
        weights.index_add_(0, ends, bond_weights / 2)
    return weights.numpy()


def fit_linear(molecules: Molecules, rows: NDArray[np.int64]) -> list[Weights]:
    """Fit logP on sums of features, and return the atoms' parts of that sum."""
    graphs = molecules.graphs
    per_atom = np.zeros((len(graphs.atoms), graphs.atoms.shape[1] + graphs.bonds.shape[1]), dtype=np.float32)
    per_atom[:, : graphs.atoms.shape[1]] = graphs.atoms
    np.add.at(per_atom[:, graphs.atoms.shape[1] :], graphs.edges[0], graphs.bonds / 2)
    sums = np.add.reduceat(per_atom, graphs.atom_starts[:-1], axis=0)
    coefficients = Ridge(fit_intercept=False).fit(sums[N_HELD_OUT:], molecules.logp[N_HELD_OUT:]).coef_
    return [per_atom[graphs.atom_starts[row] : graphs.atom_starts[row + 1]] @ coefficients for row in rows]


def find_contributions(mol: Mol) -> NDArray[np.float64]:
    """Return Crippen's contribution of each atom with its hydrogens; their sum is the logP."""
    complete = Chem.AddHs(mol)
    contributions = [part for part, _ in rdMolDescriptors._CalcCrippenContribs(complete)]
    for atom in list(complete.GetAtoms())[mol.GetNumAtoms() :]:
        contributions[atom.GetNeighbors()[0].GetIdx()] += contributions[atom.GetIdx()]
    return np.array(contributions[: mol.GetNumAtoms()])


def measure_logp(molecules: Molecules, rows: NDArray[np.int64], weights: Sequence[Weights]) -> dict[str, float]:
    truths = [find_contributions(molecules.mols[row]) for row in rows]
    pairs = list(zip(truths, weights, strict=True))
    return {
        "logp_auroc": mean([compute_auroc(truth > 0, found) for truth, found in pairs]),
        "logp_auroc_above_median": mean([compute_auroc(truth > np.median(truth), found) for truth, found in pairs]),
        "logp_spearman": mean([compute_spearman(truth, found) for truth, found in pairs]),
    }


def measure_nitro(molecules: Molecules, rows: NDArray[np.int64], weights: Sequence[Weights]) -> float:
    scores = []
    for row, found in zip(rows, weights, strict=True):
        mol = molecules.mols[row]
        is_right = np.zeros(mol.GetNumAtoms(), dtype=bool)
        is_right[[atom for match in mol.GetSubstructMatches(NITRO) for atom in match]] = True
        scores.append(compute_auroc(is_right, found))
    return mean(scores)


def mean(scores: Sequence[float]) -> float:
    """Return the mean over the molecules for which the figure is defined."""
    return round(float(np.nanmean(scores)), 4)


def describe(molecules: Molecules, networks: Sequence[PropertyNetwork], endpoint: Endpoint) -> dict[str, float | str]:
    """Return the settings, and how well the networks learned."""
    held_out = molecules.graphs.select(np.arange(N_HELD_OUT))
    outputs = np.mean([apply_network(network, held_out)[:, 0] for network in networks], axis=0)
    incomplete = [
        abs(one.weights.sum() - (one.output - one.baseline)) / np.abs(one.weights).sum()
        for one in attribute_atoms(networks[0], molecules.graphs.select(np.arange(N_EXPLAINED)), 0, n_steps=N_STEPS)
    ]
    return {
        "library": LIBRARY,
        "molecules": len(molecules.mols),
        "with_nitro": int(molecules.has_nitro.sum()),
        "explained": N_EXPLAINED,
        "networks": N_NETWORKS,
        "steps": N_STEPS,
        "logp_mae": round(compute_mae(molecules.logp[:N_HELD_OUT], endpoint.to_values(outputs)), 4),
        "mean_completeness_error": round(float(np.mean(incomplete)), 5),
    }


if __name__ == "__main__":
    main()
