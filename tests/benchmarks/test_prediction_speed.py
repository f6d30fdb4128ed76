"""The table of speeds: ratios to the parse, start-up apart, fresh processes."""

import os
import sys

import pytest
import torch

from benchmarks import prediction_speed
from benchmarks.prediction_speed import add_ratios, list_ways, measure_fresh, time_parse, use_cores
from benchmarks.speed.peers import PeerRate
from benchmarks.speed.processes import Finished
from tests.predictors.tiny_predictor import make_predictor


def test_rates_stand_beside_the_parse():
    rows = add_ratios({"rdkit_parse": PeerRate(20_000, 0.0, 10_000), "admet_ai": PeerRate(34.2, 12.345, 500)})
    assert rows["rdkit_parse"] == {
        "molecules_per_s": 20_000,
        "ratio_to_parse": 1.0,
        "molecules": 10_000,
        "startup_s": None,
    }
    assert rows["admet_ai"] == {"molecules_per_s": 34, "ratio_to_parse": 0.0017, "molecules": 500, "startup_s": 12.35}


def test_the_second_way_leaves_domain_and_calibration_out(monkeypatch):
    predictor, asked = make_predictor(), []
    ways = list_ways(predictor)

    def note(self, smiles, **options):
        asked.append((self.calibration, options))
        return real(self, smiles, **options)

    real = type(predictor).predict
    monkeypatch.setattr(type(predictor), "predict", note)
    full, bare = (way(["CCO", "C(C"]) for way in ways.values())
    assert asked[0] == (predictor.calibration, {})
    assert (dict(asked[1][0].parts), asked[1][1]) == ({}, {"with_domain": False})
    assert list(full.columns) == list(bare.columns)
    assert full["herg"].notna().tolist() == [True, False]


def test_parse_is_timed_without_its_start():
    assert 0 < time_parse(1, ["CCO"] * 20) < 30


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot pin processes")
def test_everything_runs_on_the_cores_asked_for(monkeypatch):
    cores, n_threads = os.sched_getaffinity(0), torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    try:
        use_cores(1)
        assert len(os.sched_getaffinity(0)) == 1
        assert torch.get_num_threads() == 1
        assert os.environ["OMP_NUM_THREADS"] == "1"
    finally:
        os.sched_setaffinity(0, cores)
        torch.set_num_threads(n_threads)


def test_memory_is_measured_from_python_and_from_the_command_line(monkeypatch):
    commands = []

    def run(command, *, sample_memory):
        commands.append(command)
        assert sample_memory
        return Finished(1.0, "", 100.4 + len(commands))

    monkeypatch.setattr(prediction_speed, "run_measured", run)
    monkeypatch.setattr(sys, "argv", ["x", "--memory-rows", "2", "3"])
    peaks = prediction_speed.measure_memory(prediction_speed.parse_options(), ["C", "CC", "CCC"])
    assert peaks == {
        "from_python": {"2_rows": 101, "3_rows": 103},
        "from_the_command_line": {"2_rows": 102, "3_rows": 104},
    }
    for command in commands:
        assert command[0] == sys.executable
    compile(commands[0][2], "predict_table", "exec")
    assert commands[1][1:4] == ["-m", "moldesign", "predict"]


def test_fresh_processes_name_the_model(monkeypatch):
    codes = []
    monkeypatch.setattr(prediction_speed, "time_python", lambda code, runs: codes.append(code) or 0.12345)
    assert measure_fresh("folder's") == {"python": 0.123, "import_moldesign": 0.123, "first_prediction": 0.123}
    compile(codes[2], "first_prediction", "exec")
    assert 'load_predictor("folder\'s")' in codes[2]
