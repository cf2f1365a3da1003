/* What one machine takes beyond its RAM, whatever its size, once it has executed more pages of code than it keeps decoded. */
#include <malloc.h>

#include "engine/code/code.h"
#include "assemble.h"

enum { PAGES = 128, LIMIT = 1 << 20 };
_Static_assert(PAGES > 2 * CODE_PAGES_MAX, "arrays are evicted");

/* Bytes that the C library has given out. The machine's RAM is not among them: that is mapped. */
static u64 given_out(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Bytes that a machine with so many MiB of RAM has taken, after code all over it. */
static u64 taken_with(u64 megabytes)
{
    u64 before = given_out(), size = megabytes << 20, step = size / PAGES;
    t64_vm *vm = new_machine(size);
    for (u64 page = 0; page < PAGES; page++) {
        const u32 words[] = {word_u(INSN_LUI, T0, (i64)((page + 1) * step >> 12)), word_i(INSN_JALR, 0, T0, 0)};
        const u32 last[] = {word_u(INSN_JAL, 0, 0)};
        place(vm, page * step, page == PAGES - 1 ? last : words, page == PAGES - 1 ? 1 : 2);
    }
    t64_vm_boot(vm, 0);
    require(t64_vm_run(vm, 2 * PAGES) == T64_STOP_FAULT, "it ends in a jump to itself");
    u64 taken = given_out() - before;
    t64_vm_free(vm);
    return taken;
}

int main(void)
{
    static const u64 sizes[] = {1, 16, 64, 1024};
    for (u32 n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        u64 taken = taken_with(sizes[n]);
        printf("a machine of %llu MiB takes %llu bytes beyond its RAM\n", (unsigned long long)sizes[n], (unsigned long long)taken);
        require(taken < LIMIT, "a machine takes less than 1 MiB beyond its RAM");
    }
    return 0;
}
