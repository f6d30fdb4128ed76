"""Pages of the documents that are made of something else: help of the verbs, notebooks, the description of the data.

MkDocs calls these functions by their names (`hooks` in mkdocs.yml).
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.main import get_command

from moldesign.cli.main import app
from moldesign.cli.task_group import find_task
from scripts.docs_notebooks import convert_notebook

COMMANDS, DATA, SCALING = "reference/commands.md", "explanation/data.md", "scaling.md"
WIDTH = 100
"""Columns of the help texts"""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the page about clusters among the tutorials, where there is one."""
    if (Path(config.docs_dir) / SCALING).exists() and config.nav:
        [tutorials] = [part["Tutorials"] for part in config.nav if "Tutorials" in part]
        tutorials.append({"Scale out": SCALING})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no files of their own."""
    data = Path(config.config_file_path).parent / "data" / "README.md"
    for name, text in ((COMMANDS, describe_commands()), (DATA, describe_data(data.read_text(encoding="utf-8")))):
        files.append(File.generated(config, name, content=text))
    for notebook in sorted(Path(config.docs_dir).glob("notebooks/*.ipynb")):
        name = notebook.relative_to(config.docs_dir).with_suffix(".md").as_posix()
        files.append(File.generated(config, name, content=convert_notebook(notebook)))
    return files


def describe_commands() -> str:
    """Return the help of every verb, as `--help` shows it."""
    group: Any = get_command(app)
    verbs = {name: command for name, command in group.commands.items() if not command.hidden}
    lines = [
        "---\nhide: [navigation]\n---\n\n# Command line\n",
        "What `moldesign VERB --help` says. The exit code is 0 where all went well, 1 where there was a problem, which "
        "is said in one line that names file, row and remedy, 2 for wrong usage, and 130 after Ctrl-C, when everything "
        "that was scored so far is kept.\n",
    ]
    for task in dict.fromkeys(map(find_task, verbs.values())):
        lines.append(f"## {task}\n")
        lines += [describe_command(name, verb) for name, verb in verbs.items() if find_task(verb) == task]
    return "\n".join(lines)


def describe_command(name: str, command: Any) -> str:
    """Return the section of one verb."""
    path = f"moldesign {name}"
    context = command.make_context(path, [], resilient_parsing=True, max_content_width=WIDTH, terminal_width=WIDTH)
    with context:
        return f"### {name}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"


def describe_data(text: str) -> str:
    """Return data/README.md as a page: a title, and what licences mean for those who use the weights."""
    body = re.sub(r"\A# .*\n", "", text)
    return f"""# Data and licences

moldesign itself is licensed under Apache-2.0. What the bundled weights have learned comes from the data sets below,
each under its own terms; the card of every model (`moldesign models NAME`) names source and licence of each endpoint.
Data of ChEMBL and ExCAPE-DB are under share-alike terms: whoever distributes weights that were trained on from the
bundled ones should look at these first. Models that `moldesign train --from scratch` and `moldesign pretrain --from
scratch` make contain nothing of ours.

The same text stands in `data/README.md` of the repository.
{body}"""
