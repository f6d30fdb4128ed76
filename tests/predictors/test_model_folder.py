"""A folder for a new model: an older one is never overwritten, and what cannot be made is said at once."""

import errno

import pytest

from moldesign.errors import RunFolderError
from moldesign.predictors.model_folder import explain_write_errors, make_folder, refuse_finished


def test_a_folder_with_a_model_is_refused(tmp_path):
    refuse_finished(tmp_path)
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(RunFolderError, match="holds a model already; choose another --out"):
        refuse_finished(tmp_path)


def test_a_folder_is_made_with_those_above_it(tmp_path):
    made = make_folder(tmp_path / "a" / "b", out=tmp_path / "a")
    assert made.is_dir()
    assert make_folder(made, out=made) == made


def test_a_folder_that_cannot_be_made_is_named_as_the_user_calls_it(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot write to mine: .*; choose another --out"):
        make_folder(tmp_path / "file" / ".work", out=type(tmp_path)("mine"))


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "free some space, then give the same command again"), (errno.EROFS, "check the disk")],
)
def test_a_disk_that_cannot_be_written_is_explained(tmp_path, number, remedy):
    with pytest.raises(RunFolderError, match=f"cannot write to .*: no more; {remedy}"), explain_write_errors(tmp_path):
        raise OSError(number, "no more")


def test_a_folder_that_is_gone_is_told_from_another_file_that_is_not_there(tmp_path):
    with pytest.raises(RunFolderError, match=r"cannot write to .*: No such file"), explain_write_errors(tmp_path):
        (tmp_path / "gone" / "card.json").write_text("")
    with pytest.raises(FileNotFoundError, match="elsewhere"), explain_write_errors(tmp_path / "out"):
        (tmp_path / "elsewhere").read_text()


def test_what_is_no_fault_of_the_disk_is_not_blamed_on_it(tmp_path):
    with pytest.raises(BrokenPipeError), explain_write_errors(tmp_path):
        raise BrokenPipeError(errno.EPIPE, "nobody reads")
