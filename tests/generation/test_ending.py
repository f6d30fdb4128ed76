"""What a run store remembers of its making, for the report."""

from pathlib import Path

from moldesign.generation.archive import RunArchive, read_facts
from moldesign.generation.ending import Ending, note_beginning, note_ending, read_ending, read_making
from moldesign.generation.loop import GenerationResult
from moldesign.generation.stopping import StopReason
from tests.generation.tiny_run import BUDGET


def test_a_run_that_was_killed_has_no_ending(tmp_path: Path) -> None:
    with RunArchive(tmp_path, ()) as archive:
        assert (read_making(archive.read_facts()), read_ending(archive.read_facts())) == (None, None)
        note_beginning(archive, 7, ())
        note_ending(archive, Ending(StopReason.TIME, 1.5))
        assert read_ending(archive.read_facts()) == Ending(StopReason.TIME, 1.5)
        note_beginning(archive, 9, ())
    facts = read_facts(tmp_path)
    making = read_making(facts)
    assert making is not None
    assert making.n == 9
    assert "rdkit" in making.versions
    assert read_ending(facts) is None


def test_a_run_notes_why_it_ended(unbroken: GenerationResult) -> None:
    ending = read_ending(read_facts(unbroken.run_dir))
    assert ending is not None
    assert (ending.reason, unbroken.n_scored) == (StopReason.BUDGET, BUDGET)
    assert 0 < ending.seconds <= unbroken.seconds
