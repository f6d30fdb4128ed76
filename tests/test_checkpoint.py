"""Model folders: back comes what went in, and what is damaged or foreign is refused with the reason."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from moldesign.checkpoint import (
    CARD_FILE,
    FORMAT_VERSION,
    TENSORS_FILE,
    find_folder,
    hash_file,
    list_bundled_folders,
    load_model,
    read_card,
    save_model,
    write_text_atomically,
)
from moldesign.errors import ModelFormatError, UnknownNameError

TENSORS = {
    "half": torch.linspace(-1, 1, 6).half().reshape(2, 3),
    "scalar": torch.tensor(3.5),
    "bytes": torch.arange(5, dtype=torch.uint8),
    "empty": torch.zeros(0, 4),
    "transposed": torch.arange(6.0).reshape(2, 3).T,
}


@pytest.fixture
def folder(tmp_path):
    save_model(tmp_path / "model", TENSORS, {"kind": "predictor", "note": "µ-opioid"})
    return tmp_path / "model"


def change_card(folder, **changes):
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    (folder / CARD_FILE).write_text(json.dumps(card | changes), encoding="utf-8")


def test_round_trip(folder):
    tensors, card = load_model(folder, kind="predictor")
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in tensors.items():
        assert tensor.dtype == TENSORS[name].dtype
        assert torch.equal(tensor, TENSORS[name])
    assert card["note"] == "µ-opioid"
    assert card["format_version"] == FORMAT_VERSION
    assert card["sha256"] == hash_file(folder / TENSORS_FILE)


def test_nothing_else_is_left_in_the_folder(folder):
    assert sorted(path.name for path in folder.iterdir()) == [CARD_FILE, TENSORS_FILE]


def test_saving_again_replaces(folder):
    save_model(folder, {"a": torch.ones(1)}, {"kind": "prior"})
    tensors, card = load_model(folder, kind="prior")
    assert tensors["a"].item() == 1
    assert "note" not in card


@pytest.mark.parametrize(("n_writes", "note"), [(1, "first"), (2, "first"), (3, "second")])
def test_a_death_at_any_moment_leaves_a_whole_model(tmp_path, monkeypatch, n_writes, note):
    """A file is written by a rename; the process dies at the n-th of them."""
    left, real = [n_writes], Path.replace

    def die(path, target):
        left[0] -= 1
        if left[0] == 0:
            raise SystemExit
        return real(path, target)

    save_model(tmp_path, {"a": torch.zeros(1)}, {"kind": "prior", "note": "first"})
    for _ in range(2):  # the second time, there are the remains of the first
        left[0] = n_writes
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", die)
            with pytest.raises(SystemExit):
                save_model(tmp_path, {"a": torch.ones(1)}, {"kind": "prior", "note": "second"})
        tensors, card = load_model(tmp_path, kind="prior")
        assert card["note"] == note
        assert tensors["a"].item() == (note == "second")
        n_writes += note == "second"  # then the remains are tidied up first, by one more rename
    save_model(tmp_path, {"a": torch.full((1,), 2.0)}, {"kind": "prior", "note": "third"})
    assert load_model(tmp_path, kind="prior")[0]["a"].item() == 2
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".tmp"} == {CARD_FILE, TENSORS_FILE}


def test_what_cannot_be_saved_leaves_the_old_model(folder):
    shared = torch.ones(4)
    with pytest.raises(RuntimeError, match="share memory"):
        save_model(folder, {"a": shared, "b": shared}, {"kind": "predictor"})
    assert load_model(folder, kind="predictor")[1]["note"] == "µ-opioid"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_card_with_a_number_that_json_lacks_is_refused(folder, number):
    card = {"kind": "prior", "test": {"herg": {"AUROC": number, "n": 3}}, "curve": [0.5, (1.0, number)]}
    places = f"test.herg.AUROC = {number}, curve[1][1] = {number}"
    with pytest.raises(ModelFormatError, match=re.escape(places)) as caught:
        save_model(folder, {"a": torch.ones(1)}, card)
    assert str(folder / CARD_FILE) in str(caught.value)
    assert load_model(folder, kind="predictor")[1]["note"] == "µ-opioid"


def test_a_refused_card_leaves_no_folder(tmp_path):
    with pytest.raises(ModelFormatError):
        save_model(tmp_path / "new", {}, {"loss": float("nan")})
    assert not (tmp_path / "new").exists()


def test_one_changed_byte_is_noticed(folder):
    content = bytearray((folder / TENSORS_FILE).read_bytes())
    content[-1] ^= 1
    (folder / TENSORS_FILE).write_bytes(content)
    with pytest.raises(ModelFormatError, match=r"model\.safetensors does not have the checksum .* copy it again"):
        load_model(folder, kind="predictor")


def test_a_card_without_checksum_is_refused(folder):
    change_card(folder, sha256=None)
    with pytest.raises(ModelFormatError, match="checksum"):
        load_model(folder, kind="predictor")


def test_tensors_that_are_no_safetensors_are_refused(folder):
    (folder / TENSORS_FILE).write_bytes(b"\x80\x04pickled")
    change_card(folder, sha256=hash_file(folder / TENSORS_FILE))
    with pytest.raises(ModelFormatError, match="not a readable safetensors file"):
        load_model(folder, kind="predictor")


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 0, None, "1"])
def test_another_format_is_refused(folder, version):
    change_card(folder, format_version=version)
    with pytest.raises(ModelFormatError, match=rf"format version {version!r}; this moldesign reads {FORMAT_VERSION}"):
        load_model(folder, kind="predictor")


def test_another_kind_is_refused(folder):
    with pytest.raises(ModelFormatError, match="kind 'predictor'; a prior was expected"):
        load_model(folder, kind="prior")


@pytest.mark.parametrize(
    ("missing", "message"), [(CARD_FILE, "is no model folder"), (TENSORS_FILE, "copy the complete")]
)
def test_a_missing_file_is_named(folder, missing, message):
    (folder / missing).unlink()
    with pytest.raises(ModelFormatError, match=message) as caught:
        load_model(folder, kind="predictor")
    assert missing in str(caught.value)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(ModelFormatError, match="is no model folder"):
        read_card(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "message"), [(b"{", "not valid JSON"), (b"[1]", "not a JSON object"), (b"\xff", "not valid JSON")]
)
def test_a_broken_card_is_refused(folder, content, message):
    (folder / CARD_FILE).write_bytes(content)
    with pytest.raises(ModelFormatError, match=message):
        read_card(folder)


def test_a_card_is_read_without_torch(folder):
    code = (
        "import sys; from pathlib import Path; from moldesign.checkpoint import read_card\n"
        "print(read_card(Path(sys.argv[1]))['kind'], 'torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["predictor", "False"]


@pytest.mark.parametrize("package", ["moldesign.predictors", "moldesign.policies"])
def test_bundled_folders_are_those_with_a_card(package):
    folders = list_bundled_folders(package)
    assert folders
    assert list(folders) == sorted(folders)
    for name, folder in folders.items():
        assert folder.name == name
        assert read_card(folder)["name"] == name


def test_a_package_without_weights_bundles_nothing():
    assert list_bundled_folders("moldesign.chem") == {}


def test_a_folder_is_found_by_name_or_path(tmp_path):
    bundled = {"zinc": tmp_path / "bundled" / "zinc"}
    assert find_folder("prior", "zinc", bundled) == bundled["zinc"]
    assert find_folder("prior", tmp_path, bundled) == find_folder("prior", str(tmp_path), bundled) == tmp_path
    with pytest.raises(UnknownNameError, match="unknown prior 'zink'; did you mean: zinc"):
        find_folder("prior", "zink", bundled)


def test_text_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "note.txt"
    for text in ("a longer first text", "µ"):
        write_text_atomically(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]
