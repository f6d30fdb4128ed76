"""A small encoder as `scripts.teacher.pretrain_encoder` would leave it, untrained."""

from pathlib import Path

import torch

from moldesign.checkpoint import save_model
from moldesign.graphs import count_features
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from scripts.teacher.encoder import FOLDER, LARGE_FOLDER

SIZE = 8


def save_encoder(work: Path, seed: int = 0) -> PropertyNetwork:
    torch.manual_seed(seed)
    shape = NetworkSettings(*count_features(), n_endpoints=5, hidden_size=SIZE, n_layers=2, dropout=0.0)
    network = PropertyNetwork(shape)
    for folder in (FOLDER, LARGE_FOLDER):
        save_model(work / folder, network.state_dict(), {"kind": "encoder", "network": shape.to_dict()})
    return network
