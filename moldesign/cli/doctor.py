"""`moldesign doctor`: what this installation is, and whether it works; the text of a good bug report."""

import os
import platform
import shutil
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import typer

from moldesign.cli.text import format_table
from moldesign.versions import find_version

PACKAGES = ("torch", "torch-geometric", "rdkit", "gymnasium", "numpy", "pandas", "scipy", "scikit-learn", "pyarrow")
EXTRAS = {
    "docs": ("mkdocs-material", "mkdocstrings"),
    "docking": ("vina", "meeko", "gemmi"),
    "evaluate": ("fcd_torch",),
    "onnx": ("onnx", "onnxruntime"),
    "ray": ("ray",),
    "search": ("optuna",),
}
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
DRUGS = ("CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CC(C)Cc1ccc(C(C)C(=O)O)cc1")
SOLUBLE, INSOLUBLE = "CCO", "c1ccc2cc3ccccc3cc2c1"
"""Ethanol mixes with water; anthracene has a solubility of -6 log10 mol/L."""
N_PARSED, N_WRITTEN = 2_000, 64
LEAST_VALID = 0.8
"""Share of the written texts that must be molecules; the bundled priors reach more than 0.95."""


class CheckError(Exception):
    """A check whose result is wrong; the message says what was found."""


def doctor() -> None:
    """Say what this installation is, and test it for a few seconds.

    Versions, processor, memory, GPU, extras and the checksums of the bundled models; then molecules are read,
    predicted and written. Paste the output into a bug report: it holds no file names and no molecules of yours. The
    exit code is 1 if a test failed.

    \b
    Example:
      moldesign doctor
    """
    typer.echo(describe_installation())
    typer.echo("\nself-test")
    began = time.perf_counter()
    failed = [name for name, check in CHECKS.items() if not _report(name, check)]
    seconds = time.perf_counter() - began
    if failed:
        typer.echo(f"\n{len(failed)} of {len(CHECKS)} tests failed: {', '.join(failed)}")
        raise typer.Exit(1)
    typer.echo(f"\nall {len(CHECKS)} tests passed in {seconds:.0f} s")


def describe_installation() -> str:
    """Return versions, machine and extras, a line each."""
    facts = [
        ["moldesign", version("moldesign")],
        ["python", f"{platform.python_version()} ({platform.python_implementation()})"],
        ["system", platform.platform()],
        ["cpu", describe_cpu()],
        ["cores", f"{count_usable_cores()} usable of {os.cpu_count()}"],
        ["threads", describe_threads()],
        ["memory", describe_memory()],
        ["free disk", f"{shutil.disk_usage(Path.cwd()).free / 1e9:.0f} GB here"],
        ["gpu", describe_gpu()],
        *([package, find_version(package) or "missing"] for package in PACKAGES),
        *([f"extra {name}", describe_extra(name)] for name in EXTRAS),
    ]
    header, *lines = facts
    return format_table(header, lines)


def describe_cpu() -> str:
    """Return the name of the processor, where the system tells it."""
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def count_usable_cores() -> int:
    """Return how many cores this process may use; a container or a batch system may allow fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_threads() -> str:
    """Return how many threads PyTorch computes with, and what the environment says about them."""
    import torch  # noqa: PLC0415

    stated = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ]
    return ", ".join([f"{torch.get_num_threads()} of PyTorch", *stated])


def describe_memory() -> str:
    """Return the size of the main memory, and how much of it is free."""
    try:
        page = os.sysconf("SC_PAGE_SIZE") / 1e9
        total, free = (page * os.sysconf(name) for name in ("SC_PHYS_PAGES", "SC_AVPHYS_PAGES"))
    except (AttributeError, OSError, ValueError):  # a system without POSIX
        return "unknown"
    return f"{total:.0f} GB, {free:.0f} GB free"


def describe_gpu() -> str:
    """Return the names of the GPUs that PyTorch can use."""
    import torch  # noqa: PLC0415

    known = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    names = [f"{one.name}, {one.total_memory / 1e9:.0f} GB" for one in known]
    return "; ".join(names) or f"none that PyTorch can use ({describe_torch_build()})"


def describe_torch_build() -> str:
    """Return for which GPUs this PyTorch was built."""
    import torch  # noqa: PLC0415

    return f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "a build for CPUs alone"


def describe_extra(name: str) -> str:
    """Return the versions of an extra's packages, or how to install it."""
    versions = {package: find_version(package) for package in EXTRAS[name]}
    if None in versions.values():
        return f"not installed: pip install 'moldesign[{name}]'"
    return ", ".join(f"{package} {number}" for package, number in versions.items())


