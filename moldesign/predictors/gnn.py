"""The network: a graph isomorphism network with bond features (GINE, arXiv:1905.12265), many endpoints at once."""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import GINEConv, global_add_pool, global_max_pool, global_mean_pool


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
            nn.ReLU(),
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
            states = states + layer(norm(states).relu(), graphs.edge_index, graphs.edge_attr)
        return states  # type: ignore[no-any-return]

    def pool(self, states: Tensor, graphs: Batch, presence: Tensor | None = None) -> Tensor:
        """Return molecule states, float32 [B, 3 * hidden_size]: mean, maximum and (scaled) sum over atoms.

        Args:
            states: of the atoms, float32 [n_atoms, hidden_size].
            graphs: B molecules.
            presence: how far each atom is there, 0 to 1, float32 [n_atoms]; without it every atom is.
        """
        owner, n_graphs = graphs.batch, graphs.num_graphs
        mean = global_mean_pool(states, owner, n_graphs)
        if presence is not None:
            states = states * presence[:, None]
            mean = global_add_pool(states, owner, n_graphs) / global_add_pool(presence[:, None], owner, n_graphs)
        largest = global_max_pool(states, owner, n_graphs)
        total = global_add_pool(states, owner, n_graphs) / 25.0  # about the atoms of a drug
        return torch.cat([mean, largest, total], dim=1)


def _make_layer(settings: NetworkSettings) -> GINEConv:
    size = settings.hidden_size
    update = nn.Sequential(nn.Linear(size, size), nn.ReLU(), nn.Linear(size, size))
    return GINEConv(update, edge_dim=settings.n_bond_features)
