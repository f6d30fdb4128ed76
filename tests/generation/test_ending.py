"""What a run store remembers of its making, for the report."""

from dataclasses import replace
from pathlib import Path

import pytest

from moldesign.errors import RunFolderError
from moldesign.generation import ending as ending_module
from moldesign.generation.archive import RunArchive, read_facts
from moldesign.generation.ending import (
    Ending,
    note_beginning,
    note_ending,
    read_ending,
    read_making,
    require_same_models,
)
from moldesign.generation.loop import GenerationResult
from moldesign.generation.stopping import StopReason
from moldesign.policies.bundled import Prior
from tests.generation.tiny_run import BUDGET
from tests.policies.tiny_prior import VOCABULARY, make_policy

PRIOR = Prior("tiny", make_policy(), VOCABULARY, 24, {"sha256": "4" * 64})


def test_a_run_that_was_killed_has_no_ending(tmp_path: Path) -> None:
    with RunArchive(tmp_path, ()) as archive:
        assert (read_making(archive.read_facts()), read_ending(archive.read_facts())) == (None, None)
        note_beginning(archive, 7, (), PRIOR)
        note_ending(archive, Ending(StopReason.TIME, 1.5))
        assert read_ending(archive.read_facts()) == Ending(StopReason.TIME, 1.5)
        note_beginning(archive, 9, (), PRIOR)
    facts = read_facts(tmp_path)
    making = read_making(facts)
    assert making is not None
    assert making.n == 9
    assert "rdkit" in making.versions
    assert read_ending(facts) is None


def test_other_weights_under_the_same_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"admet": "0" * 64, "mine": "1" * 64}
    monkeypatch.setattr(ending_module, "hash_models", lambda terms: models)
    with RunArchive(tmp_path, ()) as archive:
        require_same_models(archive, (), PRIOR)
        note_beginning(archive, 7, (), PRIOR)
        require_same_models(archive, (), PRIOR)
        models = models | {"mine": "2" * 64}
        with pytest.raises(RunFolderError, match=r"was run with other weights of mine, .*choose another --out"):
            require_same_models(archive, (), PRIOR)
        models = {"other": "3" * 64}
        require_same_models(archive, (), PRIOR)
        other = replace(PRIOR, card={"sha256": "5" * 64})
        with pytest.raises(RunFolderError, match=r"was run with other weights of the prior tiny, .*another --out"):
            require_same_models(archive, (), other)


def test_a_run_notes_why_it_ended(unbroken: GenerationResult) -> None:
    ending = read_ending(read_facts(unbroken.run_dir))
    assert ending is not None
    assert (ending.reason, unbroken.n_scored) == (StopReason.BUDGET, BUDGET)
    assert 0 < ending.seconds <= unbroken.seconds
