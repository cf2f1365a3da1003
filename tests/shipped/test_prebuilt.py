"""Ready images: the same as assembled ones, and never older than what they are made from."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toyvm.asm import assemble
from toyvm.errors import AssemblyError
from toyvm.image import Image
from toyvm.paths import guests_directory
from toyvm.programs import defines_for, load_program, shipped_guests
from toyvm.shipped import prebuilt as ready
from toyvm.shipped.headers import read_header
from toyvm.shipped.prebuilt import FOLDER, shipped_image

ROOT = guests_directory()


@pytest.fixture(name="guests")
def copied_guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of guests of one's own, with nothing ready."""
    guests = tmp_path / "guests"
    shutil.copytree(ROOT, guests, ignore=shutil.ignore_patterns(FOLDER))
    for module in ("toyvm.shipped.prebuilt", "toyvm.asm.search"):
        monkeypatch.setattr(f"{module}.guests_directory", lambda: guests)
    return guests


def kept(guests: Path) -> list[Path]:
    return sorted((guests / FOLDER).iterdir()) if (guests / FOLDER).exists() else []


def hello(guests: Path) -> Image:
    return shipped_image(guests / "hello.s", {})


@pytest.mark.parametrize("name", shipped_guests())
@pytest.mark.parametrize("technique", ["bare", "para"])
def test_a_ready_image_is_the_assembled_one(name: str, technique: str) -> None:
    path = shipped_guests()[name]
    if read_header(path).why_missing(technique):
        return
    assembled = assemble([path], defines=defines_for(technique)).image
    assert [load_program(name, technique) for _ in range(2)] == [assembled] * 2


def test_symbols_in_another_order_are_the_same_symbols(guests: Path) -> None:
    for defines in ({"A": 1, "B": 2}, {"B": 2, "A": 1}):
        shipped_image(guests / "hello.s", defines)
    assert len(kept(guests)) == 1
    shipped_image(guests / "hello.s", {"A": 2, "B": 1})
    shipped_image(guests / "hello.s", {"A": 1, "B": 2}, 0x2000)
    assert len(kept(guests)) == 3


def test_a_guest_is_assembled_once(guests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = hello(guests)
    monkeypatch.setattr("toyvm.asm.assemble", None)
    assert hello(guests) == first
    assert len(kept(guests)) == 1


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_ignored_and_replaced(guests: Path, data: st.DataObject) -> None:
    image = hello(guests)
    (file,) = kept(guests)
    whole = file.read_bytes()
    place, length = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 3))
    damage = data.draw(st.binary(max_size=3).filter(lambda new: new != whole[place : place + length]))
    file.write_bytes(whole[:place] + damage + whole[place + length :])
    assert hello(guests) == image
    assert file.read_bytes() == whole


@pytest.mark.parametrize("name", ["hello.s", "platform/console.inc"])
def test_a_changed_source_is_assembled_anew(guests: Path, name: str) -> None:
    before = hello(guests)
    source = guests / name
    source.write_text("# a line more\n" + source.read_text())
    after = hello(guests)
    assert after.lines != before.lines
    assert after == assemble([guests / "hello.s"]).image
    assert len(kept(guests)) == 1


def test_a_changed_assembler_assembles_anew(guests: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = tmp_path / "encoding.py"
    monkeypatch.setattr(ready, "_assembler", lambda: [str(module)])
    module.write_text("ENCODING = 1")
    hello(guests)
    (file,) = kept(guests)
    before = file.read_bytes()
    module.write_text("ENCODING = 2")
    hello(guests)
    assert file.read_bytes() != before


# What the assembler has of these is words for people, checks, and files.
SAY_NOTHING_OF_IMAGES = {"arguments", "errors", "files", "limits", "paths", "printable"}


def test_whatever_module_says_what_a_source_means_is_part_of_the_checksum() -> None:
    package = Path(ready.PACKAGE)
    kept = {Path(name).relative_to(package).with_suffix("").as_posix() for name in ready._assembler()}
    imported = set()
    for folder in ("asm", "image", "isa"):
        modules = list((package / folder).rglob("*.py"))
        assert {path.relative_to(package).with_suffix("").as_posix() for path in modules} <= kept
        for path in modules:
            imported |= set(re.findall(r"^\s*from toyvm\.(\w+)(?:\.\w+)* import", path.read_text(), re.MULTILINE))
    assert imported - {"asm", "image", "isa"} - SAY_NOTHING_OF_IMAGES <= kept


@pytest.mark.parametrize("name", ["asm/pseudo.py", "image/writer.py", "isa/instructions.py", "hypercalls.py"])
def test_a_change_of_what_the_assembler_is_made_of_counts(
    guests: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hello(guests)
    (file,) = kept(guests)
    before, contents = file.read_bytes(), ready._contents
    monkeypatch.setattr(ready, "_contents", lambda path: contents(path) + b"#" * path.endswith(name))
    hello(guests)
    assert file.read_bytes() != before


def test_an_error_in_a_shipped_source_is_told_as_ever(guests: Path) -> None:
    hello(guests)
    (guests / "hello.s").write_text(".globl _start\n_start: addi t0, t0, 40000\n")
    with pytest.raises(AssemblyError, match=r"hello\.s:2:\d+: error: immediate 40000 does not fit"):
        hello(guests)


def test_where_nothing_can_be_kept_the_guest_is_assembled_each_time(guests: Path) -> None:
    (guests / FOLDER).write_text("in the way")
    assert hello(guests) == assemble([guests / "hello.s"]).image


def test_another_build_or_base_is_another_image(guests: Path) -> None:
    images = [
        hello(guests),
        shipped_image(guests / "hello.s", {}, 0x8000),
        shipped_image(guests / "hello.s", {"PARAVIRT": 1}),
    ]
    assert len({image.to_bytes() for image in images}) == len(kept(guests)) == 3


def test_the_files_are_the_same_whatever_python_reads_them(guests: Path) -> None:
    hello(guests)
    (file,) = kept(guests)
    text = """if True:
        import importlib._bootstrap_external as python
        python._RAW_MAGIC_NUMBER, python.MAGIC_NUMBER = 1, b"another one"
        import sys
        from pathlib import Path
        import toyvm.asm.search, toyvm.shipped.prebuilt
        toyvm.shipped.prebuilt.guests_directory = toyvm.asm.search.guests_directory = lambda: Path(sys.argv[1])
        toyvm.asm.assemble = None
        toyvm.shipped.prebuilt.shipped_image(Path(sys.argv[1]) / "hello.s", {})"""
    subprocess.run([sys.executable, "-B", "-c", text, str(guests)], check=True)
    assert kept(guests) == [file]


def test_a_draft_is_never_left_behind(guests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("toyvm.files.replacing.os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        hello(guests)
    assert kept(guests) == []
