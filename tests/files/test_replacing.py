"""Files that are replaced whole: with a draft that has no name where the system can, and with a named one elsewhere."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from toyvm.errors import BadFileError
from toyvm.files import replacing
from toyvm.files.replacing import Draft, check_folder, check_replaceable, look_at, make_folder, replace_file, write_all


@pytest.fixture(params=["without a name", "unsupported", "unknown", "no /proc"])
def drafts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ways in which a system lets a draft be made."""
    how = str(request.param)
    if how == "no /proc":
        monkeypatch.setattr(replacing, "_OWN_FILES", "/no/such/place")
    elif how != "without a name":
        refuse_nameless(monkeypatch, errno.EOPNOTSUPP if how == "unsupported" else errno.EISDIR)
    return how


def refuse_nameless(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    opened = os.open

    def refuse(path: str, flags: int, *arguments: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(number, os.strerror(number))
        return opened(path, flags, *arguments)

    monkeypatch.setattr(replacing.os, "open", refuse)


@pytest.mark.usefixtures("drafts")
@pytest.mark.parametrize("mode", [0o600, 0o755])
def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"the old contents, which are longer")
    file.chmod(mode)
    replace_file(file, b"new")
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.usefixtures("drafts")
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_mode_of_any_other(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        replace_file(tmp_path / "new", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o666 & ~mask


@pytest.mark.usefixtures("drafts")
@pytest.mark.parametrize("step", ["write", "replace", "fchmod"])
def test_a_draft_that_cannot_be_finished_is_gone_and_the_file_as_it_was(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "file"
    file.write_bytes(b"old")
    opened = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(replacing.os, step, fail)
    with pytest.raises(BadFileError, match="file: No space left"):
        replace_file(file, b"new")
    assert len(os.listdir("/proc/self/fd")) == opened
    assert os.listdir(tmp_path) == ["file"]
    assert file.read_bytes() == b"old"


@pytest.mark.usefixtures("drafts")
def test_to_check_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    for path in (file, tmp_path / "new"):
        check_replaceable(path)
    assert os.listdir(tmp_path) == ["file"]
    assert file.read_bytes() == b"old"


def test_what_else_keeps_a_draft_from_being_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_nameless(monkeypatch, errno.EROFS)
    for act in (check_replaceable, lambda path: replace_file(path, b"")):
        with pytest.raises(BadFileError, match="new: Read-only file system"):
            act(tmp_path / "new")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["", ".", "..", "no/such/", "no/."])
def test_what_names_no_file_is_said(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for act in (check_replaceable, lambda path: replace_file(path, b"")):
        with pytest.raises(BadFileError, match=r"names no file|is a directory"):
            act(name)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    for act in (check_replaceable, lambda path: replace_file(path, b"")):
        with pytest.raises(BadFileError, match="is a directory"):
            act(tmp_path)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed_though_nothing_may_be_there_yet(tmp_path: Path, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    link.symlink_to(target)
    if there:
        target.write_bytes(b"old")
    replace_file(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert look_at(link)[0] == str(target)


def test_a_file_with_two_names_is_refused_and_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"old")
    os.link(tmp_path / "one", tmp_path / "two")
    for act in (check_replaceable, lambda path: replace_file(path, b"")):
        with pytest.raises(BadFileError, match="one: has 2 names"):
            act(tmp_path / "one")


def test_into_a_pipe_all_is_written_as_it_is_read(tmp_path: Path) -> None:
    """More than it holds, so that the writer waits for the reader."""
    pipe, data, read = tmp_path / "pipe", bytes(range(256)) * 4096, list[bytes]()
    os.mkfifo(pipe)
    check_replaceable(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)

    def drain() -> None:
        while part := os.read(reader, 1 << 16):
            read.append(part)

    thread = threading.Thread(target=drain)
    with open(pipe, "wb"):  # a writer from the start
        thread.start()
        replace_file(pipe, data)
    thread.join()
    os.close(reader)
    assert b"".join(read) == data
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_pipe_that_nobody_reads_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadFileError, match="pipe: "):
        replace_file(tmp_path / "pipe", b"x")


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_what_is_written_in_parts_is_written_whole(tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    write: Callable[[int, memoryview], int] = os.write
    monkeypatch.setattr(replacing.os, "write", lambda descriptor, data: write(descriptor, data[:most]))
    data = bytes(n % 251 for n in range(1000))
    with (tmp_path / "file").open("wb", buffering=0) as file:
        write_all(file.fileno(), data)
    assert (tmp_path / "file").read_bytes() == data


def test_a_draft_may_become_another_file(tmp_path: Path) -> None:
    with Draft(str(tmp_path / "one"), None) as draft:
        write_all(draft.descriptor, b"x")
        draft.publish(str(tmp_path / "other"))
    assert os.listdir(tmp_path) == ["other"]


@pytest.mark.parametrize("check", [check_folder, make_folder])
@pytest.mark.parametrize("below", ["", "/below", "/far/below"])
def test_a_file_in_the_place_of_a_folder_is_told_as_that(
    tmp_path: Path, check: Callable[[Path], None], below: str
) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(BadFileError, match="file: is a file, where a folder is wanted"):
        check(Path(f"{tmp_path}/file{below}"))
    assert (tmp_path / "file").read_text() == "kept"


def test_a_folder_that_can_be_made_is_not_made_by_looking(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "one")
    assert list(tmp_path.iterdir()) == []
    make_folder(tmp_path / "new" / "one")
    check_folder(tmp_path / "new" / "one")
