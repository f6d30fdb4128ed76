"""A folder for a new model: an older one is never overwritten, and what cannot be made is said at once."""

import pytest

from moldesign.errors import RunFolderError
from moldesign.predictors.model_folder import make_folder, refuse_finished


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
