"""The doors to memory: what the monitor writes to its host's RAM goes through host_store, in a guest's place through
guest_store or guest_write, so that whoever has to know of it is told in one place."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.commands import ROOT

NATIVE = ROOT / "native"
MONITOR = NATIVE / "src" / "monitor"
COMPILER = next((name for name in ("gcc", "clang") if shutil.which(name)), None)
WARNING = "-Wcast-qual"  # casting `const` away
FILES = sorted(MONITOR.rglob("*.[ch]"))
# What reaches RAM to write it, or tells of it: and the files that may name it, the doors themselves.
DOORS = {
    r"\bphys_to_write\b": {"host/host.c", "host/host.h"},
    r"\bphys_write\b": set(),
    r"\bt64_vm_write\b": {"guest/guest_memory.c"},
    r"\bcpu_memory_changed\b": {"host/host.h"},
    r"\bhost_memory_changed\b": {"host/host.c", "host/host.h", "guest/guest_life.c"},
    r"(?:\.|->)ram\b": {"host/host.c", "host/host.h", "host/frames.c", "host/frames.h"},
    # The monitor's own tables, and the pages that it shares with a guest: nothing is decoded from these.
    r"\bframes_own\b": {
        "host/frames.h",
        "shadow/shadow_tables.h",
        "nested_paging/nested_paging.c",
        "rewrite/rewrite.c",
        "para/para.c",
    },
}


def name_of(path: Path) -> str:
    return path.relative_to(MONITOR).as_posix()


def namers(pattern: str, sources: dict[str, str]) -> set[str]:
    return {name for name, text in sources.items() if re.search(pattern, text)}


SOURCES = {name_of(path): path.read_text(encoding="utf-8") for path in FILES}


def test_all_files_are_seen() -> None:
    assert len(SOURCES) > 60


@pytest.mark.parametrize("pattern", DOORS)
def test_no_writer_goes_around_the_doors(pattern: str) -> None:
    assert namers(pattern, SOURCES) == DOORS[pattern]


@pytest.mark.parametrize(
    "line",
    [
        "*(u64 *)phys_to_write(&host->hardware.phys, at) = value;",
        "memcpy(guest->host->hardware.phys.ram + at.at, bytes, size);",
        "phys_write(&guest->vm.phys, at, &value, sizeof value);",
        "frames_own(&guest->host->frames, frame)[index] = value;",
    ],
)
def test_a_writer_that_goes_around_is_found(line: str) -> None:
    sources = {**SOURCES, "rings/rings.c": SOURCES["rings/rings.c"] + line}
    assert any(namers(pattern, sources) != DOORS[pattern] for pattern in DOORS)


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
@pytest.mark.parametrize(
    ("statement", "compiles"),
    [
        ("host_store_entry(host, at, host_entry(host, at));", True),
        ("host_store(host, at, frames_bytes(&host->frames, 0), 8);", True),
        ("host_bytes(host, at)[0] = 0;", False),
        ("*(u8 *)host_bytes(host, at) = 0;", False),
        ("*(u64 *)(void *)frames_bytes(&host->frames, 0) = 0;", False),
    ],
)
def test_the_compiler_refuses_to_write_by_what_reads(statement: str, compiles: bool) -> None:
    source = f"""#include "monitor/host/host.h"
        void store(struct t64_host *host, t64_hpa at);
        void store(struct t64_host *host, t64_hpa at) {{ {statement} }}"""
    command = [str(COMPILER), "-std=c11", "-Werror", WARNING, "-Iinclude", "-Igenerated", "-Isrc", "-fsyntax-only"]
    done = subprocess.run([*command, "-xc", "-"], input=source, text=True, cwd=NATIVE, capture_output=True, check=False)
    assert (done.returncode == 0) == compiles, done.stderr


def test_the_monitor_is_compiled_so() -> None:
    assert f"src/monitor/%: STRICT += {WARNING}\n" in (NATIVE / "Makefile").read_text(encoding="utf-8")
