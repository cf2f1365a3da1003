"""What C means: its statements run on terms, as gcc defines them where the standard leaves it to the implementation.

Where a claim decides, symbols.explore goes both ways. What the standard leaves undefined is noted: an overflow of
signed numbers, a shift by the width or more, a division by zero or one that overflows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any, Protocol

import z3
from pycparser import c_ast

from toyvm.proof.c_text import CFile, Node
from toyvm.proof.c_values import (
    BOOL,
    INT,
    U8,
    U64,
    UNSIGNED,
    ArrayType,
    Constant,
    CType,
    Function,
    Int,
    IntType,
    Place,
    PlacePointer,
    Pointer,
    PointerType,
    Struct,
    StructType,
    Table,
    Value,
    Variable,
    VoidType,
    as_type,
)
from toyvm.proof.symbols import (
    Term,
    as_bits,
    bits,
    decide,
    note_undefined,
    note_undefined_division,
    quotient,
    remainder,
    resize,
    shifted_right,
    signed_quotient,
    signed_remainder,
)

_INTEGERS = {
    "char": IntType(8, True),
    "signed char": IntType(8, True),
    "unsigned char": U8,
    "short": IntType(16, True),
    "unsigned short": IntType(16, False),
    "int": INT,
    "unsigned int": UNSIGNED,
    "unsigned": UNSIGNED,
    "long": IntType(64, True),
    "unsigned long": U64,
    "_Bool": BOOL,
    "i128": IntType(128, True),
    "u128": IntType(128, False),
}
_SIZE = U64


class Machine(Protocol):
    """What stands around the code: memory, names that are not its own, and what stands for some functions."""

    def at(self, address: Term, kind: CType) -> Place:
        """What is at an address."""

    def read(self, address: Term, size: int) -> Term:
        """`size` bytes there."""

    def write(self, address: Term, size: int, value: Term) -> None: ...

    def name(self, name: str) -> Place | None:
        """A variable of the code around what is run; None: there is none."""

    @property
    def functions(self) -> Mapping[str, Callable[..., Value | None]]:
        """By name: what stands for a function, called with its values."""


class Address:
    """A pointer that is a number."""

    def __init__(self, address: Term, target: CType, machine: Machine) -> None:
        self.address = address
        self._target, self._machine = target, machine

    def shifted(self, count: Term) -> Pointer:
        return Address(self.address + count * self._target.size, self._target, self._machine)

    def place(self) -> Place:
        return self._machine.at(self.address, self._target)

    def to(self, target: CType) -> Pointer:
        return Address(self.address, target, self._machine)


class Goto(Exception):
    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class _Return(Exception):
    def __init__(self, value: Value | None) -> None:
        super().__init__()
        self.value = value


class _Break(Exception):
    pass


class Code:
    """A file's functions and blocks, to be run in the midst of a machine."""

    def __init__(self, file: CFile, machine: Machine) -> None:
        self._file, self._machine = file, machine
        self._scopes: list[dict[str, Place]] = []
        self._types = _types_of(file)

    def struct(self, name: str) -> StructType:
        """A type of the file's by its tag."""
        return self._types.struct(name)

    def type_of(self, name: str) -> StructType:
        """A struct that has a name by a typedef."""
        kind = self._types.named(name)
        assert isinstance(kind, StructType), f"{name} is no struct"
        return kind

    # What runs.

    def call(self, name: str, *arguments: Value) -> Value | None:
        """A function of the file, or what stands for it."""
        if name in self._machine.functions:
            return self._machine.functions[name](*arguments)
        function = self._file.functions[name]
        scope: dict[str, Place] = {}
        parameters = function.decl.type.args.params if function.decl.type.args else []
        for parameter, argument in zip(parameters, arguments, strict=True):
            kind = self._types.of(parameter.type)
            scope[parameter.name] = Variable(kind, as_type(argument, kind))
        outer, self._scopes = self._scopes, [scope]
        try:
            self._run(function.body)
        except _Return as done:
            result = self._types.of(function.decl.type.type)
            return None if done.value is None else as_type(done.value, result)
        finally:
            self._scopes = outer
        return None

    def run_from(self, label: str, stops: frozenset[str]) -> str:
        """From a label of the fast dispatch loop on, to one of `stops` or where the loop is left: `return`."""
        at: str | None = label
        while at is not None and at not in stops:
            statements, following = self._file.block(at)
            self._scopes.append({})
            try:
                for statement in statements:
                    self._run(statement)
                at = following
            except Goto as jump:
                at = jump.label
            except _Return:
                return "return"
            finally:
                self._scopes.pop()
        assert at is not None, "the end of the loop is reached"
        return at

    # Statements.

    def _run(self, node: Node) -> None:
        if node is None or isinstance(node, c_ast.EmptyStatement):
            return
        statement = _STATEMENTS.get(type(node))
        if statement is None:
            self.value(node)
        else:
            statement(self, node)

    def _compound(self, node: Node) -> None:
        self._scopes.append({})
        try:
            for statement in node.block_items or ():
                self._run(statement)
        finally:
            self._scopes.pop()

    def _declaration(self, node: Node) -> None:
        kind = self._types.of(node.type)
        value = None if node.init is None else self._initial(node.init, kind)
        self._scopes[-1][node.name] = Variable(kind, value)

    def _if(self, node: Node) -> None:
        self._run(node.iftrue if self.holds(node.cond) else node.iffalse)

    def _goto(self, node: Node) -> None:
        raise Goto(node.name)

    def _return(self, node: Node) -> None:
        raise _Return(None if node.expr is None else self.value(node.expr))

    def _break(self, node: Node) -> None:
        raise _Break

    def _do(self, node: Node) -> None:
        self._run(node.stmt)
        assert isinstance(node.cond, c_ast.Constant), "a loop that goes round"
        assert node.cond.value == "0", "a loop that goes round"

    def _for(self, node: Node) -> None:
        self._scopes.append({})
        try:
            if node.init is not None:
                for declaration in node.init.decls if isinstance(node.init, c_ast.DeclList) else [node.init]:
                    self._run(declaration)
            while node.cond is None or self.holds(node.cond):
                self._run(node.stmt)
                if node.next is not None:
                    self.value(node.next)
        except _Break:
            pass
        finally:
            self._scopes.pop()

    def _switch(self, node: Node) -> None:
        chosen = self._number(self.value(node.cond))
        cases, begun = node.stmt.block_items, False
        try:
            for case in cases:
                if not begun and isinstance(case, c_ast.Case):
                    begun = decide(self._equal(chosen, self._number(self.value(case.expr))))
                begun = begun or isinstance(case, c_ast.Default)
                if begun:
                    for statement in case.stmts or ():
                        self._run(statement)
        except _Break:
            pass

    def _equal(self, a: Int, b: Int) -> Term:
        one, other, _ = self._balanced(a, b)
        return one == other

    # Values.

    def value(self, node: Node) -> Value:
        found = _VALUES[type(node)](self, node)
        assert found is not None, "a function without a result is used"
        return found

    def holds(self, node: Node) -> bool:
        return decide(self._claim(self.value(node)))

    def _claim(self, value: Value) -> Term:
        if isinstance(value, Int):
            return value.term != 0
        assert not isinstance(value, (Struct, Function))
        return value.address != 0

    def _number(self, value: Value) -> Int:
        assert isinstance(value, Int), "not a number"
        return value

    def _constant(self, node: Node) -> Value:
        digits = node.value.lower().rstrip("ul")
        suffix, number = node.value.lower()[len(digits) :], int(digits, 0)
        wide, unsigned = "l" in suffix, "u" in suffix
        if not unsigned and digits.startswith("0x"):
            unsigned = (number >> 31 == 1 and not wide) or number >> 63 == 1
        if number >> (32 if unsigned else 31):
            wide = True
        return Int(bits(number, 64 if wide else 32), IntType(64 if wide else 32, not unsigned))

    def _named(self, node: Node) -> Value:
        place = self._find(node.name)
        if place is not None:
            return place.load()
        if node.name in self._file.enumerators:
            return Int(bits(self._types.enumerators[node.name], 32), INT)
        if node.name in self._file.variables:
            return self._types.table(node.name).load()
        return Function(node.name)

    def _find(self, name: str) -> Place | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return self._machine.name(name)

    def _by_place(self, node: Node) -> Value:
        return self.place(node).load()

    def place(self, node: Node) -> Place:
        """What can be assigned to, or pointed at."""
        if isinstance(node, c_ast.ID):
            found = self._find(node.name)
            return self._types.table(node.name) if found is None else found
        if isinstance(node, c_ast.ArrayRef):
            return self._element(node).place()
        if isinstance(node, c_ast.StructRef):
            if node.type == "->":
                return self._pointer(self.value(node.name)).place().field(node.field.name)
            return self.place(node.name).field(node.field.name)
        if isinstance(node, c_ast.UnaryOp) and node.op == "*":
            return self._pointer(self.value(node.expr)).place()
        value = self.value(node)
        assert isinstance(value, Struct), "a number has no place"
        return Constant(value, value.type)

    def _pointer(self, value: Value) -> Pointer:
        assert not isinstance(value, (Int, Struct, Function)), "not a pointer"
        return value

    def _assignment(self, node: Node) -> Value:
        place = self.place(node.lvalue)
        value = self.value(node.rvalue)
        if node.op != "=":
            value = self._binary(node.op[:-1], place.load(), value)
        value = as_type(value, place.type)
        place.store(value)
        return value

    def _unary(self, node: Node) -> Value:
        if node.op == "sizeof":
            return Int(bits(self._size(node.expr), 64), _SIZE)
        if node.op == "&":
            return self._pointer_to(node.expr)
        if node.op == "*":
            return self._by_place(node)
        if node.op in ("++", "p++", "--", "p--"):
            place = self.place(node.expr)
            before = place.load()
            after = as_type(self._binary(node.op[-1], before, Int(bits(1, 32), INT)), place.type)
            place.store(after)
            return before if node.op.startswith("p") else after
        value = self.value(node.expr)
        if node.op == "!":
            return _truth(z3.Not(self._claim(value)))
        number = self._promoted(self._number(value))
        if node.op == "-":
            return self._binary("-", Int(bits(0, number.type.width), number.type), number)
        return Int(~number.term if node.op == "~" else number.term, number.type)

    def _pointer_to(self, node: Node) -> Pointer:
        """An element of what has a number for its address has one too."""
        if not isinstance(node, c_ast.ArrayRef):
            return PlacePointer(self.place(node))
        element = self._element(node)
        return element if isinstance(element, Address) else PlacePointer(element.place())

    def _element(self, node: Node) -> Pointer:
        """Where `name[subscript]` is."""
        index = self._number(self.value(node.subscript))
        return self._pointer(self.value(node.name)).shifted(resize(index.term, 64, index.type.signed))

    def _size(self, node: Node) -> int:
        if isinstance(node, c_ast.Typename):
            return self._types.of(node.type).size
        if isinstance(node, c_ast.UnaryOp) and node.op == "*" and isinstance(node.expr, c_ast.ID):
            place = self._find(node.expr.name)
            assert place is not None
            assert isinstance(place.type, PointerType)
            return place.type.to.size
        return self.place(node).type.size

    def _cast(self, node: Node) -> Value:
        kind, value = self._types.of(node.to_type.type), self.value(node.expr)
        if isinstance(kind, PointerType) and isinstance(value, Int):
            return Address(resize(value.term, 64, value.type.signed), kind.to, self._machine)
        return value if isinstance(kind, VoidType) else as_type(value, kind)

    def _literal(self, node: Node) -> Value:
        return self._initial(node.init, self._types.of(node.type.type))

    def _initial(self, node: Node, kind: CType) -> Value:
        if not isinstance(node, c_ast.InitList):
            return as_type(self.value(node), kind)
        assert isinstance(kind, StructType), "a local array"
        return _struct_of(kind, node, self._initial)

    def _conditional(self, node: Node) -> Value:
        chosen = self.holds(node.cond)
        value = self.value(node.iftrue if chosen else node.iffalse)
        if not isinstance(value, Int):
            return value
        # Both say the type, and only one is computed: what the other one does has no effect.
        other = self._type_of(node.iffalse if chosen else node.iftrue)
        return as_type(value, _common(_promotion(value.type), _promotion(other)))

    def _type_of(self, node: Node) -> IntType:
        """Of a number, without what computing it would do."""
        if isinstance(node, c_ast.Cast):
            kind = self._types.of(node.to_type.type)
        elif isinstance(node, c_ast.BinaryOp) and node.op not in ("<<", ">>"):
            kind = _common(_promotion(self._type_of(node.left)), _promotion(self._type_of(node.right)))
        elif isinstance(node, (c_ast.BinaryOp, c_ast.UnaryOp)):
            kind = _promotion(self._type_of(node.left if isinstance(node, c_ast.BinaryOp) else node.expr))
        elif isinstance(node, c_ast.FuncCall):
            kind = self._types.of(self._file.functions[node.name.name].decl.type.type)
        elif isinstance(node, c_ast.ID) and self._find(node.name) is None:
            kind = INT
        elif isinstance(node, (c_ast.ID, c_ast.ArrayRef, c_ast.StructRef)):
            kind = self.place(node).type
        else:
            kind = self._number(self.value(node)).type
        assert isinstance(kind, IntType)
        return kind

    def _called(self, node: Node) -> Value | None:
        name = node.name.name
        arguments = node.args.exprs if node.args else []
        if name == "__builtin_expect":
            return self.value(arguments[0])
        if name == "offsetof":
            kind = self._types.of(arguments[0].type)
            assert isinstance(kind, StructType)
            return Int(bits(kind.offset(arguments[1].name), 64), _SIZE)
        values = [self.value(argument) for argument in arguments]
        if name == "memcpy":
            return self._copied(*values)
        place = self._find(name)
        if place is not None:  # a parameter that is a function
            function = place.load()
            assert isinstance(function, Function)
            name = function.name
        return self.call(name, *values)

    def _copied(self, to: Value, source: Value, size: Value) -> Value:
        count = z3.simplify(self._number(size).term).as_long()
        target, origin = self._pointer(to), self._pointer(source)
        if isinstance(origin, Address):
            term = self._machine.read(origin.address, count)
        else:
            term = self._number(origin.place().load()).term
            term = resize(term, count * 8, False)
        if isinstance(target, Address):
            self._machine.write(target.address, count, term)
        else:
            place = target.place()
            assert isinstance(place.type, IntType)
            if count < place.type.size:  # the low bytes
                before = self._number(place.load()).term
                term = z3.Concat(z3.Extract(before.size() - 1, term.size(), before), term)
            place.store(Int(term, place.type))
        return to

    # Operators.

    def _operation(self, node: Node) -> Value:
        if node.op in ("&&", "||"):
            first = self.holds(node.left)
            if first is (node.op == "||"):
                return Int(bits(int(first), 32), INT)
            return _truth(self._claim(self.value(node.right)))
        return self._binary(node.op, self.value(node.left), self.value(node.right))

    def _binary(self, op: str, left: Value, right: Value) -> Value:
        if not isinstance(left, Int) and isinstance(right, Int):
            count = resize(right.term, 64, right.type.signed)
            assert op in "+-", "arithmetic with a pointer"
            return self._pointer(left).shifted(count if op == "+" else -count)
        if not isinstance(left, Int) or not isinstance(right, Int):
            one, other = self._pointer(left), self._pointer(right)
            claim = one.address == other.address
            return _truth(claim if op == "==" else z3.Not(claim))
        if op in ("<<", ">>"):
            return self._shifted(op, self._promoted(left), self._promoted(right))
        a, b, kind = self._balanced(left, right)
        if op in _COMPARISONS:
            return _truth(_COMPARISONS[op](a, b, kind.signed))
        if op in ("/", "%"):
            note_undefined_division(a, b, kind.signed)
        elif kind.signed and op in _OVERFLOWS:
            note_undefined(z3.Not(_OVERFLOWS[op](a, b)))
        return Int(_ARITHMETIC[op](a, b, kind.signed), kind)

    def _shifted(self, op: str, left: Int, right: Int) -> Value:
        width = left.type.width
        amount = resize(right.term, max(width, right.type.width), right.type.signed)
        note_undefined(z3.UGE(amount, width))
        amount = resize(amount, width, False)
        if op == "<<":
            return Int(left.term << amount, left.type)
        return Int(shifted_right(left.term, amount, left.type.signed), left.type)

    def _promoted(self, value: Int) -> Int:
        kind = _promotion(value.type)
        return Int(resize(value.term, kind.width, value.type.signed), kind)

    def _balanced(self, left: Int, right: Int) -> tuple[Term, Term, IntType]:
        left, right = self._promoted(left), self._promoted(right)
        kind = _common(left.type, right.type)
        a, b = (resize(one.term, kind.width, one.type.signed) for one in (left, right))
        return a, b, kind


