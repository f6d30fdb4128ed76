"""A predictor as one PyTorch module, for exporters: tensors in, values and std in the unit of each endpoint out."""

import copy
from collections.abc import Iterable
from types import SimpleNamespace
from typing import cast

import torch
from torch import Tensor, nn

from moldesign.predictors.calibration import PlattScaling
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.error_model import MAX_DEVIATION, MAX_OUTPUT, ErrorModel
from moldesign.predictors.gnn import PropertyNetwork


class ExportedEnsemble(nn.Module):
    """The networks as they are, and behind them what `summarize_outputs` does, for tensors."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        endpoints = predictor.endpoints
        scalings = [predictor.calibration.parts.get(one.name) for one in endpoints]
        is_class = [one.task == "classification" for one in endpoints]
        logits = [(part.slope, part.intercept) if isinstance(part, PlattScaling) else (1.0, 0.0) for part in scalings]
        scales = [
            logit if chosen else (one.spread, one.center)
            for one, chosen, logit in zip(endpoints, is_class, logits, strict=True)
        ]
        self.networks = nn.ModuleList(copy.deepcopy(network).cpu() for network in predictor.networks)
        self.errors = _ExpectedErrors(predictor.error_model) if predictor.error_model else None
        self.scale, self.shift = nn.Buffer(torch.tensor(scales).T[0]), nn.Buffer(torch.tensor(scales).T[1])
        self.is_class = nn.Buffer(torch.tensor(is_class))
        self.is_log = nn.Buffer(torch.tensor([one.log_scale and one.task == "regression" for one in endpoints]))
        self.is_platt = nn.Buffer(torch.tensor([isinstance(part, PlattScaling) for part in scalings]))

    def forward(self, atoms: Tensor, bonds: Tensor, edges: Tensor, atom_starts: Tensor) -> tuple[Tensor, Tensor]:
        """Return values and std, float32 [n_molecules, n_endpoints] each."""
        graphs = SimpleNamespace(
            x=atoms,
            edge_attr=bonds,
            edge_index=edges,
            batch=_find_owners(atom_starts, atoms.shape[0]),
            num_graphs=atom_starts.shape[0] - 1,
        )
        networks = cast(Iterable[PropertyNetwork], self.networks)
        states = [network.pool(network.encode(graphs), graphs) for network in networks]
        outputs = torch.stack([network.heads(state) for network, state in zip(networks, states, strict=True)])
        members, mean = self._to_values(outputs), outputs.mean(dim=0)
        values = torch.where(self.is_platt, self._to_values(mean), members.mean(dim=0))
        if self.errors is None:
            return values, members.std(dim=0, correction=0)
        expected = self.errors(mean, states[0])
        around = (self._to_values(mean + expected) - self._to_values(mean - expected)) / 2
        return values, torch.where(self.is_class, expected.clamp(max=1.0), around)

    def _to_values(self, outputs: Tensor) -> Tensor:
        scaled = outputs * self.scale + self.shift
        powers = torch.pow(10.0, torch.where(self.is_log, scaled, 0.0))
        return torch.where(self.is_class, scaled.sigmoid(), torch.where(self.is_log, powers, scaled))


class _ExpectedErrors(nn.Module):
    """`ErrorModel.expect` for tensors."""

    def __init__(self, model: ErrorModel) -> None:
        super().__init__()
        self.center, self.projection = (nn.Buffer(torch.from_numpy(part)) for part in (model.center, model.projection))
        self.weights = nn.Buffer(torch.from_numpy(model.weights))

    def forward(self, outputs: Tensor, states: Tensor) -> Tensor:
        """Return the error to expect, float32 [n_molecules, n_endpoints]."""
        limited = outputs.clamp(-MAX_OUTPUT, MAX_OUTPUT)
        own = torch.stack([torch.ones_like(limited), limited, limited**2, limited.abs()], dim=-1)
        place = ((states - self.center) @ self.projection).clamp(-MAX_DEVIATION, MAX_DEVIATION)
        n_own = own.shape[-1]
        return torch.exp((own * self.weights[:, :n_own]).sum(dim=-1) + place @ self.weights[:, n_own:].T)


def _find_owners(atom_starts: Tensor, n_atoms: int) -> Tensor:
    """Return the molecule of each atom, int64 [n_atoms]: each first atom but the very first one begins another."""
    firsts = atom_starts[1:-1]
    begins = torch.zeros(n_atoms, dtype=torch.int64).scatter_add(0, firsts, torch.ones_like(firsts))
    return begins.cumsum(0)
