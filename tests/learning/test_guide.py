"""What a guide remembers."""

from pathlib import Path

from moldesign.generation.prompts import DeNovo
from moldesign.learning.guide import Guide
from moldesign.policies.bundled import load_prior
from moldesign.seeding import make_generators
from tests.generation.tiny_run import make_prior


def test_molecules_too_long_to_be_learned_are_not_remembered(tmp_path: Path) -> None:
    prior = load_prior(make_prior(tmp_path / "prior"))
    guide = Guide(prior, DeNovo(prior, 4), make_generators(0))
    longest, too_long = "C" * prior.longest_lesson, "C" * (prior.longest_lesson + 1)
    guide.remember(["CCO", too_long, longest], [0.5, 1.0, 0.7])
    assert guide.replay.ranked == [longest, "CCO"]
    assert guide.repeat(2) is not None
