"""The shape of the code: layer order, no cycles, light imports, nothing from a file executed, small files."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import quantiles

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "moldesign"

# A module imports only from earlier lines, and never from another name on its own line.
LAYERS = (
    {"errors", "compiler"},
    {"seeding", "metrics", "checkpoint", "versions", "gradients", "devices"},
    {"chem"},
    {"datasets"},
    {"graphs"},
    {"predictors"},
    {"objectives"},
    {"envs"},
    {"policies"},
    {"learning", "search"},
    {"generation", "screening", "evaluation", "monitoring"},
    {"reporting"},
    {"moldesign"},  # the package itself, which only gathers public names
    {"server"},
    {"cli"},
    {"__main__"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

MAX_FILE_LINES = 400
MAX_P90_BODY_LINES = 25
MAX_WEIGHTS_BYTES = 60 * 2**20

# Reading any of these formats can run code that the file brings along.
EXECUTING_MODULES = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
EXECUTING_CALLS = {
    "eval",
    "exec",
    "__import__",
    "torch.load",
    "torch.save",
    "pd.read_pickle",
    "pandas.read_pickle",
}
DISPATCHERS = {"getattr", "import_module", "importlib.import_module"}


def name_module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {name_module(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8"), str(path)) for name, path in PATHS.items()}


def name_layer(module: str) -> str:
    """`moldesign.chem.smiles` -> `chem`; the package itself is its own layer."""
    return module.split(".")[1] if "." in module else module


def find_imports(module: str) -> Iterator[tuple[str, int]]:
    """Yield (full module name, line) of every import, those inside functions included."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_base(module, node)
            names = (f"{base}.{alias.name}" for alias in node.names)
            yield from ((name if name in PATHS else base, node.lineno) for name in names)


def resolve_base(module: str, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    package = module.split(".") if PATHS[module].name == "__init__.py" else module.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def find_calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def measure_bodies(tree: ast.AST) -> Iterator[int]:
    """Yield the number of lines of each function's body, without its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_every_module_belongs_to_a_layer() -> None:
    unknown = {name_layer(module) for module in PATHS} - RANK.keys()
    assert not unknown, f"give these a place in LAYERS: {sorted(unknown)}"


def test_imports_point_to_earlier_layers() -> None:
    wrong = [
        f"{PATHS[module].relative_to(ROOT)}:{line} imports {imported}"
        for module in PATHS
        for imported, line in find_imports(module)
        if imported.split(".")[0] == "moldesign"
        and name_layer(imported) != name_layer(module)
        and RANK[name_layer(imported)] >= RANK[name_layer(module)]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_import_cycles() -> None:
    graph = {module: {name for name, _ in find_imports(module) if name in PATHS} for module in PATHS}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' <- '.join(error.args[1])}")


def test_chem_knows_no_torch() -> None:
    wrong = [
        f"{PATHS[module].relative_to(ROOT)}:{line} imports {imported}"
        for module in PATHS
        if name_layer(module) == "chem"
        for imported, line in find_imports(module)
        if imported.split(".")[0] in {"torch", "torch_geometric"}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("layer", "too_heavy"),
    [
        ("moldesign", {"torch", "rdkit", "pandas", "scipy", "sklearn"}),
        ("chem", {"torch"}),
        ("screening", {"torch", "sklearn", "matplotlib"}),
        ("cli", {"torch", "rdkit", "pandas", "scipy", "sklearn", "pyarrow"}),
    ],
)
def test_import_stays_light(layer: str, too_heavy: set[str]) -> None:
    modules = [module for module in PATHS if name_layer(module) == layer]
    code = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code, *modules], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not too_heavy & set(loaded)


def test_nothing_executes_what_a_file_brings() -> None:
    wrong = [
        f"{PATHS[module].relative_to(ROOT)}:{line} imports {imported}"
        for module in PATHS
        for imported, line in find_imports(module)
        if imported.split(".")[0] in EXECUTING_MODULES
    ] + [
        f"{PATHS[module].relative_to(ROOT)}:{call.lineno} calls {function}"
        for module in PATHS
        for function, call in find_calls(module)
        if function in EXECUTING_CALLS or any(keyword.arg == "allow_pickle" for keyword in call.keywords)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_dispatch_by_composed_names() -> None:
    wrong = [
        f"{PATHS[module].relative_to(ROOT)}:{call.lineno} {ast.unparse(call)}"
        for module in PATHS
        for function, call in find_calls(module)
        if function in DISPATCHERS and any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in call.args)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{PATHS[module].relative_to(ROOT)}:{call.lineno}"
        for module in PATHS
        if name_layer(module) != "cli"
        for function, call in find_calls(module)
        if function == "print"
    ]
    assert not wrong, "\n".join(wrong)


def test_names_say_what_things_are() -> None:
    vague = [module for module in PATHS if module.rsplit(".")[-1] in {"utils", "helpers", "common", "misc"}]
    vague += [
        f"{PATHS[module].relative_to(ROOT)}:{node.lineno} {node.name}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.FunctionDef) and node.name.startswith("get_"))
        or (isinstance(node, ast.ClassDef) and node.name.endswith("Manager"))
    ]
    assert not vague, "\n".join(vague)


def test_files_and_functions_are_short() -> None:
    folders = (PACKAGE, ROOT / "scripts", ROOT / "benchmarks", ROOT / "tests")
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for f in folders for path in f.rglob("*.py")}
    too_long = [f"{path.relative_to(ROOT)}: {lines} lines" for path, lines in lengths.items() if lines > MAX_FILE_LINES]
    assert not too_long, "\n".join(too_long)
    bodies = [lines for tree in TREES.values() for lines in measure_bodies(tree)]
    assert quantiles(bodies, n=10)[-1] <= MAX_P90_BODY_LINES


def test_weights_stay_small() -> None:
    total = sum(path.stat().st_size for path in PACKAGE.glob("*/weights/**/*") if path.is_file())
    assert total < MAX_WEIGHTS_BYTES
