"""The map says of every room what it is, and of no room that is not there."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location

from support.commands import ROOT


def storeys() -> tuple[tuple[str, ...], ...]:
    """As the test of the layers has them."""
    spec = spec_from_file_location("layers", ROOT / "tests" / "architecture" / "test_layers.py")
    assert spec
    assert spec.loader
    layers = module_from_spec(spec)
    spec.loader.exec_module(layers)
    return layers.STOREYS  # type: ignore[no-any-return]


MAP = (ROOT / "toyvm" / "docs" / "map.md").read_text(encoding="utf-8")


def rooms(folder: str, suffixes: set[str]) -> set[str]:
    """The folders beneath it that hold files of these kinds."""
    found = (path for path in (ROOT / folder).rglob("*") if path.suffix in suffixes and "__pycache__" not in path.parts)
    return {path.parent.relative_to(ROOT / folder).as_posix() + "/" for path in found} - {"./"}


def section(title: str) -> str:
    begin = MAP.index(f"## {title}")
    return MAP[begin : MAP.index("\n## ", begin + 1)]


def test_every_room_of_the_package_is_on_it() -> None:
    named = set(re.findall(r"`([a-z_/]+/)`", section("Rooms of `toyvm/`")))
    assert named - {"toyvm/", "docs/"} == rooms("toyvm", {".py"})


def test_every_room_of_the_core_is_on_it() -> None:
    named = set(re.findall(r"`([a-z_/]+/)`", section("Rooms of `native/src/`")))
    others = {"native/src/", "native/builder/", "native/tests/", "native/worlds/"}
    assert named - others == rooms("native/src", {".c", ".h"})


def test_it_has_the_storeys() -> None:
    drawn = re.search(r"from the top:\n\n((?:    .*\n)+)", MAP)
    assert drawn
    assert tuple(tuple(storey.split()) for storey in drawn[1].split("·")) == storeys()


def test_every_function_that_it_names_is_there() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("native/src", "toyvm")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".c", ".h", ".py")
    )
    for name in set(re.findall(r"`([a-z_]+_[a-z_]+)(?:\[\w+\])?`", section("An exit's way"))):
        assert re.search(rf"\b{name}\b", sources), name


def test_every_file_that_it_names_is_there() -> None:
    """By the end of its path, as one says it."""
    files = [path for folder in ("toyvm", "native", "tests", "guests") for path in (ROOT / folder).rglob("*.*")]
    names = {path.relative_to(ROOT).as_posix() for path in files}
    for name in set(re.findall(r"`([a-z_/]+\.(?:py|c|h|md))`", MAP)):
        assert any(f"/{path}".endswith(f"/{name}") for path in names), name
