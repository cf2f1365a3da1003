"""Encodings as the manual prints them: a word's fields from bit 31 down, fixed bits as digits."""

from __future__ import annotations

from toyvm.isa.declare import FN, OP, Field, Format, Instruction


def bit_pattern(row: Instruction) -> str:
    """`0000000001 rs2 rs1 rd 0000001`: each field of the format, its operand's name or its bits."""
    return " ".join(_field(row, field) for field in row.format.fields)


def _field(row: Instruction, field: Field) -> str:
    for operand in row.operands:
        if operand.field == field:
            return operand.label
    value = field.extract(row.match)
    return f"{value:0{field.width}b}"


def format_figure() -> tuple[str, ...]:
    """The formats, a line each, with the bits of every field."""
    return tuple(f"{form.name}  " + " ".join(_place(field) for field in form.fields) for form in Format)


def _place(field: Field) -> str:
    return f"{field.name}[{field.high}:{field.low}]"


def fixed_fields(row: Instruction) -> dict[str, int]:
    """Opcode, and function where the format has one."""
    fields = {"op": OP.extract(row.match)}
    if row.format is Format.R:
        fields["fn"] = FN.extract(row.match)
    return fields
