/* Walks in two dimensions: each access to guest-physical memory, the walk's own too, goes through the nested tables. */
#include "engine/nested_walk.h"

#include <string.h>

#include "engine/marks.h"
#include "isa/walk_tables.h"

#define PAGE (~(u64)4095)
/* In no page address and no right: an entry with it matches nothing. */
#define NONE ((u64)1 << 11)

void nested_clear(struct nested_cache *cache)
{
    for (u32 slot = 0; slot < NESTED_CACHE_SIZE; slot++)
        cache->entries[slot].tag = NONE;
    for (u32 level = 0; level < PAGE_LEVELS; level++)
        cache->last[level].tag = NONE;
    cache->filled = false;
}

/* The rights that an entry gives from now on without another walk. */
static u64 rights_of(u64 entry)
{
    u64 rights = entry & (PTE_R | PTE_W | PTE_X);
    return entry & PTE_D ? rights : rights & ~PTE_W;
}

/* Walk the nested tables, which lie in the machine's own RAM. False: they lack it. */
static bool refill(struct t64_cpu *cpu, t64_gpa gpa, u32 access, struct nested_entry *entry)
{
    u64 root = cpu->guest->tables[0].at | PTBR_ENABLE;
    struct t64_walk found = walk(&cpu->vm->phys, root, (t64_gva){gpa.at}, access, false);
    cpu->guest->exit.gpa = gpa.at;
    if (found.result != WALK_OK)
        return false;
    u64 marks = walk_marks(&found, access);
    mark_entry(cpu, &found, marks);
    *entry = (struct nested_entry){(gpa.at & PAGE) | rights_of(found.entry | marks), found.gpa.at & PAGE};
    cpu->nested.filled = true;
    return true;
}

static inline bool locate(struct t64_cpu *cpu, t64_gpa gpa, u32 access, t64_gpa *in_ram)
{
    struct nested_entry *entry = &cpu->nested.entries[(gpa.at >> 12) % NESTED_CACHE_SIZE];
    bool hit = (entry->tag & (PAGE | NONE | access)) == ((gpa.at & PAGE) | access);
    if (T64_UNLIKELY(!hit) && !refill(cpu, gpa, access, entry))
        return false;
    in_ram->at = entry->frame | (gpa.at & ~PAGE);
    return true;
}

static enum t64_walk_result read_nested(void *memory, t64_gpa at, u32 level, u64 *entry)
{
    struct t64_cpu *cpu = memory;
    struct nested_entry *last = &cpu->nested.last[level];
    t64_gpa in_ram = {last->frame | (at.at & ~PAGE)};
    if (last->tag != (at.at & PAGE)) {
        if (!locate(cpu, at, ACCESS_LOAD, &in_ram))
            return WALK_NESTED_FAULT;
        *last = (struct nested_entry){at.at & PAGE, in_ram.at & PAGE};
    }
    memcpy(entry, cpu->vm->phys.ram + in_ram.at, 8);
    return WALK_OK;
}

/* The guest's own dimension. */
static inline struct t64_walk walk_own(struct t64_cpu *cpu, t64_gva gva, u32 rights)
{
    struct t64_vm *vm = cpu->vm;
    return walk_tables(read_nested, cpu, T64_NOWHERE, vm->state.ptbr, gva, rights, vm_in_user_mode(vm));
}

struct t64_walk guest_walk(struct t64_cpu *cpu, t64_gva gva, u32 rights)
{
    struct t64_vm *vm = cpu->vm;
    if (!cpu->guest->nested) {
        u64 root = cpu->guest->tables[vm_in_user_mode(vm)].at | PTBR_ENABLE;
        return walk(&vm->phys, root, gva, rights, vm_in_user_mode(vm));
    }
    struct t64_walk found = walk_own(cpu, gva, rights);
    bool located = found.result == WALK_OK && locate(cpu, found.gpa, rights, &found.gpa) &&
                   (!walk_marks(&found, rights) || locate(cpu, found.entry_at, ACCESS_STORE, &found.entry_at));
    if (found.result == WALK_OK && !located)
        found.result = WALK_NESTED_FAULT;
    if (found.result == WALK_NESTED_FAULT)
        cpu->guest->exit.access = rights;
    return found;
}

bool guest_probe(struct t64_cpu *cpu, t64_gva gva, u64 rights, u64 *gpa)
{
    t64_gpa in_ram;
    *gpa = T64_NOWHERE;
    if (rights >> 3)
        return true;
    struct t64_walk found = walk_own(cpu, gva, (u32)rights << 1);
    if (found.result == WALK_OK)
        *gpa = found.gpa.at;
    return found.result == WALK_OK ? locate(cpu, found.gpa, 0, &in_ram) : found.result != WALK_NESTED_FAULT;
}