def _promotion(kind: IntType) -> IntType:
    return INT if kind.width < 32 else kind


def _common(one: IntType, other: IntType) -> IntType:
    if one.width != other.width:
        return one if one.width > other.width else other
    return one if not one.signed else other


def _truth(claim: Term) -> Int:
    return Int(as_bits(claim, 32), INT)


_COMPARISONS: dict[str, Callable[[Term, Term, bool], Term]] = {
    "==": lambda a, b, signed: a == b,
    "!=": lambda a, b, signed: a != b,
    "<": lambda a, b, signed: a < b if signed else z3.ULT(a, b),
    "<=": lambda a, b, signed: a <= b if signed else z3.ULE(a, b),
    ">": lambda a, b, signed: a > b if signed else z3.UGT(a, b),
    ">=": lambda a, b, signed: a >= b if signed else z3.UGE(a, b),
}
_ARITHMETIC: dict[str, Callable[[Term, Term, bool], Term]] = {
    "+": lambda a, b, signed: a + b,
    "-": lambda a, b, signed: a - b,
    "*": lambda a, b, signed: a * b,
    "&": lambda a, b, signed: a & b,
    "|": lambda a, b, signed: a | b,
    "^": lambda a, b, signed: a ^ b,
    "/": lambda a, b, signed: (signed_quotient if signed else quotient)(a, b),
    "%": lambda a, b, signed: (signed_remainder if signed else remainder)(a, b),
}


