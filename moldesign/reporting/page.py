"""A page that needs nothing else: templates, style and scripts in one file, and everything in it escaped.

The page forbids itself every connection and every script but its own, by their hashes (Content Security Policy), so
that even text that slipped through would do nothing.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from moldesign.checkpoint import write_text_atomically
from moldesign.errors import RunFolderError

_STYLE = "report.css"
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {}; base-uri 'none'; form-action 'none'"
)
_UNSAFE_IN_SCRIPT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def render_page(template: str, scripts: Sequence[str] = (), **values: Any) -> str:
    """Return a page.

    Args:
        template: file name in `pages`.
        scripts: file names in `pages`, which the page runs in this order.
        values: for the template, beside `style`, `scripts` and `policy`.
    """
    texts = [_read(name) for name in scripts]
    hashes = " ".join(f"'sha256-{_hash(text)}'" for text in texts) or "'none'"
    page = _make_environment().get_template(template)
    # What stands in these files is the package's own.
    shared = {"style": Markup(_read(_STYLE)), "scripts": [Markup(text) for text in texts]}  # noqa: S704
    return page.render(**shared, policy=_POLICY.format(hashes), **values)


def write_page(path: Path, html: str) -> None:
    """Write a page; signs that no text can hold (halves of pairs, from damaged files) become question marks.

    Raises:
        RunFolderError: it cannot be written.
    """
    try:
        write_text_atomically(path, html.encode("utf-8", "replace").decode("utf-8"))
    except OSError as error:
        raise RunFolderError(
            f"{path} cannot be written ({error.strerror}); free some space, or make the folder writable"
        ) from error


def embed_json(data: Any) -> Markup:
    """Return data as JSON that may stand inside a script element: no sign in it can end the element.

    >>> embed_json({"a": "</script>"})
    Markup('{"a":"\\\\u003c/script\\\\u003e"}')
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_UNSAFE_IN_SCRIPT))  # noqa: S704  translated, see above


def format_number(value: Any) -> str:
    """Return a number with three digits, more where it is large, other things as text, nothing for what is missing.

    >>> format_number(0.123456), format_number(341.02), format_number(12345), format_number(float("nan"))
    ('0.123', '341.0', '12,345', '')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if not math.isfinite(value):
        return ""
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"


def format_seconds(seconds: float) -> str:
    """Return a duration in words.

    >>> format_seconds(47.2), format_seconds(600), format_seconds(7500)
    ('47 s', '10 min', '2 h 5 min')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def list_versions(versions: Mapping[str, str]) -> str:
    """Return versions in one line.

    >>> list_versions({"rdkit": "2026.3.3", "python": "3.11.7"})
    'rdkit 2026.3.3, python 3.11.7'
    """
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _read(name: str) -> str:
    return resources.files("moldesign.reporting").joinpath("pages", name).read_text(encoding="utf-8")


@cache
def _make_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("moldesign.reporting", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": format_number, "embed_json": embed_json, "seconds": format_seconds}
    return environment
