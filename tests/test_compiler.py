"""Deferred imports: nothing of them is read until something is asked for, and then all is there, and there once."""

import subprocess
import sys
from pathlib import Path

import pytest

PREDICT = """
import sys
from moldesign.predictors.bundled import load_predictor
values = load_predictor("admet").predict(["CCO"]).values
assert values.shape[0] == 1
assert "torch._dynamo" not in sys.modules
"""
USES = {
    "submodule first": """
import torch._dynamo.config
from torch._dynamo import convert_frame
torch._dynamo.config.suppress_errors = True
assert convert_frame.config.suppress_errors
assert convert_frame.config is sys.modules["torch._dynamo.config"]
""",
    "compile": """
import torch
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item() == 2
from torch._dynamo.eval_frame import OptimizedModule
compiled = torch.compile(torch.nn.Linear(1, 1), backend="eager")
assert isinstance(compiled, OptimizedModule)
from torch_geometric.isinstance import is_torch_instance
assert is_torch_instance(compiled, torch.nn.Linear)
""",
}
BEFORE = """
import sys, torch._dynamo
known = sys.modules["torch._dynamo"]
from moldesign.graphs import geometric
assert sys.modules["torch._dynamo"] is known is torch._dynamo
"""
MEANWHILE = """
import sys
from moldesign.compiler import defer_compiler
with defer_compiler():
    import torch._dynamo
    optimized = sys.modules["torch._dynamo"].OptimizedModule
assert optimized is torch._dynamo.OptimizedModule
"""

LEARN = """
import sys, torch
from moldesign.learning.learner import Learner
from moldesign.policies.language_model import PolicySettings, TokenPolicy
learner = Learner(TokenPolicy(PolicySettings(5, embedding_size=4, hidden_size=4, n_layers=1)))
before = [parameter.detach().clone() for parameter in learner.policy.parameters()]
learner.update(torch.tensor([[3, 4, 2]]), torch.ones(1))
assert any(not torch.equal(old, new) for old, new in zip(before, learner.policy.parameters()))
assert "torch._dynamo" not in sys.modules
optimizer, weight = learner._optimizer, next(learner.policy.parameters())
def step(scale):
    optimizer.zero_grad()
    (scale * weight).sum().backward()
    optimizer.step()
    return scale + 1
compiled = torch.compile(step, backend="eager")
old = weight.detach().clone()
assert compiled(torch.ones(())).item() == 2
assert not torch.equal(old, weight)
"""
THREADS = """
import sys, threading
from moldesign.compiler import defer_compiler, _Deferred
inside, may_leave = threading.Barrier(2), threading.Event()
def use():
    with defer_compiler():
        inside.wait()
        may_leave.wait()
thread = threading.Thread(target=use, daemon=True)
with defer_compiler():
    thread.start()
    inside.wait()
stand_in = sys.modules["torch._dynamo"]
assert isinstance(stand_in, _Deferred)
may_leave.set()
thread.join()
assert "torch._dynamo" not in sys.modules
"""
SLOW_TORCH = {"__init__.py": "", "_dynamo.py": "import time; time.sleep(0.3); disable = lambda function: function"}
HALF_READ = """
import importlib, sys, threading
from moldesign.compiler import defer_compiler
with defer_compiler():
    call = sys.modules["torch._dynamo"].disable(lambda x: x + 1)
reader = threading.Thread(target=lambda: importlib.import_module("torch._dynamo"))
reader.start()
while "torch._dynamo" not in sys.modules:
    pass
assert call(1) == 2
reader.join()
"""


CASES = {name: PREDICT + use for name, use in USES.items()} | {"before": BEFORE, "meanwhile": MEANWHILE, "learn": LEARN}
CASES |= {"threads": THREADS}


@pytest.mark.parametrize("code", CASES.values(), ids=CASES)
def test_the_compiler_of_torch_is_read_when_it_is_asked_for(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_was_deferred_waits_for_a_thread_that_is_reading_the_compiler(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    for name, text in SLOW_TORCH.items():
        (tmp_path / "torch" / name).write_text(text)
    done = subprocess.run([sys.executable, "-c", HALF_READ], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