def _no_overflow(a: Term, b: Term, result: Term) -> Term:
    """Of a sum: its sign is that of one of them."""
    return z3.Or((a < 0) == (result < 0), (b < 0) == (result < 0))


def _no_product_overflow(a: Term, b: Term) -> Term:
    """Of operands that were extended from at most half of their width none overflows; others are computed wider."""
    half = a.size() // 2
    fits = z3.And(*(z3.SignExt(half, z3.Extract(half - 1, 0, one)) == one for one in (a, b)))
    unsigned_half = z3.And(z3.SignExt(half, z3.Extract(half - 1, 0, a)) == a, z3.LShR(b, half) == 0)
    return z3.Or(fits, unsigned_half, z3.And(z3.BVMulNoOverflow(a, b, True), z3.BVMulNoUnderflow(a, b)))


_OVERFLOWS: dict[str, Callable[[Term, Term], Term]] = {
    "+": lambda a, b: _no_overflow(a, b, a + b),
    "-": lambda a, b: _no_overflow(a - b, b, a),  # a is the sum of the others
    "*": _no_product_overflow,
}

_STATEMENTS: dict[type, Callable[[Code, Node], object]] = {
    c_ast.Compound: Code._compound,
    c_ast.Decl: Code._declaration,
    c_ast.If: Code._if,
    c_ast.Goto: Code._goto,
    c_ast.Return: Code._return,
    c_ast.Break: Code._break,
    c_ast.DoWhile: Code._do,
    c_ast.For: Code._for,
    c_ast.Switch: Code._switch,
    c_ast.FuncCall: Code._called,  # also of what has no result
}
_VALUES: dict[type, Callable[[Code, Node], Value | None]] = {
    c_ast.Constant: Code._constant,
    c_ast.ID: Code._named,
    c_ast.ArrayRef: Code._by_place,
    c_ast.StructRef: Code._by_place,
    c_ast.Assignment: Code._assignment,
    c_ast.UnaryOp: Code._unary,
    c_ast.Cast: Code._cast,
    c_ast.CompoundLiteral: Code._literal,
    c_ast.TernaryOp: Code._conditional,
    c_ast.FuncCall: Code._called,
    c_ast.BinaryOp: Code._operation,
}


