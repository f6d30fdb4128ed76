import json
import sys
from pathlib import Path

import pytest

from moldesign.errors import ProfileError
from moldesign.generation.hits import describe_hits
from moldesign.generation.unscored import describe_unscored
from moldesign.objectives.callables import CallableProperty
from moldesign.objectives.catalog import PropertyCatalog
from moldesign.objectives.profile import Profile, dump_profile, load_profile, parse_goals
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.scorers import COLUMNS
from tests.objectives.toy_program import make_command, make_goal

COMMAND = json.dumps(make_command())
DOCK = f'[[goal]]\nproperty = "dock"\ncommand = {COMMAND}\nat_most = -8\nlow = -12\nhigh = -4\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "profile.toml"
    path.write_text(text, encoding="utf-8")
    return path


def find_program(profile: Profile, column: int = 0) -> ProgramProperty:
    found = profile.terms[column].property
    assert isinstance(found, ProgramProperty)
    return found


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a function `own_scorer:score`."""
    (tmp_path / "own_scorer.py").write_text("def score(smiles):\n    return [len(text) for text in smiles]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def test_a_program_in_a_profile(tmp_path: Path) -> None:
    text = DOCK + 'timeout = 20\nworkers = 3\ncache = "scores.sqlite"\n'
    profile = load_profile(write(tmp_path, text))
    program = find_program(profile)
    assert (program.name, program.command) == ("dock", make_command())
    assert (program.settings.timeout, program.settings.n_workers, program.settings.cache) == (20, 3, "scores.sqlite")
    assert profile.term_names == ("dock",)
    assert profile.warnings == []
    again = load_profile(write(tmp_path, dump_profile(profile)))
    assert again == profile
    assert find_program(again) == program


def test_a_program_on_the_command_line() -> None:
    profile = parse_goals([make_goal(aim=">= 0.5 * 2")])
    assert find_program(profile).command == make_command()
    assert profile.goals[0].weight == 2


def test_other_goals_and_limits_may_name_a_described_scorer(tmp_path: Path) -> None:
    path = write(tmp_path, DOCK + '[constraints]\nmust = ["dock <= -5"]\n')
    profile = load_profile(path).with_goals(["dock >= -20"])
    assert profile.term_names == ("dock <= -8", "dock >= -20", "must dock <= -5")
    assert find_program(profile, 0) is find_program(profile, 1) is find_program(profile, 2)


def test_functions_run_here_unless_they_are_expensive(own: Path) -> None:
    goal = '[[goal]]\nproperty = "own_scorer:score"\nmax = true\nhigh = 50\ntimeout = 5\n'
    plain = load_profile(write(own, goal)).terms[0].property
    assert isinstance(plain, CallableProperty)
    assert plain.timeout == 5
    profile = load_profile(write(own, goal + "expensive = true\nworkers = 2\n"))
    assert profile.score(["CCO", "CCCCCCCCCC"]).raw[:, 0].tolist() == [3, 10]
    program = find_program(profile)
    assert program.command[0] == sys.executable
    assert program.settings.n_workers == 2
    program.close()


def test_how_a_scorer_is_run_may_change_in_a_resumed_run(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, DOCK))
    slower = load_profile(write(tmp_path, DOCK + 'timeout = 900\nworkers = 1\ncache = "other.sqlite"\n'))
    other = load_profile(write(tmp_path, DOCK.replace("toy_program.py", "toy_program.py --fast")))
    assert profile.has_same_aim(slower)
    assert not profile.has_same_aim(other)
    assert not profile.has_same_aim(profile.with_goals(["qed max"]))


def test_a_range_that_nobody_stated_is_told() -> None:
    goal = make_goal(aim="<= -8")
    (warning,) = parse_goals([goal]).warnings
    assert warning.startswith(f"the goal {goal!r} may be out of reach: the scores of program(")
    assert warning.endswith("are taken to lie in 0..1; state low and high in a profile")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (
            '[[goal]]\nproperty = "dock"\ncommand = "python dock.py --fast"\nmax = true',
            3,
            r'a command is a list; write command = \["python", "dock.py", "--fast"\]',
        ),
        ('[[goal]]\nproperty = "dock"\ncommand = []\nmax = true', 3, "goal.0.command: .*at least 1"),
        ('[[goal]]\nproperty = "dock"\ncommand = ["absent-program"]\nmax = true', 2, "no program 'absent-program'"),
        (f'[[goal]]\nproperty = "qed"\ncommand = {COMMAND}\nmax = true', 2, "'qed' is the name of another property"),
        (f'[[goal]]\nproperty = "a b"\ncommand = {COMMAND}\nmax = true', 1, "a name of your own, in one word"),
        (f'[[goal]]\nproperty = "a:b"\ncommand = {COMMAND}\nmax = true', 1, "a name of your own, in one word"),
        ('[[goal]]\nproperty = "qed"\nmax = true\ntimeout = 5', 1, "timeout is for programs and functions; 'qed' is"),
        ('[[goal]]\nproperty = "qed"\nmax = true\nexpensive = true', 1, "expensive is for programs and functions"),
        ('[[goal]]\nproperty = "json:dumps"\nmax = true\nworkers = 2', 1, "workers is .*; add expensive = true"),
        (DOCK + "timeout = 0", 7, "greater than 0"),
        (DOCK + "workers = 1.5", 7, "integer"),
        (DOCK + "expensive = false", 7, "True"),
        (DOCK + DOCK.replace("-8", "-9") + "workers = 2", 1, "two goals describe 'dock' in different ways"),
    ],
)
def test_a_wrong_key_is_named_with_its_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ProfileError, match=reason) as caught:
        load_profile(path)
    assert f"{path}, line {line}: " in str(caught.value) or "two goals" in reason
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("score", "cannot be called 'score', which is a column of the results"),
        ("nearest_training_smiles", "which is a column of the results"),
        ("row", "which is a column of the results"),
        ("file", "which is a column of the results"),
        ("similarity", "which is a column of the results"),
        ("qed_score", "cannot be called 'qed_score', which is the column of 'qed' in the results"),
        ("qed_in_domain", "which is the column of 'qed' in the results"),
    ],
)
def test_a_name_under_which_results_could_not_be_told_apart_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    text = f'[[goal]]\nproperty = "{name}"\ncommand = {COMMAND}\nmax = true\n[[goal]]\nproperty = "qed"\nmax = true'
    with pytest.raises(ProfileError, match=reason):
        assert load_profile(write(tmp_path, text)).terms


def test_columns_of_results_are_those_that_are_written() -> None:
    frame = describe_hits([], parse_goals(["qed max"]))
    assert set(frame.columns) - {"qed", "qed_score", "unseen_rings", "unseen_atoms"} <= COLUMNS
    assert set(describe_unscored([], parse_goals(["qed max"])).columns) - {"qed"} <= COLUMNS
    assert not COLUMNS & set(PropertyCatalog.of_models().known_names())
