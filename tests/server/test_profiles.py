"""Goals that come over HTTP: what the package computes itself passes, what would run or open something does not."""

from pathlib import Path

import pytest

from moldesign.errors import MoldesignError
from moldesign.predictors.bundled import list_bundled
from moldesign.predictors.endpoints import Endpoint
from moldesign.server.profiles import FieldError, make_profile, read_goal
from moldesign.server.requests import ExplainRequest, PredictRequest
from moldesign.server.services import name_models
from moldesign.server.tasks import Tasks
from tests.cli.tiny_models import save_predictor


@pytest.mark.parametrize(
    "text",
    [
        "os:system max",
        "os:getcwd min",
        "my.module:score >= 1",
        "program(rm -rf /) min",
        "program(python dock.py) <= 3",
        "novelty(/etc/passwd) max",
        "novelty(library.csv) >= 1",
        "open(/etc/passwd) max",
        "eval(1) max",
        "../../etc/passwd max",
    ],
)
@pytest.mark.parametrize("field", ["goals", "must"])
def test_what_runs_or_opens_something_is_refused(text: str, field: str) -> None:
    values = {"goals": ["qed max"], "must": []}
    values[field] = [*values[field], text]
    with pytest.raises(FieldError, match=r"not allowed here|not understood") as refused:
        make_profile(values)
    assert refused.value.field == f"{field}.{len(values[field]) - 1}"


@pytest.mark.parametrize("text", ["docking min", "vina <= -8", "foo max"])
def test_names_that_nobody_knows(text: str) -> None:
    with pytest.raises(FieldError, match="unknown property") as refused:
        make_profile({"goals": ["qed max", text]})
    assert refused.value.field == "goals.1"


@pytest.mark.parametrize(
    "text", ["qed max", "similarity(CCO) >= 0.4 * 2", "substructure([NX3;H2]) >= 1", "only(C,N,O) >= 1"]
)
def test_what_is_computed_here_passes(text: str) -> None:
    assert read_goal(text, "goals.0").text == text.partition(" *")[0]


def test_all_fields_reach_the_profile() -> None:
    values = {
        "goals": ["qed max", "mw in 200..500 * 2"],
        "must": ["alerts <= 0"],
        "forbidden": ["[N+](=O)[O-]"],
        "threshold": 0.7,
        "start": ["CCO"],
        "min_similarity": 0.4,
        "max_similarity": None,
    }
    profile = make_profile(values)
    assert [goal.weight for goal in profile.goals] == [1.0, 2.0]
    assert profile.threshold == 0.7
    assert profile.constraints.must == ("alerts <= 0",)
    assert (profile.constraints.similar_to, profile.constraints.similarity) == (("CCO",), (0.4, 1.0))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"goals": ["qed"]}, "goals.0"),
        ({"goals": ["qed max", "mw ~ 3"]}, "goals.1"),
        ({"goals": ["qed max", "similarity(C() max"]}, "goals.1"),
        ({"goals": ["qed max", "qed max"]}, "goals"),
        ({"must": ["qed max"]}, "must"),
        ({"required": ["[N"]}, "required"),
        ({"scaffold": ["CCO"]}, "scaffold"),
        ({"start": ["CC("], "min_similarity": 0.4}, "start"),
        ({"start": ["CC"], "min_similarity": 0.6, "max_similarity": 0.4}, "start"),
    ],
)
def test_the_field_is_named(changes: dict[str, object], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        make_profile({"goals": ["qed max"], **changes})
    assert refused.value.field == field


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    """The tasks of a server of one model more, whose names are those of a spreadsheet."""
    names = {"IC50 [nM]": ("IC50_nM",), "%inhibition": (), "os:getcwd": ("getcwd",), "novelty(/etc/passwd)": ()}
    endpoints = [Endpoint(name, "regression", "", "", aliases=aliases) for name, aliases in names.items()]
    save_predictor(tmp_path / "my model", "mine", tuple(endpoints), ["CCO", "CCN", "CCC"])
    return Tasks(name_models((str(tmp_path / "my model"),)))


def test_models_and_endpoints_of_any_name_are_used(tasks: Tasks) -> None:
    asked = PredictRequest(smiles=["CCO"], model="my model")
    [row] = tasks.predict(**asked.model_dump())["rows"]
    assert list(row["endpoints"]) == ["IC50 [nM]", "%inhibition", "os:getcwd", "novelty(/etc/passwd)"]
    asked = ExplainRequest(smiles="CCO", endpoint="IC50 [nM]", model="my model")
    assert tasks.explain(**asked.model_dump())["endpoint"] == "IC50 [nM]"
    with pytest.raises(FieldError, match=r"unknown endpoint of mine 'IC50 \[mM\]'"):
        tasks.explain(smiles="CCO", endpoint="IC50 [mM]", model="my model")
    with pytest.raises(FieldError, match=r"unknown model '\.\./my model'"):
        tasks.predict(smiles=["CCO"], model="../my model")


def test_a_goal_names_an_endpoint_of_any_name(tasks: Tasks) -> None:
    goals = {one["name"]: one["goal"] for one in tasks.list_properties()["properties"]}
    assert (goals["qed"], goals["IC50 [nM]"], goals["%inhibition"]) == ("qed", "IC50_nM", "%inhibition")
    assert goals["os:getcwd"] == "getcwd"
    assert "novelty(/etc/passwd)" not in goals
    told = tasks.check_profile(goals=["IC50_nM min", "%inhibition >= 50"])
    assert [one["property"] for one in told["goals"]] == ["IC50 [nM]", "%inhibition"]
    assert tasks.count_training("IC50_nM")["histogram"]["n"] == 3
    for text in ("os:getcwd max", "novelty(/etc/passwd) max"):
        with pytest.raises(FieldError, match="not allowed here"):
            tasks.check_profile(goals=[text])


def test_of_two_models_with_one_endpoint_none_is_meant_without_a_name_of_its_own(tmp_path: Path) -> None:
    for folder, aliases in [("first", ()), ("second", ("of_second",))]:
        save_predictor(tmp_path / folder, folder, (Endpoint("herg", "regression", "", "", aliases=aliases),), ["CCO"])
    tasks = Tasks(name_models((str(tmp_path / "first"), str(tmp_path / "second"))))
    [listed] = [one for one in tasks.list_properties()["properties"] if one["name"] == "herg"]
    assert (listed["model"], listed["goal"]) == ("second", "of_second")
    assert tasks.check_profile(goals=["of_second max"])["goals"][0]["property"] == "herg"
    with pytest.raises(FieldError, match="'herg' is an endpoint of several models, first and second:"):
        tasks.check_profile(goals=["herg <= 0.3"])


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    folders = [tmp_path / parent / "model" for parent in ("mine", "theirs")]
    for folder in folders:
        save_predictor(folder, "model", (Endpoint("herg", "regression", "", ""),), ["CCO"])
    with pytest.raises(
        MoldesignError, match=r"two models are called 'model', .*mine/model and .*theirs/model: .* rename"
    ):
        name_models(tuple(map(str, folders)))
    assert name_models((str(folders[0]), str(folders[0])))["model"] == str(folders[0])


@pytest.mark.parametrize("name", ["os:getcwd", "novelty(/etc/passwd)", "program(ls)", "../../etc/passwd", ""])
def test_a_histogram_runs_and_opens_nothing(name: str) -> None:
    with pytest.raises(FieldError, match="unknown property"):
        Tasks({model: model for model in list_bundled()}).count_training(name)
