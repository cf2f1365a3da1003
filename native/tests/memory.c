/* What one machine takes beyond its RAM, once it has executed more pages of code than it keeps decoded. */
#include <malloc.h>

#include "assemble.h"
#include "code.h"

enum { PAGES = 2 * CODE_PAGES_MAX, LIMIT = 1 << 20, MEMORY = 16 << 20 };

/* Bytes that the C library has given out. The machine's RAM is not among them: that is mapped. */
static u64 given_out(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

int main(void)
{
    u64 before = given_out();
    t64_vm *vm = new_machine(MEMORY);
    for (u64 page = 1; page <= PAGES; page++) {
        const u32 words[] = {word_i(INSN_ADDI, T0, T0, 1), word_u(INSN_JAL, 0, page == PAGES ? 0 : 1023)};
        place(vm, page << 12, words, 2);
    }
    t64_vm_boot(vm, 1 << 12);
    require(t64_vm_run(vm, 2 * PAGES) == T64_STOP_FAULT, "it ends in a jump to itself");
    u64 taken = given_out() - before;
    printf("a machine of 16 MiB takes %llu bytes beyond its RAM\n", (unsigned long long)taken);
    require(taken < LIMIT, "a machine takes less than 1 MiB beyond its RAM");
    t64_vm_free(vm);
    return 0;
}