def check_models() -> str:
    """Read every bundled model; loading compares its checksum."""
    from moldesign.checkpoint import load_model  # noqa: PLC0415
    from moldesign.cli.models import find_models  # noqa: PLC0415

    kinds = dict(zip(("predictor", "prior"), find_models(), strict=True))
    cards = [load_model(folder, kind=kind)[1] for kind, folders in kinds.items() for folder in folders.values()]
    return ", ".join(f"{card['name']} {card['sha256'][:8]}" for card in cards)


def check_reading() -> str:
    """Parse molecules on one core."""
    from moldesign.chem.smiles import parse_smiles  # noqa: PLC0415

    texts = [DRUGS[row % len(DRUGS)] for row in range(N_PARSED)]
    began = time.perf_counter()
    n_read = sum(mol is not None for mol in parse_smiles(texts).mols)
    if n_read < N_PARSED:
        raise CheckError(f"only {n_read} of {N_PARSED} drugs could be read")
    return f"{N_PARSED / (time.perf_counter() - began):,.0f} molecules/s on one core"


def check_predicting() -> str:
    """Predict two molecules of which everybody knows which is soluble."""
    from moldesign.predictors.bundled import load_predictor  # noqa: PLC0415

    began = time.perf_counter()
    predicted = load_predictor("admet").predict([SOLUBLE, INSOLUBLE])
    names = [endpoint.name for endpoint in predicted.endpoints]
    high, low = predicted.values[:, names.index("solubility")].tolist()
    if not high > low:
        raise CheckError(f"ethanol ({high:.1f}) should be more soluble than anthracene ({low:.1f} log10 mol/L)")
    return f"{len(names)} endpoints in {time.perf_counter() - began:.1f} s, loading included"


def check_writing() -> str:
    """Let the default prior write molecules."""
    import torch  # noqa: PLC0415

    from moldesign.chem.smiles import parse_smiles  # noqa: PLC0415
    from moldesign.generation.settings import GenerationSettings  # noqa: PLC0415
    from moldesign.policies.bundled import load_prior  # noqa: PLC0415
    from moldesign.policies.sampling import sample_smiles  # noqa: PLC0415

    began = time.perf_counter()
    prior, generator = load_prior(GenerationSettings().prior), torch.Generator().manual_seed(0)
    texts = [text for batch in sample_smiles(prior, N_WRITTEN, generator, batch_size=N_WRITTEN) for text in batch]
    n_valid = sum(mol is not None for mol in parse_smiles(texts).mols)
    if n_valid < LEAST_VALID * N_WRITTEN:
        raise CheckError(f"only {n_valid} of {N_WRITTEN} written texts are molecules")
    return f"{n_valid} of {N_WRITTEN} texts are molecules, in {time.perf_counter() - began:.1f} s, loading included"


CHECKS: dict[str, Callable[[], str]] = {
    "model checksums": check_models,
    "read molecules": check_reading,
    "predict": check_predicting,
    "write molecules": check_writing,
}


def _report(name: str, check: Callable[[], str]) -> bool:
    """Run a check, show its result, and return whether it passed."""
    try:
        verdict, found = "ok", check()
    except Exception as error:  # whatever a broken installation does belongs into the report
        verdict, found = "FAILED", f"{type(error).__name__}: {error}"
    typer.echo(f"  {name:16}  {verdict:6}  {' '.join(found.split())}")
    return verdict == "ok"
