"""What every disk of the operating system has, before any program is on it: directories, devices, files of /etc."""

from __future__ import annotations

from pathlib import Path

from toyvm.filesystem.layout import CHARACTER, DIRECTORY, REGULAR, Inode
from toyvm.filesystem.tree import make_directories
from toyvm.filesystem.volume import Volume
from toyvm.isa.machine import DEFAULT_CLOCK_BASE

SYSTEM_TIME = DEFAULT_CLOCK_BASE  # ns since the epoch: when the clock begins, so that what a run makes is younger

_DIRECTORIES = {
    **{"/": 0o755, "/bin": 0o755, "/dev": 0o755, "/etc": 0o755, "/home": 0o755, "/home/guest": 0o755, "/lib": 0o755},
    **{"/proc": 0o555, "/root": 0o700, "/tmp": 0o1777, "/var": 0o755},
}
_OWNERS = {"/home/guest": 1000}
_DEVICES = {"console": (0o620, 5 << 8 | 1), "null": (0o666, 1 << 8 | 3), "zero": (0o666, 1 << 8 | 5)}
_DEVICES |= {"random": (0o666, 1 << 8 | 8), "tty": (0o666, 5 << 8)}


def furnish(volume: Volume, files: Path) -> None:
    """Make directories and devices, and copy what is in `files`. Raises FullError, BadFileError."""
    for path, mode in _DIRECTORIES.items():
        number = make_directories(volume, path)
        inode = volume.inode(number)
        inode.mode, inode.uid, inode.gid = DIRECTORY | mode, _OWNERS.get(path, 0), _OWNERS.get(path, 0)
        inode.mtime = inode.ctime = SYSTEM_TIME
        volume.write_inode(number, inode)
    for name, (mode, device) in _DEVICES.items():
        node = Inode(mode=CHARACTER | mode, device=device, mtime=SYSTEM_TIME, ctime=SYSTEM_TIME)
        volume.add_name(volume.find("/dev"), name.encode(), volume.new_inode(node))
    for file in sorted(files.rglob("*")):
        if file.is_file():
            at = make_directories(volume, file.relative_to(files).parent.as_posix())
            add_file(volume, at, file.name, file.read_bytes(), 0o644)


def add_file(volume: Volume, directory: int, name: str, data: bytes, mode: int) -> int:
    """A new file of root's, as old as the system; its inode's number. Raises FullError."""
    number = volume.new_inode(Inode(mode=REGULAR | mode, mtime=SYSTEM_TIME, ctime=SYSTEM_TIME))
    volume.set_contents(number, data)
    volume.add_name(directory, name.encode(), number)
    return number
