"""Other programs, played by scripts that take the time they are told to."""

import sys
from pathlib import Path

import pytest

from benchmarks.speed import peers
from benchmarks.speed.peers import derive_rate, measure_admet_ai, measure_chemprop
from benchmarks.speed.processes import ProcessError

CHEMPROP = """#!{python}
import csv, pathlib, sys, time
option = lambda name: sys.argv[sys.argv.index(name) + 1]
with open(option("-i")) as handle:
    rows = list(csv.DictReader(handle))
if sys.argv[1] == "train":
    assert option("--epochs") == "3" and float(rows[0][option("--target-columns")]) == 2
    (pathlib.Path(option("-o")) / "model_0").mkdir(parents=True)
    (pathlib.Path(option("-o")) / "model_0" / "best.pt").write_text("weights")
else:
    assert pathlib.Path(option("--model-paths")).read_text() == "weights"
    assert list(rows[0]) == ["smiles"]
    time.sleep(0.004 * len(rows))
    with open({log!r}, "a") as handle:
        handle.write(f"{{len(rows)}} {{sys.argv[2:]}}\\n")
"""

ADMET_AI = """
class ADMETModel:
    def predict(self, smiles):
        import time
        time.sleep(0.01 * len(smiles))
"""


def test_rate_is_that_of_the_further_rows():
    rate = derive_rate(10_200, 6.0, 26.0)
    assert rate.molecules_per_s == pytest.approx(500)
    assert rate.startup_s == pytest.approx(5.6)
    assert rate.molecules == 10_000


@pytest.mark.parametrize(("n", "seconds"), [(200, 9.0), (1_000, 2.0)])
def test_too_few_rows_have_no_rate(n, seconds):
    with pytest.raises(ProcessError, match="give more rows"):
        derive_rate(n, 3.0, seconds)


def test_chemprop_is_trained_and_timed_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "N_FEW", 50)
    command, log = tmp_path / "chemprop", tmp_path / "log"
    command.write_text(CHEMPROP.format(python=sys.executable, log=str(log)))
    command.chmod(0o755)
    rate = measure_chemprop(command, ["CC"] * 600, ("--num-workers", "2"))
    assert rate.molecules == 550
    assert 20 < rate.molecules_per_s < 1_000  # 250 on a machine that does nothing else
    calls = log.read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["50", "600"]
    assert all("'--num-workers', '2'" in call for call in calls)


def test_admet_ai_is_timed_on_few_molecules(tmp_path, monkeypatch):
    (tmp_path / "admet_ai.py").write_text(ADMET_AI)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(peers, "ADMET_AI_ROWS", 30)
    rate = measure_admet_ai(Path(sys.executable), ["CC"] * 100)
    assert rate.molecules == 30
    assert 10 < rate.molecules_per_s <= 100
    assert rate.startup_s > 0.02
