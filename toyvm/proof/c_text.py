"""C as it is written: a preprocessed file taken apart into types, constants, tables, functions and labelled blocks."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from pycparser import c_ast, c_parser

Node = Any  # of pycparser

# What has no meaning here but speed, or cannot be parsed: taken out before.
_DROPPED = (
    (re.compile(r'__asm__\s*(?:volatile\s*)?\((?:[^()"]|"[^"]*"|\([^()]*\))*\)\s*;'), ""),
    (re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)"), ""),
    (re.compile(r"_Static_assert\s*\((?:[^()\"]|\"[^\"]*\"|\([^()]*\))*\)\s*;"), ""),
    (re.compile(r"\bunsigned __int128\b"), "u128"),
    (re.compile(r"\b__int128\b"), "i128"),
    (re.compile(r"goto \*[^;]+;"), "goto dispatch;"),
)
_WIDE = "typedef int i128; typedef int u128;"  # by name alone; c_meaning knows their widths
_FUNCTION_WITH_LABELS = re.compile(r"^enum leave (interpret_\w+)\([^;{]*\)\n\{\n.*?^look:.*?^\}\n", re.M | re.S)
_LABEL = re.compile(r"(?:^|(?<=[;{}]))\s*([a-z]\w*)\s*:(?!:)", re.M)


class CFile:
    """One C file after the preprocessor. What is parsed is parsed when it is asked for."""

    def __init__(self, text: str, name: str = "") -> None:
        for pattern, replacement in _DROPPED:
            text = pattern.sub(replacement, text)
        self._name = name
        self._loops = {match[1]: match[0] for match in _FUNCTION_WITH_LABELS.finditer(text)}
        self._rest = _FUNCTION_WITH_LABELS.sub("", text)
        self._blocks: dict[str, tuple[list[Node], str | None]] = {}

    @cached_property
    def _top(self) -> list[Node]:
        return list(c_parser.CParser().parse(_WIDE + self._rest, self._name).ext)

    @cached_property
    def functions(self) -> dict[str, Node]:
        """Definitions by name, those of its headers as well."""
        return {node.decl.name: node for node in self._top if isinstance(node, c_ast.FuncDef)}

    @cached_property
    def typedefs(self) -> dict[str, Node]:
        return {node.name: node.type for node in self._top if isinstance(node, c_ast.Typedef)}

    @cached_property
    def variables(self) -> dict[str, Node]:
        """Tables of constants: declarations with their initial value."""
        return {node.name: node for node in self._top if isinstance(node, c_ast.Decl) and node.init is not None}

    @cached_property
    def structs(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for node in self._top:
            for inner in _within(node):
                if isinstance(inner, c_ast.Struct) and inner.decls and inner.name:
                    found[inner.name] = inner
        return found

    @cached_property
    def enumerators(self) -> dict[str, tuple[Node, str | None]]:
        """Expressions by name; None: one more than the one before, whose name comes with it."""
        found: dict[str, tuple[Node, str | None]] = {}
        for node in self._top:
            for inner in _within(node):
                if isinstance(inner, c_ast.Enum) and inner.values:
                    before = None
                    for one in inner.values.enumerators:
                        found[one.name] = (one.value, before)
                        before = one.name
        return found

    @cached_property
    def _typedef_names(self) -> str:
        return "".join(f"typedef int {name};" for name in self.typedefs)

    @cached_property
    def _pieces(self) -> dict[str, tuple[str, str | None]]:
        """Of the fast dispatch loop: the text behind each label, up to the next one, and that one's name."""
        text = self._loops["interpret_fast"]
        text = text[text.index("begin:") : text.rindex("}")]
        found = [match for match in _LABEL.finditer(text) if match[1] != "default"]
        pieces: dict[str, tuple[str, str | None]] = {}
        for label, following in zip(found, [*found[1:], None], strict=True):
            end, name = (len(text), None) if following is None else (following.start(1), following[1])
            pieces[label[1]] = text[label.end() : end], name
        return pieces

    def block(self, label: str) -> tuple[list[Node], str | None]:
        """The statements behind a label of the fast dispatch loop, up to the next one, which comes after them."""
        if label not in self._blocks:
            text, following = self._pieces[label]
            parsed = c_parser.CParser().parse(f"{self._typedef_names} void block(void) {{ {text} ; }}", self._name)
            self._blocks[label] = parsed.ext[-1].body.block_items, following
        return self._blocks[label]


def _within(node: Node) -> list[Node]:
    """A node, and all that it is made of, but for the bodies of functions."""
    if isinstance(node, c_ast.FuncDef):
        return _within(node.decl)
    found = [node]
    for _, child in node.children():
        found += _within(child)
    return found
