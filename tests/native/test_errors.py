"""What the core answers instead of T64_OK, in words."""

from __future__ import annotations

from support.cores import Core

from toyvm.native import ERRORS, lib


def test_every_error_of_the_core_has_words_of_its_own() -> None:
    codes = [getattr(lib, name) for name in dir(lib) if name.startswith("T64_ERROR_")]
    assert sorted(codes) == sorted(ERRORS)
    assert len(set(ERRORS.values())) == len(codes)


def test_a_write_outside_the_memory_is_no_page_given_back() -> None:
    core = Core()
    assert lib.t64_vm_write(core.vm, lib.t64_vm_memory(core.vm), b"x", 1) == lib.T64_ERROR_RANGE
