"""`moldesign generate` with a program of the user's: what it says when all goes well, and when it does not."""

import shlex
import sys
from pathlib import Path

import pandas as pd

from tests.cli.conftest import Moldesign

PROGRAM = """
import json, sys
for line in sys.stdin:
    question = json.loads(line)
    fails = any(letter in question["smiles"] for letter in sys.argv[1])
    answer = {"error": "no conformer"} if fails else {"score": 1}
    print(json.dumps({"id": question["id"], **answer}), flush=True)
"""
SHORT = ("--budget", 40, "--n", 40, "--out", "run")


def make_goal(fails_on: str) -> str:
    Path("program.py").write_text(PROGRAM)
    return f"program({shlex.join([sys.executable, 'program.py', fails_on])}) max"


def test_molecules_without_a_score_are_told(moldesign: Moldesign) -> None:
    done = moldesign("generate", "--goal", make_goal("S"), "--goal", "heavy_atoms >= 3", *SHORT)
    assert done.code == 0, done.err
    hits = pd.read_csv("run/hits.csv")
    unscored = pd.read_csv("run/unscored.csv") if Path("run/unscored.csv").exists() else pd.DataFrame({"smiles": []})
    assert not set(hits["smiles"]) & set(unscored["smiles"])
    assert all("S" in text for text in unscored["smiles"])
    told = "so that there is no score; see run/unscored.csv"
    assert (told in done.err) == (len(unscored) > 0)


def test_a_program_that_fails_is_one_line_and_exit_1(moldesign: Moldesign) -> None:
    done = moldesign("generate", "--goal", make_goal("CNOSPFIBcnosp"), *SHORT, "--no-guards", "--quiet")
    assert done.code == 1
    (line,) = [text for text in done.err.splitlines() if text.startswith("error: ")]
    assert "program.py CNOSPFIBcnosp) gave a score for 0 of " in line
    assert line.endswith(": no conformer; everything scored is kept in run: go on with --resume")
    resumed = moldesign("generate", "--resume", "--out", "run", "--quiet")
    assert resumed.code == 1
    Path("program.py").write_text(PROGRAM.replace("fails = ", "fails = False and "))
    assert moldesign("generate", "--resume", "--out", "run", "--quiet").code == 0
    assert len(pd.read_csv("run/hits.csv")) == 40


def test_the_plan_says_which_programs_will_run(moldesign: Moldesign) -> None:
    make_goal("S")
    command = [sys.executable, "program.py", "S"]
    Path("mine.toml").write_text(f'[[goal]]\nproperty = "dock"\ncommand = {command!r}\nmax = true\n')
    done = moldesign("generate", "mine.toml", "--budget", 5, "--out", "run")
    assert done.code == 0, done.err
    assert done.err.startswith(f"goals: dock max\ndock is what this program says: {shlex.join(command)}\na hit scores")


def test_a_program_that_does_not_exist_is_said_before_the_run(moldesign: Moldesign) -> None:
    done = moldesign("generate", "--goal", "program(absent-program -x) max", *SHORT)
    assert done.code == 1
    assert "there is no program 'absent-program'" in done.err
    assert not Path("run").exists()
