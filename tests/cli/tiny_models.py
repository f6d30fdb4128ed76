"""Models that are made in a moment: random weights, so that the command line has something to run."""

from pathlib import Path

import numpy as np
import torch

from moldesign.envs.vocabulary import Vocabulary
from moldesign.graphs import count_features
from moldesign.policies.bundled import Prior
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork

ENDPOINTS = (
    Endpoint(
        "herg",
        "classification",
        "probability",
        "blocks the hERG channel",
        aliases=("herg_karim",),
        direction="lower is better",
        reference_range="below 0.3 favourable",
        source="a paper, https://doi.org/10.1021/x",
        licence="CC BY 4.0",
    ),
    Endpoint("solubility", "regression", "log10 mol/L", "in water", low=-8.0, high=1.0, center=-3.0),
    Endpoint("ames", "classification", "probability", "mutagenic in bacteria"),
    Endpoint("caco2", "regression", "log10 cm/s", "permeability", low=-8.0, high=-3.0, center=-5.0),
)
TOKENS = ("C", "N", "O", "F", "c", "1", "(", ")", "=")


def save_predictor(folder: Path, name: str, endpoints: tuple[Endpoint, ...], training: list[str]) -> None:
    torch.manual_seed(0)
    settings = NetworkSettings(*count_features(), len(endpoints), hidden_size=8, n_layers=1)
    networks = tuple(PropertyNetwork(settings).eval() for _ in range(2))
    labels = np.zeros((len(training), len(endpoints)))
    domain = fit_domain(training, labels, rng=np.random.default_rng(0))
    test = {"herg": {"AUROC": 0.8125, "AUPRC": 0.75, "n": 131}, "solubility": {"MAE": 0.9, "n": 1996}}
    card = {"source": "random numbers", "licence": "none", "test": test, "date": "2026-01-31"}
    card |= {"n_labels": {"herg": 523, "solubility": 7985}, "split": {"herg": "official"}}
    Predictor(name, endpoints, networks, domain, card).save(folder)


def save_prior(folder: Path, name: str) -> None:
    torch.manual_seed(0)
    vocabulary = Vocabulary.from_tokens(TOKENS)
    settings = PolicySettings(len(vocabulary), embedding_size=8, hidden_size=16, n_layers=1)
    samples = {"n": 10_000, "valid": 0.975, "unique": 0.9991, "novel": 1.0}
    card = {"source": "random numbers", "samples": samples}
    Prior(name, TokenPolicy(settings), vocabulary, 24, card).save(folder)
