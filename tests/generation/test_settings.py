import json

import pytest

from moldesign.errors import UnknownNameError
from moldesign.generation.settings import GenerationSettings


def test_overrides_replace_single_fields() -> None:
    settings = GenerationSettings().with_overrides({"seed": 3, "prior": "zinc"})
    assert (settings.seed, settings.prior) == (3, "zinc")
    assert settings.batch_size == GenerationSettings().batch_size


def test_an_unknown_setting_lists_the_nearest_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown setting 'batch'; did you mean: .*batch_size"):
        GenerationSettings().with_overrides({"batch": 1})


def test_how_often_a_checkpoint_is_written_does_not_change_the_course() -> None:
    rare, often = GenerationSettings(checkpoint_seconds=60.0), GenerationSettings(checkpoint_seconds=1.0)
    assert rare.describe_course() == often.describe_course()
    assert rare.describe_course() != GenerationSettings(seed=1).describe_course()
    assert json.loads(rare.describe_course())["learning"]["loss"] == "dap"
