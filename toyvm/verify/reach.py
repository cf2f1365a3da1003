"""What a module of toyvm may come to: the files of all that it imports, and of what that imports, at whatever time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from toyvm.paths import PACKAGE

ROOT = PACKAGE.parent


@cache
def reached_from(module: str) -> frozenset[str]:
    """Relative to the checkout."""
    reached, left = set[str](), [module]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += _imported_by(name)
    return frozenset(str(_modules()[name].relative_to(ROOT)) for name in reached)


@cache
def _modules() -> dict[str, Path]:
    """All but the hall, which imports nothing by itself, and whose names none of toyvm's own modules goes by."""
    return {_name_of(path): path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"}


def _name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _imported_by(module: str) -> frozenset[str]:
    path = _modules()[module]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set(_names_in(tree))
    if path.name == "__init__.py" and "import_module" in found:  # whatever it may make the name of
        found |= {name for name in _modules() if name.startswith(f"{module}.")}
    return frozenset(found & _modules().keys())


def _names_in(tree: ast.AST) -> Iterator[str]:
    """What may be a module's name: of an import that is not for types alone, or in a string."""
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (node.module or "", *(alias.name for alias in node.names))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    left: list[ast.AST] = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            left += node.orelse
        else:
            left += ast.iter_child_nodes(node)
        yield node
