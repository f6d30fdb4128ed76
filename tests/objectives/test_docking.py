"""Docking into beta-cyclodextrin: a receptor that RDKit builds, and guests whose order a chemist knows."""

import re
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from moldesign.errors import ProfileError
from moldesign.objectives import docking
from moldesign.objectives.profile import Profile, dump_profile, load_profile
from moldesign.objectives.programs import ProgramProperty

needs_vina = pytest.mark.skipif(
    any(find_spec(package) is None for package in ("vina", "meeko", "gemmi")),
    reason="the extra is not installed: pip install 'moldesign[docking]'",
)

CYCLODEXTRIN = (
    "OC[C@H]1O[C@@H]2O[C@H]3[C@H](O)[C@@H](O)[C@@H](O[C@H]4[C@H](O)[C@@H](O)[C@@H](O[C@H]5[C@H](O)[C@@H](O)[C@@H](O"
    "[C@H]6[C@H](O)[C@@H](O)[C@@H](O[C@H]7[C@H](O)[C@@H](O)[C@@H](O[C@H]8[C@H](O)[C@@H](O)[C@@H](O[C@H]1[C@H](O)[C@H]2O)"
    "O[C@@H]8CO)O[C@@H]7CO)O[C@@H]6CO)O[C@@H]5CO)O[C@@H]4CO)O[C@@H]3CO"
)
ETHANOL, BENZENE, ADAMANTANOL, SALT = "CCO", "c1ccccc1", "OC12CC3CC(CC(C3)C1)C2", "CC(=O)[O-].[Na+]"
PROFILE = """\
threshold = 0.001
[[goal]]
property = "cavity"
min = true
low = -6
high = 0
[[docking]]
name = "cavity"
receptor = "{receptor}"
center = [0, 0, 0]
size = [10.0, 10.0, 8.0]
exhaustiveness = 1
workers = 2
"""


def write_receptor(path: Path) -> Path:
    """Write a conformer with the polar hydrogens, centred, as rigid PDBQT; Vina does not read the charges."""
    mol = Chem.AddHs(Chem.MolFromSmiles(CYCLODEXTRIN))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=7) == 0
    places = mol.GetConformer().GetPositions()
    lines = []
    for atom, (x, y, z) in zip(mol.GetAtoms(), places - places.mean(axis=0), strict=True):
        symbol = atom.GetSymbol()
        if symbol == "H" and atom.GetNeighbors()[0].GetSymbol() == "C":
            continue
        kind = {"C": "C", "O": "OA", "H": "HD"}[symbol]
        head = f"ATOM  {len(lines) + 1:5d} {symbol:<4s} BCD A   1    "
        lines.append(f"{head}{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00     0.000 {kind:<2s}\n")
    path.write_text("".join(lines))
    return path


def write_profile(folder: Path, receptor: str) -> Path:
    path = folder / "profile.toml"
    path.write_text(PROFILE.format(receptor=receptor))
    return path


def find_program(profile: Profile) -> ProgramProperty:
    found = profile.terms[0].property
    assert isinstance(found, ProgramProperty)
    return found


@needs_vina
@pytest.mark.slow
def test_guests_are_ranked_as_they_fill_the_cavity(tmp_path: Path) -> None:
    receptor = write_receptor(tmp_path / "cyclodextrin.pdbqt")
    profile = load_profile(write_profile(tmp_path, str(receptor)))
    rewards = profile.score([ETHANOL, BENZENE, ADAMANTANOL, SALT])
    find_program(profile).close()
    ethanol, benzene, adamantanol, salt = rewards.raw[:, 0].tolist()
    assert adamantanol < benzene < ethanol < 0
    assert -6 < adamantanol < -2.5
    assert np.isnan(salt)
    assert rewards.missing[:3] == [None] * 3
    assert rewards.missing[3] == "cavity: it has several fragments; only one can be docked"
    again = load_profile(write_profile(tmp_path, str(receptor)))
    assert again.score([ADAMANTANOL]).raw[0, 0] == adamantanol, "the same seed gives the same score"
    find_program(again).close()


@needs_vina
def test_another_box_or_receptor_has_scores_of_its_own(tmp_path: Path) -> None:
    receptor = tmp_path / "receptor.pdbqt"
    keys = set()
    for content, center in (("A", "[0, 0, 0]"), ("A", "[0, 0, 1]"), ("B", "[0, 0, 0]")):
        receptor.write_text(content)
        path = write_profile(tmp_path, str(receptor))
        path.write_text(path.read_text().replace("[0, 0, 0]", center))
        keys.add(find_program(load_profile(path)).key)
    assert len(keys) == 3
    profile = load_profile(path)
    path.write_text(dump_profile(profile))
    assert load_profile(path) == profile


@needs_vina
@pytest.mark.parametrize(
    ("receptor", "said"),
    [("absent.pdbqt", "cannot read the receptor .*absent.pdbqt: No such file"), ("r.pdb", "must be in PDBQT format")],
)
def test_a_receptor_that_cannot_be_used_is_named(tmp_path: Path, receptor: str, said: str) -> None:
    (tmp_path / "r.pdb").touch()
    with pytest.raises(ProfileError, match=said):
        load_profile(write_profile(tmp_path, str(tmp_path / receptor)))


def test_a_missing_package_is_an_error_that_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_none(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(docking, "version", find_none)
    path = write_profile(tmp_path, "receptor.pdbqt")
    said = "line 3: the goal 'cavity min': docking needs the package 'vina': pip install 'moldesign[docking]'"
    with pytest.raises(ProfileError, match=re.escape(said)):
        load_profile(path)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("[0, 0, 0]", "[0, 0]", 10, "center"),
        ("exhaustiveness = 1", "exhaustivness = 1", 12, "unknown key 'exhaustivness'; known keys: name, receptor"),
        ('name = "cavity"', 'name = "a cavity"', 8, "name"),
    ],
)
def test_a_wrong_key_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    path = write_profile(tmp_path, "receptor.pdbqt")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ProfileError, match=f"line {line}: .*{said}"):
        load_profile(path)


def test_two_receptors_need_two_names(tmp_path: Path) -> None:
    path = write_profile(tmp_path, "receptor.pdbqt")
    text = path.read_text()
    path.write_text(text + text[text.index("[[docking]]") :])
    with pytest.raises(ProfileError, match=r"two \[\[docking\]\] sections are called 'cavity'"):
        load_profile(path)
