"""The other side of a worker: a Python function answers lines of JSON on standard input."""

import json
import math
import os
import sys
from collections.abc import Callable
from typing import Any


class RefusedError(Exception):
    """A molecule that has no score; the message is all that is said about it."""


def serve(score: Callable[[str], float]) -> None:
    """Answer each line of standard input with a line, until the input ends.

    Whatever `score` prints, by Python or by compiled code, goes to standard error, because standard output carries the
    answers.

    Args:
        score: gives the number of a SMILES; the message of its exception is the molecule's error.
    """
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            answers.write(json.dumps(_answer(json.loads(line), score), allow_nan=False) + "\n")
            answers.flush()


def _answer(question: dict[str, Any], score: Callable[[str], float]) -> dict[str, Any]:
    try:
        value = score(question["smiles"])
    except RefusedError as error:
        return {"id": question["id"], "error": str(error)}
    except (Exception, SystemExit) as error:  # foreign code may raise anything; the message names it
        return {"id": question["id"], "error": f"{type(error).__name__}: {error}"}
    if not math.isfinite(value):
        return {"id": question["id"], "error": f"it gave {value} instead of a finite number"}
    return {"id": question["id"], "score": value}
