"""Which atoms an output of the network rests on: integrated gradients (arXiv:1703.01365) over the presence of atoms.

Every atom gets a presence between 0 and 1, with which it enters its neighbours' messages and the pooled state of the
molecule. The path leads from faint atoms to the molecule itself; the gradients on the way, added up, tell what each
atom brought. A bond carries two messages: what it tells counts for the atom that each comes from.

The usual path fades the features of the atoms to zero instead. No network has ever seen such atoms, and between them
and the molecule its output jumps in a way that changes from one training to the next; along the presence, every atom
that the network sees is a real one (`benchmarks/explanation_check.py` compares the two).
"""

from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moldesign.graphs import GraphTable
from moldesign.graphs.geometric import set_masks
from moldesign.predictors.gnn import PropertyNetwork

N_STEPS = 64
START = 0.25
"""Presence of the faint atoms: a quarter of a drug weighs as much as the smallest molecules that networks learn from.
Fainter ones lie beyond anything learned: on the way from there the output says little about the molecule."""
_MAX_ATOMS = 10_000
"""Atoms computed at once: bounds the memory for the largest molecules."""


class Attribution(NamedTuple):
    """What the atoms of one molecule bring to one output of a network, in the unit of that output."""

    weights: NDArray[np.float32]
    """[n_atoms], positive where the atom pushes the output up"""
    output: float
    """Of the molecule"""
    baseline: float
    """Of the faint molecule; together with the sum of the weights it is the output, up to the error of the steps"""


def attribute_atoms(
    network: PropertyNetwork, graphs: GraphTable, column: int, *, n_steps: int = N_STEPS
) -> list[Attribution]:
    """Return what each atom of each molecule brings to the output in `column`.

    Args:
        network: as trained; it is not changed.
        graphs: N molecules.
        column: number of the output.
        n_steps: points of the path at which gradients are taken.
    """
    copy = deepcopy(network).eval()  # the masks of the messages are state of the layers, and other threads may predict
    return [_attribute(copy, graphs.select(np.array([row])), column, n_steps) for row in range(len(graphs))]


def _attribute(network: PropertyNetwork, molecule: GraphTable, column: int, n_steps: int) -> Attribution:
    device, n_atoms = next(network.parameters()).device, len(molecule.atoms)
    middles = START + (1 - START) * (torch.arange(n_steps, device=device) + 0.5) / n_steps
    gradients = torch.zeros(n_atoms, device=device)
    for points in torch.split(middles, max(1, _MAX_ATOMS // n_atoms)):
        presence = points[:, None].repeat(1, n_atoms).requires_grad_()
        outputs = _apply_with_presence(network, molecule, presence)[:, column]
        gradients += torch.autograd.grad(outputs.sum(), presence)[0].sum(dim=0)
    with torch.no_grad():
        ends = torch.tensor([START, 1.0], device=device)[:, None].repeat(1, n_atoms)
        baseline, output = _apply_with_presence(network, molecule, ends)[:, column].tolist()
    weights = (1 - START) * gradients / n_steps
    return Attribution(weights.cpu().numpy(), output, baseline)


def _apply_with_presence(network: PropertyNetwork, molecule: GraphTable, presence: Tensor) -> Tensor:
    """Return the outputs of copies of a molecule, float32 [B, T]; with presence 1 throughout they are `forward`.

    Args:
        network: the masks of its messages are changed.
        molecule: one.
        presence: of each atom in each copy, float32 [B, n_atoms].
    """
    copies = molecule.select(np.zeros(len(presence), dtype=np.int64)).to_batch().to(presence.device)
    flat = presence.flatten()
    set_masks(network, flat[copies.edge_index[0]], copies.edge_index, apply_sigmoid=False)
    return network.heads(network.pool(network.encode(copies), copies, flat))  # type: ignore[no-any-return]
