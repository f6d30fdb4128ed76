"""The network: a graph isomorphism network with bond features (GINE, arXiv:1905.12265), many endpoints at once."""

from dataclasses import asdict, dataclass
from typing import cast

import torch
from torch import Tensor, nn

from moldesign.graphs.geometric import Batch, GINEConv
from moldesign.predictors.bags import sum_bags
from moldesign.predictors.environments import Environments, Messages

_USUAL_ATOMS = 25.0
"""Of a drug, about."""


@dataclass(frozen=True)
class NetworkSettings:
    """Shape of the network."""

    n_atom_features: int
    n_bond_features: int
    n_endpoints: int
    hidden_size: int = 96
    n_layers: int = 3
    dropout: float = 0.1

    def to_dict(self) -> dict[str, float]:
        """Return the settings for a model card."""
        return asdict(self)


class PropertyNetwork(nn.Module):
    """outputs = heads(pool(encode(graphs)))"""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        size = settings.hidden_size
        self.settings = settings
        self.embed_atoms = nn.Linear(settings.n_atom_features, size)
        self.layers = nn.ModuleList(_make_layer(settings) for _ in range(settings.n_layers))
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(settings.n_layers))
        self.heads = nn.Sequential(
            nn.LayerNorm(3 * size),
            nn.Linear(3 * size, 2 * size),
            nn.ReLU(inplace=True),
            nn.Dropout(settings.dropout),
            nn.Linear(2 * size, settings.n_endpoints),
        )

    def forward(self, graphs: Batch) -> Tensor:
        """Return float32 [B, n_endpoints]: scaled values of regressions, logits of classifications."""
        return self.heads(self.pool(self.encode(graphs), graphs))  # type: ignore[no-any-return]

    def encode(self, graphs: Batch) -> Tensor:
        """Return atom states, float32 [n_atoms, hidden_size]: each layer adds what the bonded atoms tell."""
        states = self.embed_atoms(graphs.x)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            states = states + layer(norm(states).relu_(), graphs.edge_index, graphs.edge_attr)
        return states  # type: ignore[no-any-return]

    def pool_environments(self, environments: Environments) -> Tensor:
        """Return the molecule states that `pool` gives of `encode`, computing each environment of an atom once."""
        states = self.embed_atoms(environments.atoms)
        for layer, norm, messages in zip(self.layers, self.norms, environments.layers, strict=True):
            told = cast(BondMessageLayer, layer).widen(norm(states).relu_(), messages)
            states = told.add_(states.index_select(0, messages.own))
        of_atom, starts = environments.of_atom, environments.atom_starts
        total = sum_bags(states, of_atom, starts)
        mean = total / starts.diff()[:, None]
        largest = _find_largest(states.index_select(0, of_atom), environments.owner, len(starts) - 1)
        return torch.cat([mean, largest, total / _USUAL_ATOMS], dim=1)

    def pool(self, states: Tensor, graphs: Batch, presence: Tensor | None = None) -> Tensor:
        """Return molecule states, float32 [B, 3 * hidden_size]: mean, maximum and (scaled) sum over atoms.

        Args:
            states: of the atoms, float32 [n_atoms, hidden_size].
            graphs: B molecules.
            presence: how far each atom is there, 0 to 1, float32 [n_atoms]; without it every atom is.
        """
        owner, n_graphs = graphs.batch, graphs.num_graphs
        if presence is None:
            presence = states.new_ones(states.shape[0])
        else:
            states = states * presence[:, None]
        total = _sum_rows(states, owner, n_graphs)
        mean = total / _sum_rows(presence[:, None], owner, n_graphs)
        largest = _find_largest(states, owner, n_graphs)
        return torch.cat([mean, largest, total / _USUAL_ATOMS], dim=1)


class BondMessageLayer(GINEConv):  # type: ignore[misc]  # PyG is untyped
    """update((1 + eps) * own state + sum over bonds of relu(neighbour's state + lin(bond)))

    It is PyG's layer; only the order of the work differs, which makes it faster on a CPU: bonds are read and
    summed as whole rows, and the messages of a batch exist once.
    """

    def forward(self, states: Tensor, edges: Tensor, bonds: Tensor) -> Tensor:
        """Return the new states, float32 [n_atoms, hidden_size].

        Args:
            states: of the atoms, float32 [n_atoms, hidden_size].
            edges: source and target atom of each directed bond, int64 [2, 2 * n_bonds].
            bonds: features, float32 [2 * n_bonds, n_bond_features].
        """
        if self.explain:  # the masks of an explanation enter PyG's own messages
            return super().forward(states, edges, bonds)  # type: ignore[no-any-return]
        told = self.lin(bonds).add_(states.index_select(0, edges[0])).relu_()
        return self.nn(((1 + self.eps) * states).index_add_(0, edges[1], told))  # type: ignore[no-any-return]

    def widen(self, states: Tensor, messages: Messages) -> Tensor:
        """Return the new states of the environments that are wider by one bond, float32 [n, hidden_size].

        Args:
            states: of the narrower environments, float32 [m, hidden_size].
            messages: between them.
        """
        parts = torch.cat([states, self.lin(messages.bonds)])
        told = sum_bags(parts, messages.parts, messages.part_starts).relu_()
        kept = states.index_select(0, messages.own).mul_(1 + self.eps)
        return self.nn(kept.add_(sum_bags(told, messages.rows, messages.starts)))  # type: ignore[no-any-return]


def _make_layer(settings: NetworkSettings) -> BondMessageLayer:
    size = settings.hidden_size
    update = nn.Sequential(nn.Linear(size, size), nn.ReLU(inplace=True), nn.Linear(size, size))
    return BondMessageLayer(update, edge_dim=settings.n_bond_features)


def _sum_rows(rows: Tensor, owner: Tensor, n_owners: int) -> Tensor:
    return rows.new_zeros(n_owners, rows.shape[1]).index_add_(0, owner, rows)


def _find_largest(rows: Tensor, owner: Tensor, n_owners: int) -> Tensor:
    """Return what PyG's `global_max_pool` does, which imports all of `torch.onnx` for it."""
    index = owner[:, None].expand_as(rows)
    return rows.new_zeros(n_owners, rows.shape[1]).scatter_reduce_(0, index, rows, "amax", include_self=False)
