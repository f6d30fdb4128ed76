"""A worker process: `python -m moldesign.server.task_worker MODELS`, a line of JSON in, a line of JSON out."""

import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import torch

from moldesign.errors import MoldesignError
from moldesign.server.profiles import FieldError
from moldesign.server.tasks import Tasks

logger = logging.getLogger(__name__)


def serve_tasks(tasks: Tasks, questions: TextIO, answers: TextIO) -> None:
    """Answer each line until the input ends; the first answer says that the models are loaded."""
    tasks.warm_up()
    _write(answers, {"result": {"ready": True}})
    for line in questions:
        question = json.loads(line)
        with limit_processor_time(question["seconds"]):
            told = answer(tasks, question)
        _write(answers, told)


@contextmanager
def limit_processor_time(seconds: float) -> Iterator[None]:
    """End this process, by SIGPROF, if the block needs more processor time; compiled code cannot put that off."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)
    yield
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, 0)


def answer(tasks: Tasks, question: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a task, or what is wrong with the question."""
    try:
        return {"result": tasks.find_task(question["task"])(**question["arguments"])}
    except FieldError as error:
        return {"error": str(error), "field": error.field}
    except MoldesignError as error:
        return {"error": str(error), "field": None}
    except Exception:  # a fault of the program must cost one request, not the worker; the log has the whole story
        logger.exception("the task %r failed", question["task"])
        return {"fault": f"the task {question['task']!r} failed inside; the server's log says why"}


def _write(answers: TextIO, content: dict[str, Any]) -> None:
    answers.write(json.dumps(content, allow_nan=False) + "\n")
    answers.flush()


def main() -> None:
    """Serve standard input; whatever libraries print goes to standard error: standard output has the answers."""
    torch.set_num_threads(1)
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        serve_tasks(Tasks(json.loads(sys.argv[1])), sys.stdin, answers)


if __name__ == "__main__":
    main()
