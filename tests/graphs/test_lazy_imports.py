"""Postponed imports: nothing of them is read until something is asked for, and then all is there."""

import subprocess
import sys

CODE = """
import sys
finders = list(sys.meta_path)
from moldesign.predictors.bundled import load_predictor
values = load_predictor("admet").predict(["CCO"]).values
assert values.shape[0] == 1
print("torch._dynamo.convert_frame" in sys.modules)
assert sys.meta_path == finders
import torch
print(isinstance(torch.nn.Linear(1, 1), torch._dynamo.OptimizedModule))
print("torch._dynamo.convert_frame" in sys.modules)
"""


def test_a_prediction_does_not_read_the_compiler_of_torch() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "False", "True"]
