"""A predictor that is made in a moment: random weights, but every part real."""

import numpy as np
import torch

from moldesign.graphs import count_features
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from tests.conftest import NAMED_DRUGS

ENDPOINTS = (
    Endpoint("herg", "classification", "probability", "blocks the hERG channel"),
    Endpoint("half_life", "regression", "h", "in humans", 0.5, 90, ("t_half",), log_scale=True, center=0.7, spread=0.4),
)
TRAINING = [NAMED_DRUGS[name] for name in ("aspirin", "caffeine", "paracetamol", "ibuprofen", "haloperidol")]


def make_network(seed: int = 0, n_endpoints: int = 2) -> PropertyNetwork:
    torch.manual_seed(seed)
    return PropertyNetwork(NetworkSettings(*count_features(), n_endpoints, hidden_size=16, n_layers=2)).eval()


def make_predictor(*, name: str = "tiny", n_networks: int = 3) -> Predictor:
    labels = np.ones((len(TRAINING), len(ENDPOINTS)))
    labels[2:, 1] = np.nan
    domain = fit_domain(TRAINING, labels, rng=np.random.default_rng(0))
    networks = tuple(make_network(seed) for seed in range(n_networks))
    return Predictor(name, ENDPOINTS, networks, domain, {"source": "random numbers", "licence": "none"})
