/* One word, taken apart. */
#ifndef T64_DECODE_H
#define T64_DECODE_H

#include "base/types.h"
#include "instructions.h"
#include "isa.h"

/* Popek and Goldberg's, as declared. */
enum t64_class { CLASS_INNOCUOUS, CLASS_PRIVILEGED, CLASS_CRITICAL };

struct t64_decoded {
    u8 insn; /* enum t64_insn; INSN_ILLEGAL if the word is */
    u8 rd, rs1, rs2;
    i32 imm; /* imm15 or imm20, sign-extended; 0 in format R */
};

/* The number of an instruction by its name. */
#define INSN_OF(name) INSN_OF_##name
enum {
#define NUMBER(name, number, ...) INSN_OF(name) = number,
    T64_INSTRUCTIONS(NUMBER)
#undef NUMBER
};

struct t64_decoded decode(u32 word);
enum t64_class class_of(u8 insn);

/* The word of a decoded instruction: the inverse of decode for every legal word. */
u32 encode(struct t64_decoded decoded);

#endif
