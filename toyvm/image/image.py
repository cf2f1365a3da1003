"""Images: programs as ELF64 files, and back."""

from __future__ import annotations

from os import PathLike

from toyvm.arguments import check_bytes, check_path, check_text
from toyvm.files.boundary import boundary, read_file, shown
from toyvm.image.model import Contents
from toyvm.limits import MAXIMUM_IMAGE_BYTES


class Image(Contents):
    """A program, and its way to a file and back. Addresses are physical; execution starts at `entry`."""

    def to_bytes(self) -> bytes:
        """The image as an ELF64 file."""
        from toyvm.image.writer import write

        return write(self)

    @staticmethod
    def from_bytes(data: bytes, name: str = "<bytes>") -> Image:
        """The image in an ELF64 file. Raises BadFileError, which says what is wrong and where."""
        from toyvm.image.reader import read

        return Image(*read(check_bytes(data, "image"), check_text(name, "name")))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the file, all of it or nothing. Raises BadFileError."""
        from toyvm.files.replacing import replace_file

        check_path(path, "path")
        with boundary(path):
            replace_file(path, self.to_bytes())

    @staticmethod
    def load(path: str | PathLike[str]) -> Image:
        """The image in a file. Raises BadFileError."""
        data = read_file(check_path(path, "path"), MAXIMUM_IMAGE_BYTES)
        with boundary(path):
            return Image.from_bytes(data, shown(path))
