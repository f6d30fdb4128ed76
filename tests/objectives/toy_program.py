"""A program of a user: scores by the share of carbon atoms in ten, and fails in every way, on molecules of their own.

Run as a script: `python toy_program.py [LOG]`; the SMILES that it is asked for are appended to LOG.
"""

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = Path(__file__)


def make_command(log: Path | None = None) -> tuple[str, ...]:
    """Return the command that runs this file."""
    return (sys.executable, str(SCRIPT), *([] if log is None else [str(log)]))


def make_goal(log: Path | None = None, aim: str = "max") -> str:
    """Return a goal on the command line of this program."""
    return f"program({shlex.join(make_command(log))}) {aim}"


def read_log(log: Path) -> list[str]:
    """Return the SMILES that the program was asked for, sorted."""
    return sorted(log.read_text().split()) if log.exists() else []


def score_carbons(smiles: str) -> float:
    """Return the program's score of a molecule that it does not fail on."""
    return min(1.0, smiles.upper().count("C") / 10)


def answer(number: int, smiles: str) -> None:
    """Answer in the way that the molecule is for."""
    right = {"id": number, "score": score_carbons(smiles)}
    if "F" in smiles:
        right = {"id": number, "error": "no  conformer\nfound"}
    elif "Br" in smiles:
        right = {"id": number + 1, "score": 0.5}
    elif "B" in smiles:
        right = {"id": number, "score": "high"}
    elif "P" in smiles:
        sys.stdout.write("docking finished: -7.1\n")
    elif "[Si]" in smiles:
        subprocess.Popen(["sleep", "60"])
        time.sleep(60)
    elif "I" in smiles:
        sys.stderr.write("warming up\nfatal: no licence\n\n")
        sys.exit(3)
    elif "[Se]" in smiles:
        os.abort()
    elif "[As]" in smiles:
        sys.stdout.write('{"id": 1')
        sys.stdout.flush()
        sys.exit(0)
    elif "[Te]" in smiles:
        right = {"id": number}
    sys.stdout.write(json.dumps(right) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer every line."""
    for line in sys.stdin:
        question = json.loads(line)
        for log in sys.argv[1:]:
            with Path(log).open("a") as handle:
                handle.write(question["smiles"] + "\n")
        answer(question["id"], question["smiles"])


if __name__ == "__main__":
    main()
