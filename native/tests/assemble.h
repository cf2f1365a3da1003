/* Small programs for the C tests: words by field, placed in a machine's memory. */
#ifndef T64_TESTS_ASSEMBLE_H
#define T64_TESTS_ASSEMBLE_H

#include <stdio.h>
#include <stdlib.h>

#include "isa/decode.h"
#include "machine/system.h"

enum { ZERO = 0, T0 = 5, T1 = 6, T2 = 7, S0 = 8, A0 = 10, A1 = 11 };

static inline u32 word_r(u8 insn, u8 rd, u8 rs1, u8 rs2)
{
    return encode((struct t64_decoded){.insn = insn, .rd = rd, .rs1 = rs1, .rs2 = rs2});
}

static inline u32 word_i(u8 insn, u8 rd, u8 rs1, i32 imm)
{
    return encode((struct t64_decoded){.insn = insn, .rd = rd, .rs1 = rs1, .imm = imm});
}

static inline u32 word_u(u8 insn, u8 rd, i32 imm) { return encode((struct t64_decoded){.insn = insn, .rd = rd, .imm = imm}); }

static inline void require(bool claim, const char *text)
{
    if (!claim) {
        printf("not so: %s\n", text);
        exit(1);
    }
}

static inline t64_vm *new_machine(u64 memory)
{
    t64_config config = {.memory = memory, .clock_base = 0, .disk_latency = 50, .level = LEVEL_STRICT};
    t64_vm *vm = t64_machine_new(&config);
    require(vm, "there is memory for a machine");
    return vm;
}

static inline void place(t64_vm *vm, u64 at, const u32 *words, u64 count)
{
    require(t64_vm_write(vm, at, (const u8 *)words, count * 4) == T64_OK, "the program fits");
}

/* The first GiB mapped to itself by one leaf, for user mode too; tables at 0x8000. */
static inline void turn_paging_on(t64_vm *vm)
{
    u64 leaf = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U;
    require(t64_vm_write(vm, 0x8000, (const u8 *)&leaf, 8) == T64_OK, "the table fits");
    require(t64_vm_set_cr(vm, CR_PTBR, 0x8000 | PTBR_ENABLE) == T64_OK, "the root is legal");
}

#endif
