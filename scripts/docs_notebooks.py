"""Notebooks as pages: text, code and outputs, as they are stored in the file, as one Markdown."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)


def convert_notebook(path: Path) -> str:
    """Return a notebook as Markdown.

    Args:
        path: the `.ipynb`, executed: outputs are taken from it.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts = [part for cell in cells for part in _convert_cell(cell)]
    parts.insert(1, f"*This page is the notebook [{path.name}]({path.name}), which the tests execute.*")
    return "\n\n".join(parts) + "\n"


def _convert_cell(cell: Mapping[str, Any]) -> Iterator[str]:
    text = "".join(cell["source"]).strip()
    if cell["cell_type"] == "markdown":
        # The title stands alone, so that what is said of the page can follow it.
        title, _, rest = text.partition("\n")
        yield from (part for part in ((title, rest.strip()) if title.startswith("# ") else (text,)) if part)
        return
    yield f"```python\n{text}\n```"
    for output in cell["outputs"]:
        yield from _convert_output(output)


def _convert_output(output: Mapping[str, Any]) -> Iterator[str]:
    if output["output_type"] == "stream":
        if output["name"] == "stdout":
            yield f"```text\n{''.join(output['text']).rstrip()}\n```"
        return
    data = {kind: "".join(text) for kind, text in output["data"].items()}
    if "image/svg+xml" in data:
        yield f'<div class="output">{data["image/svg+xml"].strip()}</div>'
    elif "image/png" in data:
        yield f'<div class="output"><img alt="output" src="data:image/png;base64,{data["image/png"].strip()}"></div>'
    elif "text/html" in data:
        table = re.sub(r"\n\s*", "", _STYLE.sub("", data["text/html"]))
        yield f'<div class="output">{table}</div>'
    else:
        yield f"```text\n{data['text/plain'].rstrip()}\n```"
