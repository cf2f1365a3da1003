/* Decoding and encoding by the generated rows. */
#include "isa/decode.h"

struct row {
    u32 mask, match;
    i32 low, high; /* of the immediate */
    u8 format;
};

enum { FORMAT_R, FORMAT_I, FORMAT_U };

static const struct row rows[INSN_COUNT] = {
#define ROW(name, number, format, class, mask, match, low, high) [number] = {mask, match, low, high, format},
    T64_INSTRUCTIONS(ROW)
#undef ROW
};

static const u8 classes[INSN_COUNT] = {
#define CLASS(name, number, format, class, mask, match, low, high) [number] = class,
    T64_INSTRUCTIONS(CLASS)
#undef CLASS
};

static const u8 by_opcode[128] = {T64_BY_OPCODE};
static const u8 function_row[128] = {T64_FUNCTION_ROW};
static const u8 by_function[T64_FUNCTION_ROWS + 1][T64_FUNCTIONS] = {T64_BY_FUNCTION};

static u8 find(u32 word)
{
    u32 opcode = word & 127, fn = word >> 22;
    if (!function_row[opcode])
        return by_opcode[opcode];
    return fn < T64_FUNCTIONS ? by_function[function_row[opcode]][fn] : INSN_ILLEGAL;
}

static i32 immediate(u32 word, u8 format)
{
    switch (format) {
    case FORMAT_I: return (i32)word >> 17;
    case FORMAT_U: return (i32)word >> 12;
    default: return 0;
    }
}

struct t64_decoded decode(u32 word)
{
    u8 insn = find(word);
    const struct row *row = &rows[insn];
    i32 imm = immediate(word, row->format);
    if (insn == INSN_ILLEGAL || (word & row->mask) != row->match || imm < row->low || imm > row->high)
        return (struct t64_decoded){.insn = INSN_ILLEGAL};
    return (struct t64_decoded){.insn = insn,
                                .rd = word >> 7 & 31,
                                .rs1 = row->format == FORMAT_U ? 0 : word >> 12 & 31,
                                .rs2 = row->format == FORMAT_R ? word >> 17 & 31 : 0,
                                .imm = imm};
}

u32 encode(struct t64_decoded decoded)
{
    const struct row *row = &rows[decoded.insn];
    u32 fields = (u32)decoded.rd << 7;
    if (row->format != FORMAT_U)
        fields |= (u32)decoded.rs1 << 12;
    if (row->format == FORMAT_R)
        fields |= (u32)decoded.rs2 << 17;
    else
        fields |= (u32)decoded.imm << (row->format == FORMAT_I ? 17 : 12);
    return row->match | (fields & ~row->mask);
}

enum t64_class class_of(u8 insn) { return classes[insn]; }
