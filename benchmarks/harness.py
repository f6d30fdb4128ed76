"""Where benchmark results go: one JSON file per question, with what is needed to repeat its figures.

A benchmark is run from the top of the checkout, as `python -m benchmarks.environment_speed`.
"""

import json
import os
import platform
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def write_result(
    name: str,
    figures: Mapping[str, Any],
    *,
    seed: int | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Path:
    """Write `benchmarks/results/<name>.json` whole or not at all, and return its path.

    Args:
        name: the question, which is also the name of the README's table.
        figures: what was measured, the unit in the name (`steps_per_s`); either name -> number, or
            row -> column -> number for a table with several columns. Lists (curves) stay out of the table.
        seed: what the random generators were started with.
        extra: anything else that a reader needs to repeat the measurement (settings, sizes).

    Raises:
        ValueError: a figure is NaN or infinite, which JSON cannot say.
    """
    from moldesign.checkpoint import write_text_atomically  # noqa: PLC0415  see describe_machine

    result = {
        "name": name,
        "figures": dict(figures),
        "seed": seed,
        "extra": dict(extra or {}),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_checkout(),
        "machine": describe_machine(),
        "versions": describe_versions(),
    }
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False, default=_to_plain)
    path = locate_result(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(path, text + "\n")
    return path


def locate_result(name: str) -> Path:
    """Return where the figures of a question are."""
    return RESULTS / f"{name}.json"


def describe_checkout() -> dict[str, Any]:
    """Return the git commit and whether code beyond it ran; both None outside a git checkout."""
    commit = _ask_git("rev-parse", "--verify", "HEAD")
    changes = _ask_git("status", "--porcelain", "--", ".", ":!benchmarks/results", ":!README.md")
    return {"commit": commit, "uncommitted_changes": None if commit is None else bool(changes)}


def describe_machine() -> dict[str, Any]:
    """Return processor, usable cores, threads, memory in GiB and the GPU's name (None without one)."""
    import torch  # noqa: PLC0415  loaded after the measurement, so that its thread pools cannot disturb it

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _name_cpu(),
        "cores": cores,
        "threads": torch.get_num_threads(),
        "ram_gib": round(memory_bytes / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def describe_versions() -> dict[str, str]:
    """Return the versions of Python, this checkout and the libraries that decide speed and numbers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    libraries = ("torch", "torch-geometric", "rdkit", "gymnasium", "numpy")
    return {
        "python": platform.python_version(),
        "moldesign": project["version"],
        **{library: version(library) for library in libraries},
    }


def _ask_git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    answer = subprocess.run([git, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def _name_cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _to_plain(value: Any) -> Any:
    """Turn a NumPy scalar or array, or a tensor, into what JSON knows."""
    return value.tolist()
