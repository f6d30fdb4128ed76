"""A prior that learns in seconds and a run of seconds: everything real, only small."""

import json
import sqlite3
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from moldesign.envs.vocabulary import Vocabulary, tokenize
from moldesign.generation.loop import GenerationResult, generate
from moldesign.generation.settings import GenerationSettings
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.policies.bundled import Prior
from moldesign.policies.language_model import PolicySettings, TokenPolicy
from moldesign.policies.pretraining import PretrainingSettings, pretrain

BUDGET = 64
EVERY_BATCH, NEVER = 0.0, 1e9
"""Seconds between checkpoints"""
CLOCKS = {"seconds", "calls_per_second"}
START = ("OCCc1ccccc1", "CC(=O)Nc1ccc(O)cc1")
"""2-phenylethanol and paracetamol, the first not in canonical form."""

_ENDS = ("C", "CC", "N", "O", "F", "Cl", "OC", "CO", "C(N)=O", "C#N")


def make_prior(folder: Path) -> Path:
    """Train a tiny language model on disubstituted benzenes and pyridines, and save it."""
    library = [
        text for a, b in product(_ENDS, _ENDS) for text in (f"Cc1ccc({a})cc1{b}", f"c1nc({a})ccc1{b}", f"NCC({a})C{b}")
    ]
    vocabulary = Vocabulary.from_tokens(token for text in library for token in tokenize(text))
    torch.manual_seed(0)
    policy = TokenPolicy(PolicySettings(len(vocabulary), embedding_size=16, hidden_size=48, n_layers=1))
    settings = PretrainingSettings(n_steps=100, batch_size=32, learning_rate=1e-2, warmup_steps=10)
    pretrain(policy, vocabulary, library, settings)
    Prior("tiny", policy, vocabulary, 24, {}).save(folder)
    return folder


def make_profile() -> Profile:
    """Return two goals that need no predictor."""
    return parse_goals(["qed max", "mw in 120..250"])


def make_settings(prior: Path, **changes: Any) -> GenerationSettings:
    """Return settings for batches of a tenth of a second."""
    tiny = GenerationSettings(
        prior=str(prior), batch_size=16, replay_size=8, n_replays=1, n_children=3, patience=3, strategy="fast"
    )
    return tiny.with_overrides(changes)


def run_tiny(prior: Path, out: Path, *, budget: int = BUDGET, **options: Any) -> GenerationResult:
    """Generate into `out`; `options` are those of `generate`, or single settings."""
    profile = options.pop("profile", None) or make_profile()
    return generate(profile, budget=budget, out=out, settings=make_settings(prior), **options)


def read_rows(folder: Path) -> list[tuple[Any, ...]]:
    """Return the molecules of a run store, without the time, as any other program would read them."""
    connection = sqlite3.connect(f"file:{folder / 'run.sqlite'}?mode=ro", uri=True)
    try:
        columns = "call, smiles, total, terms, raw, std, in_domain, source"
        return connection.execute(f"SELECT {columns} FROM molecules ORDER BY call").fetchall()  # noqa: S608
    finally:
        connection.close()


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the lines without what depends on the clock; NaN is no JSON and fails."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} in metrics.jsonl")) for line in lines]
    return [{name: value for name, value in row.items() if name not in CLOCKS} for row in rows]


def assert_same_run(result: GenerationResult, other: GenerationResult) -> None:
    assert read_rows(result.run_dir) == read_rows(other.run_dir)
    assert read_metrics(result.run_dir) == read_metrics(other.run_dir)
    pd.testing.assert_frame_equal(result.frame, other.frame, check_exact=True)
    for name in ("hits.csv", "hits.sdf", "profile.toml"):
        assert (result.run_dir / name).read_bytes() == (other.run_dir / name).read_bytes()
