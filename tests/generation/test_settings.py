import json
import re
from typing import Any

import numpy as np
import pytest

from moldesign.errors import UnknownNameError
from moldesign.generation.settings import GenerationSettings
from moldesign.learning.learner import LearningSettings


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
    assert rare.list_differences(often) == {}


def test_settings_come_back_from_the_course_that_they_describe() -> None:
    settings = GenerationSettings(seed=3, prior="mine", learning=LearningSettings(loss="trajectory_balance", sigma=1.5))
    assert GenerationSettings.from_course(settings.describe_course()) == settings


@pytest.mark.parametrize("text", ['{"seed": 1}', '{"learning": {"sigmoid": 1}}', '{"sead": 1, "learning": {}}', "x"])
def test_a_course_of_another_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not those of this version|Expecting value"):
        GenerationSettings.from_course(text)


def test_differences_are_named() -> None:
    first, other = GenerationSettings(seed=3), GenerationSettings(seed=4, prior="zinc")
    assert first.list_differences(other) == {"prior": "prior chembl, not zinc", "seed": "seed 3, not 4"}


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    settings = GenerationSettings(seed=np.int64(3), batch_size=np.int32(16))  # type: ignore[arg-type]
    assert settings == GenerationSettings.from_course(settings.describe_course())
    assert type(settings.seed) is int


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"seed": -1}, "seed=-1: give a whole number, 0 or more"),
        ({"seed": None}, "seed=None: give a whole number, 0 or more"),
        ({"seed": 1.5}, "seed=1.5: give a whole number, 0 or more"),
        ({"batch_size": 0}, "batch_size=0: give a whole number, 1 or more"),
        ({"strategy": "quick"}, "strategy='quick' is unknown; it is one of 'auto', 'thrifty', 'fast'"),
    ],
)
def test_a_setting_that_cannot_be_is_named(setting: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        GenerationSettings().with_overrides(setting)
