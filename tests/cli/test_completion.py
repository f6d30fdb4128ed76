"""What the shell offers: the names that the verbs know, found without loading what makes a keystroke wait."""

import os
import subprocess
import sys

import pytest
import typer
from click import Command

from moldesign.cli import completion
from moldesign.objectives.catalog import PropertyCatalog
from moldesign.predictors.bundled import list_bundled, read_model_card
from tests.conftest import ROOT

HEAVY = ("torch", "rdkit", "pandas", "scipy", "sklearn")
CODE = f"""
import sys
from moldesign.cli.main import run
try:
    run()
finally:
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


def make_context(**params: object) -> typer.Context:
    context = typer.Context(Command("generate"))
    context.params = params
    return context


def list_words(offers: list[completion.Offer]) -> list[str]:
    return [word for word, _ in offers]


def test_every_plain_property_is_offered_and_no_other() -> None:
    offered = list_words(completion.complete_goals(make_context(), ""))
    assert set(offered) == set(PropertyCatalog.of_models().plain)
    assert len(offered) == len(set(offered))


def test_the_start_of_a_word_chooses() -> None:
    assert set(list_words(completion.complete_goals(make_context(), "he"))) == {"herg", "heavy_atoms"}
    [(name, about)] = completion.complete_goals(make_context(), "herg")
    assert (name, "hERG" in about) == ("herg", True)


def test_endpoints_are_those_of_the_named_model() -> None:
    offered = list_words(completion.complete_endpoints(make_context(model="activity"), ""))
    assert {one["name"] for one in read_model_card("activity")["endpoints"]} <= set(offered)
    assert "herg" not in offered


def test_a_folder_that_is_half_typed_spoils_nothing() -> None:
    assert completion.complete_endpoints(make_context(model="no/such/folder"), "") == []
    assert "qed" in list_words(completion.complete_goals(make_context(model=["no/such/folder"]), "q"))


def test_models_and_priors() -> None:
    assert list_words(completion.complete_predictors("")) == list(list_bundled())
    assert "chembl" in list_words(completion.complete_priors("c"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["moldesign", "generate", "--goal", "her"], ["herg"]),
        (["moldesign", "screen", "library.csv", "--must", "tps"], ["tpsa"]),
        (["moldesign", "explain", "CCO", "--model", "admet", "--endpoint", "ame"], ["ames"]),
        (["moldesign", "predict", "library.csv", "--model", "adm"], ["admet"]),
        (["moldesign", "generate", "--prior", "chem"], ["chembl"]),
    ],
)
def test_the_shell_is_answered_without_heavy_imports(words: list[str], expected: list[str]) -> None:
    asked = {"_MOLDESIGN_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    environment = os.environ | asked | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == expected
    assert done.stderr == "[]\n"
