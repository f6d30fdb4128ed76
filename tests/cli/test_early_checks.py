"""A slip on the command line is told at once: PyTorch, which takes seconds to load, is not imported for that."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SLIPS = {
    "predict nowhere.csv": "nowhere.csv: cannot be opened (No such file or directory)",
    "predict good.xlsx": "good.xlsx: unknown ending '.xlsx'",
    "predict good.csv --smiles-column no": "good.csv: no column 'no'",
    "predict good.csv --model nope": "unknown model 'nope'",
    "predict good.csv --out nowhere/x.csv": "nowhere/x.csv: cannot be written",
    "screen nowhere.csv --goal qed_max --out x.csv": "nowhere.csv: does not exist",
    "screen good.csv --goal qedd_max --out x.csv": "unknown property 'qedd'",
    "screen good.csv nowhere.toml --out x.csv": "cannot read the profile nowhere.toml",
    "screen good.csv --goal qed_max --out nowhere/x.csv": "there is no folder nowhere",
    "screen good.csv --goal qed_max --out x.xlsx": "x.xlsx: unknown ending '.xlsx'",
    "screen good.csv --goal qed_max --out x.csv --shard 3/2": "the shard '3/2' is not i/n",
    "merge nowhere --out x.csv": "nowhere: does not exist",
    "train nowhere.csv --target y --out m": "nowhere.csv: cannot be opened",
    "train good.csv --target no --out m": "good.csv: no column 'no'",
    "train good.csv --target y --out m --from nope": "unknown model 'nope'",
    "train good.csv --continue nope --out m": "unknown model 'nope'",
    "train good.csv --target y --out m --split no": "'no' is not one of",
    "train good.csv --target y --out done": "done holds a model already",
    "explain CCO --model nope --out x.svg": "unknown model 'nope'",
    "explain CCO --model admet --out x.doc": "x.doc: unknown ending '.doc'",
    "generate nowhere.toml --out r": "cannot read the profile nowhere.toml",
    "generate --goal qedd_max --out r": "unknown property 'qedd'",
    "generate --goal qed_max --prior nope --out r": "unknown prior 'nope'",
    "evaluate nowhere.csv": "nowhere.csv: cannot be opened",
    "evaluate good.csv --reference nowhere.csv": "nowhere.csv: cannot be opened",
    "pretrain nowhere.csv --out p": "nowhere.csv: cannot be opened",
    "pretrain good.csv --from nope --out p": "unknown prior 'nope'",
}
CODE = """
import contextlib, io, json, sys
from moldesign.cli.main import run

def say(arguments):
    said = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        run([word.replace("_max", " max") for word in arguments.split()])
    said.seek(0)
    return said.read(), "torch" in sys.modules

json.dump({slip: say(slip) for slip in json.load(sys.stdin)}, sys.stdout)
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bool]]:
    folder = tmp_path_factory.mktemp("slips")
    (folder / "good.csv").write_text("smiles,y\nCCO,1\n")
    (folder / "done").mkdir()
    (folder / "done" / "card.json").write_text("{}")
    call = [sys.executable, "-c", CODE]
    done = subprocess.run(call, input=json.dumps([*SLIPS]), capture_output=True, text=True, check=True, cwd=folder)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_before_pytorch_is_imported(told: dict[str, tuple[str, bool]], slip: str) -> None:
    said, has_torch = told[slip]
    assert SLIPS[slip] in " ".join(said.split())
    assert not has_torch


def test_nothing_is_written(told: dict[str, tuple[str, bool]], tmp_path_factory: pytest.TempPathFactory) -> None:
    assert told
    assert {path.name for path in Path(tmp_path_factory.getbasetemp()).glob("slips*/*")} == {"good.csv", "done"}