def _struct_of(kind: StructType, node: Node, initial: Callable[[Node, CType], Value]) -> Struct:
    values: dict[str, Value] = {name: _zero(one) for name, one in kind.fields.items()}
    names = list(kind.fields)
    for position, item in enumerate(node.exprs):
        if isinstance(item, c_ast.NamedInitializer):
            name, expression = item.name[0].name, item.expr
        else:
            name, expression = names[position], item
        values[name] = initial(expression, kind.fields[name])
    return Struct(kind, values)


def _zero(kind: CType) -> Value:
    if isinstance(kind, IntType):
        return Int(bits(0, kind.width), kind)
    if isinstance(kind, StructType):
        return Struct(kind, {name: _zero(one) for name, one in kind.fields.items()})
    raise NotImplementedError(f"a {kind} that is zero")


class _Types:
    """A file's types, the numbers of its enumerators, and its tables of constants."""

    def __init__(self, file: CFile) -> None:
        self._file = file
        self._structs: dict[str, StructType] = {}
        self._tables: dict[str, Place] = {}

    def of(self, node: Node) -> CType:
        if isinstance(node, c_ast.TypeDecl):
            return self.of(node.type)
        if isinstance(node, c_ast.Typename):
            return self.of(node.type)
        if isinstance(node, c_ast.PtrDecl):
            return PointerType(self.of(node.type))
        if isinstance(node, c_ast.FuncDecl):
            return VoidType()
        if isinstance(node, c_ast.ArrayDecl):
            return ArrayType(self.of(node.type), 0 if node.dim is None else self.constant(node.dim))
        if isinstance(node, c_ast.Struct):
            return self._struct(node, str(id(node))) if node.name is None else self.struct(node.name)
        if isinstance(node, c_ast.Enum):
            return UNSIGNED
        assert isinstance(node, c_ast.IdentifierType), f"a type: {type(node).__name__}"
        name = " ".join(node.names)
        if name == "void":
            return VoidType()
        return _INTEGERS.get(name) or self.named(name)

    def named(self, name: str) -> CType:
        """What a typedef has the name for."""
        return self.of(self._file.typedefs[name])

    def struct(self, name: str) -> StructType:
        return self._struct(self._file.structs.get(name), name)

    def _struct(self, declared: Node | None, key: str) -> StructType:
        if key not in self._structs:
            fields = () if declared is None else declared.decls
            self._structs[key] = StructType(key, lambda: {one.name: self.of(one.type) for one in fields})
        return self._structs[key]

    @cached_property
    def enumerators(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for name, (expression, before) in self._file.enumerators.items():
            if expression is None:
                found[name] = 0 if before is None else found[before] + 1
            else:
                found[name] = self.constant(expression, found)
        return found

    def constant(self, node: Node, known: Mapping[str, int] | None = None) -> int:
        """An integer constant expression."""
        if isinstance(node, c_ast.Constant):
            return int(node.value.lower().rstrip("ul"), 0)
        if isinstance(node, c_ast.ID):
            return (self.enumerators if known is None else known)[node.name]
        if isinstance(node, c_ast.UnaryOp):
            value = self.constant(node.expr, known)
            return -value if node.op == "-" else ~value
        if isinstance(node, c_ast.Cast):
            return self.constant(node.expr, known)
        assert isinstance(node, c_ast.BinaryOp), "a constant expression"
        left, right = self.constant(node.left, known), self.constant(node.right, known)
        return _CONSTANT[node.op](left, right)

    def table(self, name: str) -> Place:
        if name not in self._tables:
            node = self._file.variables[name]
            kind = self.of(node.type)
            assert isinstance(kind, ArrayType), f"{name} is no table"
            self._tables[name] = self._filled(kind, node.init)
        return self._tables[name]

    def _filled(self, kind: ArrayType, node: Node) -> Table:
        values: dict[int, Any] = {}
        position = 0
        for item in node.exprs:
            expression = item
            if isinstance(item, c_ast.NamedInitializer):
                position, expression = self.constant(_index(item.name[0])), item.expr
                if len(item.name) > 1:  # [row][column]
                    assert isinstance(kind.of, ArrayType)
                    row = values.setdefault(position, Table(kind.of, {}, _zero(kind.of.of)))
                    row.set(self.constant(_index(item.name[1])), self._element(item.expr, kind.of.of))
                    continue
            values[position] = self._element(expression, kind.of)
            position += 1
        return Table(kind, values, None if isinstance(kind.of, ArrayType) else _zero(kind.of))

    def _element(self, node: Node, kind: CType) -> Value:
        if isinstance(kind, StructType):
            return _struct_of(kind, node, self._element)
        assert isinstance(kind, IntType)
        return Int(bits(self.constant(node), kind.width), kind)


def _index(designator: Node) -> Node:
    """The expression between brackets; pycparser had it alone until 3."""
    return getattr(designator, "expr", designator)


_CONSTANT: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "|": lambda a, b: a | b,
    "&": lambda a, b: a & b,
}


@cache
def _types_of(file: CFile) -> _Types:
    return _Types(file)
