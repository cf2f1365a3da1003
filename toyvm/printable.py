"""Text that comes from an image, a source or a file's name, made safe to print: no terminal can be led by it."""

from __future__ import annotations


def printable(text: str, keep: str = "") -> str:
    """`text` with an escape like \\x1b in place of every character that is not printable, but for those of `keep`.

    That is: controls, invisible marks of direction and format, halves of pairs, and what has no meaning yet.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in keep else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode()
