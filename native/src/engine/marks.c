/* Marks: set in the leaf of a walk, as in any memory that may hold code. */
#include "engine/marks.h"

void mark_entry(struct t64_cpu *cpu, const struct t64_walk *found, u64 marks)
{
    if (!marks)
        return;
    u64 entry = found->entry | marks;
    cpu->vm->work[T64_WORK_MARKS]++;
    phys_write(&cpu->vm->phys, found->entry_at, &entry, 8);
    code_changed(cpu->code, phys_locate(&cpu->vm->phys, found->entry_at), 8);
}
