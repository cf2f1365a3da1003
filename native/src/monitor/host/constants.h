/* What the monitors need of the declarations, as C. */
#ifndef T64_CONSTANTS_H
#define T64_CONSTANTS_H

#include "base/types.h"
#include "exits.h"
#include "hypercalls.h"
#include "isa.h"

static inline bool cause_is_interrupt(u64 cause) { return cause >> 63; }
static inline u32 word_opcode(u32 word) { return word & 0x7F; }
static inline u32 word_rd(u32 word) { return word >> 7 & 31; }
/* Bits where other instructions have rd make a word none. */
static inline bool word_is_hcall(u32 word) { return word_opcode(word) == T64_OPCODE_HCALL && !word_rd(word); }
static inline u32 word_rs1(u32 word) { return word >> 12 & 31; }
static inline u32 word_immediate(u32 word) { return word >> 17; } /* of 15 bits, which for a register or port is its number */

#endif
