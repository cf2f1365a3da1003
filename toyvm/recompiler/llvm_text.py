"""Lines: the text of an LLVM module as it is written, and what every module has."""

from __future__ import annotations

# Out of line, keeping all registers: a miss costs the code around it nothing. Only those that are called are compiled.
_HELPERS = {
    "reach": """
define internal preserve_mostcc i1 @reach(ptr %cpu, ptr %region, i64 %gva, i64 %what) noinline cold nounwind {
  %f = load ptr, ptr %region
  %ok = call zeroext i1 %f(ptr %cpu, ptr %region, i64 %gva, i64 %what)
  ret i1 %ok
}""",
    "store": """
define internal preserve_mostcc i1 @store(
    ptr %cpu, ptr %region, i64 %gva, i64 %what, i64 %value
) noinline cold nounwind {
  %p = getelementptr i8, ptr %region, i64 8
  %f = load ptr, ptr %p
  %ok = call zeroext i1 %f(ptr %cpu, ptr %region, i64 %gva, i64 %what, i64 %value)
  ret i1 %ok
}""",
    "cross": """
define internal preserve_mostcc i1 @cross(ptr %cpu, ptr %region, i64 %page) noinline cold nounwind {
  %p = getelementptr i8, ptr %region, i64 16
  %f = load ptr, ptr %p
  %ok = call zeroext i1 %f(ptr %cpu, ptr %region, i64 %page)
  ret i1 %ok
}""",
}
_HEAD = """
declare i64 @llvm.fshr.i64(i64, i64, i64)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.umax.i64(i64, i64)
declare i64 @llvm.usub.sat.i64(i64, i64)
"""
_TAIL = """
!0 = !{!"branch_weights", i32 10000, i32 1}
"""


class Lines:
    """The body of one function. Values and labels are numbered as they come."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._count = 0

    def module(self, function: str) -> str:
        """Around the body: the function that it is of, and the helpers that it calls."""
        body = "\n".join(self._lines)
        helpers = "".join(text for name, text in _HELPERS.items() if f"@{name}(" in body)
        return f"{_HEAD}{helpers}\ndefine {function} {{\n{body}\n}}\n{_TAIL}"

    def line(self, text: str) -> None:
        self._lines.append("  " + text)

    def label(self, name: str) -> None:
        self._lines.append(name + ":")

    def new_label(self) -> str:
        self._count += 1
        return f"l{self._count}"

    def value(self, text: str) -> str:
        self._count += 1
        self._lines.append(f"  %v{self._count} = {text}")
        return f"%v{self._count}"

    def likely(self, claim: str, then: str, otherwise: str) -> None:
        self.line(f"br i1 {claim}, label %{then}, label %{otherwise}, !prof !0")
