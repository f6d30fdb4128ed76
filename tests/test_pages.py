"""Tutorials and how-to pages run as they stand: files, commands and code in the order of the page.

On these pages a block `sh` holds commands that succeed, `console` a command with lines of what it says, `python` code
in one namespace, and `text` what the code before it prints. Blocks without a language are not run.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib
import pytest

from tests.small_forests import small_forests  # noqa: F401  a fixture
from tests.test_docs import DOCS, type_line, write_files

LEFT_BEHIND = {
    "quickstart.md": ["predicted.csv", "first/hits.csv", "first/hits.sdf", "first.html", "why.svg"],
    "report.md": ["run/report.html", "best.csv.report.html"],
    "tutorials/design.md": ["d2/hits.csv", "d2/audit.json", "why.svg"],
    "tutorials/own_assay.md": ["my_model/report.html", "my_model/training.json", "again.csv", "mine/hits.csv"],
    "tutorials/scaffold.md": ["grown/hits.csv", "linked/hits.csv", "near/hits.csv"],
    "tutorials/agent.md": [],
    "howto/unknown_tokens.md": [],
    "howto/own_prior.md": ["mine/card.json", "designed/hits.csv"],
    "howto/after_learning.md": ["run/run.sqlite", "tuned/card.json"],
    "howto/mode_collapse.md": ["varied/metrics.jsonl", "varied.json"],
    "howto/columns.md": [],
    "howto/large_files.md": ["best.csv", "best.csv.rejected.csv"],
    "howto/go_on.md": ["my_model_2/report.html", "my_model_2/measurements.csv.gz", "my_model_3/training.json"],
    "howto/resume.md": ["run/hits.csv"],
    "howto/reproducibility.md": ["one/profile.toml", "two/hits.csv"],
}
"""What the reader of a page has in the end."""
TESTED_ELSEWHERE = {"pipelines.md", "runs.md", "scaling.md", "scorers.md", "screening.md", "serving.md"}
_BLOCK = re.compile(r"(?<!`:\n\n)^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Reader:
    """Somebody who types everything that stands on a page."""

    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    printed: str = ""
    n_steps: int = 0

    def follow(self, language: str, text: str) -> None:
        if language == "sh":
            for line in text.splitlines():
                code, said = type_line(line)
                assert code == 0, f"{line}\n{said}"
        elif language == "console":
            self.compare(text)
        elif language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(text, "page", "exec"), self.names)  # noqa: S102  the text is our own
            self.printed = printed.getvalue()
        elif language == "text":
            assert self.printed.rstrip().splitlines() == text.rstrip().splitlines()
        self.n_steps += language in {"sh", "console", "python"}

    def compare(self, text: str) -> None:
        """Run the command of the first line; the others must be among what it says."""
        first, *lines = text.splitlines()
        _, said = type_line(first.removeprefix("$ "))
        for line in lines:
            assert line in said.splitlines(), said


def list_steps(page: str) -> Iterator[tuple[str, str]]:
    yield from _BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("page", LEFT_BEHIND)
def test_page_runs_as_it_stands(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    write_files(page, Path())
    reader = Reader()
    for language, text in list_steps(page):
        reader.follow(language, text)
    assert reader.n_steps > 0
    assert [name for name in LEFT_BEHIND[page] if not Path(name).exists()] == []


def test_no_page_is_forgotten() -> None:
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    runnable = {
        page for page in pages if any(language in {"sh", "console", "python"} for language, _ in list_steps(page))
    }
    assert runnable - TESTED_ELSEWHERE == set(LEFT_BEHIND)
