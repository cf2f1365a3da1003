"""What a module may come to is found by its imports: at its top, within functions, by a name, and not for types."""

from __future__ import annotations

from toyvm.verify.reach import reached_from


def test_a_module_comes_to_what_it_imports_and_no_further() -> None:
    reached = reached_from("toyvm.isa.paging")
    assert "toyvm/isa/paging.py" in reached
    assert all(name.startswith(("toyvm/isa/", "toyvm/numerals", "toyvm/limits", "toyvm/errors")) for name in reached)


def test_what_is_imported_late_or_by_a_name_is_come_to() -> None:
    reached = reached_from("toyvm.verify.properties.malformed")  # which has the command line by its name
    assert {"toyvm/cli/__init__.py", "toyvm/cli/lab.py", "toyvm/lab/measure.py"} <= reached
    assert "toyvm/lab/measure.py" not in reached_from("toyvm.verify.properties.engines")


def test_what_is_imported_for_types_alone_is_not_come_to() -> None:
    assert "toyvm/proof/obligations.py" not in reached_from("toyvm.proof.extras")
    cache = reached_from("toyvm.recompiler.cache")
    assert "toyvm/recompiler/code_files.py" in cache  # for types at its top, and within a function
