"""The rooms and their order, read from the imports: nothing is executed."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "jaxglm"
FLOORS = (
    ("elementary", "kernel", "pytree", "latex"),
    ("numerics", "compiled"),
    ("sums", "gammas"),
    ("links", "design", "penalties"),
    ("families",),
    ("problem",),
    ("solvers", "jeffreys", "quadrature"),
    ("starts",),
    ("fit",),
    ("batch",),
    ("inference", "check", "diagnostics"),
    ("programs",),
    ("named", "basis", "frame", "summary", "io", "data"),
    ("predictors",),
    ("options", "prediction"),
    ("effects", "tables"),
    ("refits", "reports", "testing", "profiles"),
    ("covariances",),
    ("results",),
    ("many", "resampling"),
    ("model",),
    ("plot",),
    ("__init__",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# who may take a derivative: of row log-likelihoods, of their traits, and of the path from the mean to y
DERIVATIVES = ("grad", "hessian", "jacfwd", "jacrev", "value_and_grad", "jvp", "vjp", "linearize")
MAY_DIFFERENTIATE = {
    "problem/rows.py": ("grad", "jacfwd", "jvp", "value_and_grad"),
    "problem/totals.py": ("jacfwd",),  # of a penalty's gradient
    "penalties.py": ("value_and_grad", "hessian"),
    "jeffreys.py": ("jvp",),
    "families/traits.py": ("grad", "jvp"),
    "diagnostics/facts.py": ("grad", "jvp"),
    "diagnostics/residuals.py": ("grad",),
    "families/tails.py": ("grad",),  # in y: how fast a density changes
    "families/conway.py": ("jvp",),  # of a mean in the rate: the implicit derivative
    "programs.py": ("jvp",),
    "fit.py": ("jvp",),
    "prediction/scales.py": ("jvp",),
    "effects/delta.py": ("jvp",),
}
FILES = sorted(p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.py"))
every_file = pytest.mark.parametrize("path", FILES)


def tree(path: str) -> ast.Module:
    return ast.parse((PACKAGE / path).read_text())


def room(path: str) -> str:
    return path.split("/")[0].removesuffix(".py")


def imported(path: str) -> list[tuple[str, ...]]:
    """Every import of a file as an absolute dotted path, that of imported names included."""
    here = ("jaxglm", *path.removesuffix(".py").removesuffix("/__init__").split("/"))
    package = here if path.endswith("/__init__.py") else here[:-1]
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [tuple(a.name.split(".")) for a in node.names]
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            found += [(*base, a.name) for a in node.names]
    return found


def attributes(path: str) -> set[str]:
    """Dotted names that a file uses, such as jax.grad."""
    return {ast.unparse(n) for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)}


@every_file
def test_imports_run_downwards(path):
    inside = {i[1] for i in imported(path) if i[0] == "jaxglm" and len(i) > 1} & set(FLOOR)
    upwards = [r for r in inside - {room(path)} if FLOOR[r] >= FLOOR[room(path)]]
    assert not upwards, f"{path} imports {upwards}"


def test_every_room_has_a_floor():
    assert {room(f) for f in FILES} <= set(FLOOR)


@every_file
def test_the_library_does_not_know_its_users(path):
    assert not {i[0] for i in imported(path)} & {"experiments", "tests"}


@every_file
def test_derivatives_are_taken_in_few_places(path):
    used = {d for d in DERIVATIVES if f"jax.{d}" in attributes(path)}
    assert used <= set(MAY_DIFFERENTIATE.get(path, ())), f"{path} takes {used}"


@every_file
def test_no_file_changes_the_configuration(path):
    assert not [a for a in attributes(path) if a.endswith("config.update")]


@every_file
def test_names_of_jax_come_from_the_module(path):
    """`from jax import grad` would hide a derivative from the test above."""
    assert not {i[-1] for i in imported(path) if i[0] == "jax"} & set(DERIVATIVES)


@every_file
def test_elementary_functions_come_from_their_room(path):
    """Those of jax.numpy are slow in programs with much to do on a CPU."""
    ours = {f"jnp.{name}" for name in ("exp", "expm1", "log", "log1p")}
    assert path == "elementary.py" or not ours & attributes(path)


def test_the_order_is_seen():
    """The checks can fail: they see what they forbid."""
    assert ("jaxglm", "problem", "Problem") in imported("fit.py")
    assert ("jaxglm", "links", "Link") in imported("families/base.py")
    assert "jax.value_and_grad" in attributes("problem/rows.py")
    assert "jnp.log1p" in attributes("elementary.py")
    assert all(FLOOR[a[0]] < FLOOR[b[0]] for a, b in pairwise(FLOORS))
