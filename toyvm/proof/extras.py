"""What proofs need beside Python: two solvers and a parser of C, which an extra of toyvm's installs."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from toyvm.errors import UsageError

# By the module that is imported: what pip knows it as.
NEEDED = {"z3": "z3-solver", "bitwuzla": "bitwuzla", "pycparser": "pycparser"}


def check_extras() -> None:
    """Raise UsageError unless all is there."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise UsageError(f"proofs need {', '.join(missing)}: pip install 'toyvm[proof]'")
    for module, package in NEEDED.items():
        try:
            import_module(module)
        except ImportError as error:
            raise UsageError(f"proofs need {package}, which is there and cannot be imported: {error}") from None


def versions() -> dict[str, str]:
    """Of what is there, by the name that pip knows."""
    found = {}
    for package in NEEDED.values():
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # installed by hand
            found[package] = "unknown"
    return found
