"""The encoder of a model: everything but the heads, for as many networks as are asked for."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from moldesign.errors import ModelFormatError, MoldesignError, UnknownNameError
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.encoder import load_encoder
from tests.predictors.tiny_predictor import make_predictor


def test_an_encoder_is_a_network_without_its_heads(tmp_path, tiny_predictor):
    tiny_predictor.save(tmp_path)
    encoder = load_encoder(tmp_path)
    assert encoder.settings == tiny_predictor.networks[0].settings
    assert encoder.learned == set(tiny_predictor.domain.smiles)
    for network, weights in zip(tiny_predictor.networks, encoder.weights, strict=True):
        state = network.state_dict()
        assert {name for name in state if name not in weights} == {n for n in state if n.startswith("heads.")}
        assert all(torch.equal(tensor, state[name]) for name, tensor in weights.items())


def test_what_an_earlier_start_had_learned_is_not_forgotten(tmp_path):
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for folder, smiles, start in zip(folders, ["CCO", "CCN", "CCS"], [None, *folders], strict=False):
        made = make_predictor(name=folder.name)
        domain = fit_domain([smiles], np.ones((1, 2)), rng=np.random.default_rng(0))
        card = made.card | ({} if start is None else {"start": str(start)})
        replace(made, domain=domain, card=card).save(folder)
    assert load_encoder(folders[2]).learned == {"CCO", "CCN", "CCS"}
    shutil.rmtree(folders[0])
    with pytest.raises(MoldesignError, match=r"second started from .*first, which is not there"):
        load_encoder(folders[2])


def test_a_larger_ensemble_uses_the_encoders_in_turn(tmp_path):
    make_predictor(n_networks=2).save(tmp_path)
    encoder = load_encoder(tmp_path)
    assert encoder.of_member(0) is encoder.of_member(2)
    assert encoder.of_member(1) is encoder.weights[1]


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown model 'nowhere'"):
        load_encoder("nowhere")
    with pytest.raises(ModelFormatError, match=r"no card\.json"):
        load_encoder(tmp_path)
