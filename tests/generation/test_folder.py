import errno
import os
from pathlib import Path

import pytest
import torch

from moldesign import checkpoint
from moldesign.errors import ModelFormatError, RunFolderError
from moldesign.generation.archive import RunArchive
from moldesign.generation.folder import (
    append_metrics,
    choose_new_folder,
    load_checkpoint,
    open_run_folder,
    save_checkpoint,
    truncate_metrics,
    write_profile,
)
from moldesign.objectives.profile import Budget, Profile, load_profile, parse_goals

PROFILE = parse_goals(["qed max", "mw in 200..500"])
WITH_OTHER_BUDGET = PROFILE.model_copy(update={"budget": Budget(calls=123)})
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def open_briefly(folder: Path, profile: Profile = PROFILE, *, resume: bool = False) -> None:
    with open_run_folder(folder, profile, resume=resume):
        pass


def test_a_new_folder_holds_the_complete_profile(tmp_path: Path) -> None:
    open_briefly(tmp_path / "a" / "b")
    assert load_profile(tmp_path / "a" / "b" / "profile.toml") == PROFILE


def test_a_folder_with_a_run_is_for_resume_only(tmp_path: Path) -> None:
    open_briefly(tmp_path)
    with pytest.raises(
        RunFolderError, match="already holds a run; add --resume to go on with it, or choose another --out"
    ):
        open_briefly(tmp_path)
    open_briefly(tmp_path, WITH_OTHER_BUDGET, resume=True)
    with pytest.raises(RunFolderError, match="holds a run with another profile"):
        open_briefly(tmp_path, PROFILE.with_goals(["sa <= 3"]), resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_in_use_is_refused_for_that_reason(tmp_path: Path, resume: bool) -> None:
    with open_run_folder(tmp_path, PROFILE, resume=False):
        for profile in (PROFILE, PROFILE.with_goals(["sa <= 3"])):
            with pytest.raises(RunFolderError, match=f"is in use by process {os.getpid()}"):
                open_briefly(tmp_path, profile, resume=resume)
    open_briefly(tmp_path, resume=True)


def test_a_run_that_could_not_be_begun_leaves_its_folder_free(tmp_path: Path) -> None:
    open_briefly(tmp_path)
    with RunArchive(tmp_path, PROFILE.term_names):
        pass
    with pytest.raises(RunFolderError, match="holds no run to resume"):
        open_briefly(tmp_path, resume=True)
    open_briefly(tmp_path, WITH_OTHER_BUDGET)
    assert load_profile(tmp_path / "profile.toml") == WITH_OTHER_BUDGET
    with RunArchive(tmp_path, PROFILE.term_names) as archive:
        archive.write_facts({"start": "[]"})
    with pytest.raises(RunFolderError, match="already holds a run"):
        open_briefly(tmp_path)


def test_there_must_be_something_to_resume(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="holds no run to resume; leave --resume out, or check --out"):
        open_briefly(tmp_path, resume=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(RunFolderError, match=r"cannot write to .*out: .*; choose another --out"):
        open_briefly(tmp_path / "out")


def test_a_checkpoint_comes_back_exactly(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None
    state = {"numpy_generator": {"state": 1 << 100}, "replay": {"CCO": 0.1 + 0.2}}
    save_checkpoint(tmp_path, {"a": torch.zeros(2)}, {"n": 1})
    save_checkpoint(tmp_path, {"a": torch.ones(2, 3)}, state)
    tensors, loaded = load_checkpoint(tmp_path) or pytest.fail("no checkpoint")
    assert torch.equal(tensors["a"], torch.ones(2, 3))
    assert loaded == state
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_kill_between_the_steps_of_saving_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    """First while the new one is written, then while the old one makes room for it."""
    save_checkpoint(tmp_path, {"a": torch.zeros(1)}, {"n": 1})
    (tmp_path / "checkpoint.new").mkdir()
    (tmp_path / "checkpoint.new" / "model.safetensors").write_bytes(b"half")
    assert load_checkpoint(tmp_path) == ({"a": torch.zeros(1)}, {"n": 1})
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")
    assert load_checkpoint(tmp_path) == ({"a": torch.zeros(1)}, {"n": 1})
    save_checkpoint(tmp_path, {"a": torch.ones(1)}, {"n": 2})
    assert load_checkpoint(tmp_path) == ({"a": torch.ones(1)}, {"n": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {"a": torch.zeros(1)}, {})
    with (tmp_path / "checkpoint" / "model.safetensors").open("ab") as handle:
        handle.write(b"!")
    with pytest.raises(ModelFormatError, match="checksum"):
        load_checkpoint(tmp_path)


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path, {"a": torch.zeros(1)}, {"n": 1})

    def refuse(descriptor: int) -> None:
        raise FULL

    monkeypatch.setattr(checkpoint.os, "fsync", refuse)
    message = "cannot write to .*: No space left on device; free some space, then go on with --resume"
    with pytest.raises(RunFolderError, match=message):
        save_checkpoint(tmp_path, {"a": torch.ones(1)}, {"n": 2})
    with pytest.raises(RunFolderError, match=message):
        write_profile(tmp_path, PROFILE)
    assert load_checkpoint(tmp_path) == ({"a": torch.zeros(1)}, {"n": 1})
    assert not list(tmp_path.rglob("*.tmp"))


def test_metrics_are_lines_of_json_and_can_be_cut_back(tmp_path: Path) -> None:
    truncate_metrics(tmp_path, 5)
    for batch in (1, 2, 3):
        append_metrics(tmp_path, {"batch": batch, "mean": 0.5})
    with (tmp_path / "metrics.jsonl").open("a") as handle:
        handle.write('{"batch": 4, "me')  # killed while writing
    truncate_metrics(tmp_path, 2)
    append_metrics(tmp_path, {"batch": 3, "mean": 0.5})
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert lines == [f'{{"batch": {batch}, "mean": 0.5}}' for batch in (1, 2, 3)]


def test_new_folders_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert choose_new_folder() == Path("moldesign-run-1")
    Path("moldesign-run-1").mkdir()
    assert choose_new_folder() == Path("moldesign-run-2")
