"""The layers: imports point downward only, and siblings in a layer leave one another alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "toyvm"

# From the top. A group is one noun of several modules, which may use one another; groups of one layer may not.
LAYERS: tuple[dict[str, tuple[str, ...]], ...] = (
    {"command line": ("cli", "__main__")},
    {
        "lab": ("lab",),
        "reports": ("report",),
        "manual": ("manual",),
        "test strategies": ("strategies",),
        "monitors in Python": ("monitors",),
    },
    {
        "machine and host": (
            *("machine", "host", "rewriting", "computer", "runner", "events", "views", "diagnosis", "reference_engine"),
            *("sharing", "accounts", "monitor", "advice", "waits", "gate", "holding"),
        )
    },
    {"recompiler": ("recompiler",)},
    {
        "native binding": ("native", "core_sources"),
        "outcome": ("outcome",),
        "console": ("console",),
        "disk": ("disk", "disk_file"),
        "interrupts": ("interrupts",),
        "schedule": ("schedule",),
    },
    {"shipped programs": ("shipped",), "random programs": ("programs",)},
    {"importer": ("importer",)},
    {"ready images": ("ready",)},
    {
        "disassembler": ("disasm", "source_lines"),
        "reference": ("reference",),
        "assembler": ("asm",),
        "ported lines": ("portdiff",),
    },
    {
        "image": ("image",),
        "guests' headers": ("headers",),
        "places": ("places",),
        "state hash": ("statehash",),
        "sizes": ("sizes",),
        "names": ("names",),
    },
    {"files": ("boundary", "replacing")},
    {
        "specification": ("isa",),
        "hypercalls": ("hypercalls",),
        "exits": ("exits",),
        "techniques": ("techniques",),
        "errors": ("errors", "arguments", "printable"),
        "limits": ("limits",),
        "numerals": ("numerals",),
    },
)
# The declarations build on one another, and on nothing else.
DECLARATIONS = {
    ("hypercalls", "isa"),
    ("exits", "isa"),
    ("techniques", "isa"),
    ("techniques", "errors"),
    ("techniques", "arguments"),
}
PLACE = {
    module: (depth, group)
    for depth, layer in enumerate(LAYERS)
    for group, modules in layer.items()
    for module in modules
}


def module_of(path: Path) -> str:
    """The module or package directly inside toyvm that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Every module directly inside toyvm that a file imports, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [node.module or ""]
            if names == ["toyvm"]:
                names = [f"toyvm.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("toyvm."))


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def test_every_module_has_a_place_in_a_layer() -> None:
    assert {module_of(path) for path in SOURCES} <= set(PLACE)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_downward_and_siblings_leave_one_another_alone(path: Path) -> None:
    depth, group = PLACE[module_of(path)]
    for name in imports_of(path):
        if name not in PLACE or (module_of(path), name) in DECLARATIONS:
            continue  # a name of toyvm itself, or one declaration on another
        other_depth, other_group = PLACE[name]
        assert other_depth > depth or other_group == group, (
            f"{module_of(path)} ({group}) imports {name} ({other_group})"
        )


def test_importing_toyvm_imports_nothing_else_of_ours() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    at_import = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = {node.module for node in at_import if isinstance(node, ast.ImportFrom)}
    assert modules == {"__future__", "importlib", "typing"}
