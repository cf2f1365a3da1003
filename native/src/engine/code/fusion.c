/* Finding the group that an instruction begins: the rows of fusions.h against the operands as they are. */
#include "engine/code/fusion.h"
#include "engine/code/entry_kinds.h"

enum { OPERAND_NONE, OPERAND_RD, OPERAND_RS1, OPERAND_RS2 };
/* Where an operand comes from or a result goes; else the number of a register. */
enum { ANY_REGISTER = 64, SAME_REGISTER, NO_REGISTER, CARRIED_RESULT, RESULT_OF, BASE_OF = RESULT_OF + GROUP_MAX };
enum { NOBODY = 255 }; /* no member */

struct form {
    u8 operands[2];
    bool fuses, writes, ends_group, commutes;
};

struct member {
    u8 kind, result;
    u8 sources[2];
};

struct fusion {
    u8 length;
    struct member members[GROUP_MAX];
};

static const struct form forms[KIND_COUNT] = {T64_FUSIBLE};
static const struct fusion fusions[FUSION_COUNT] = {T64_FUSIONS};

/* The entries at hand, as the longest group that they could be. */
struct candidate {
    const struct code_entry *entry;
    u32 length;
    bool carried[GROUP_MAX + 1]; /* of each entry, and the one behind them: is it? */
    u8 registers[GROUP_MAX][2]; /* operands */
    u8 producers[GROUP_MAX][2]; /* the member that an operand is the result of, or NOBODY */
    u8 overwriter[GROUP_MAX];   /* the next member that writes the same register, or NOBODY */
};

static u8 register_of(const struct code_entry *entry, u8 operand)
{
    return operand == OPERAND_RD ? entry->rd : operand == OPERAND_RS1 ? entry->rs1 : (u8)entry->imm;
}

/* The last of the first `count` members that writes this register. */
static u8 writer_of(const struct code_entry *entry, u32 count, u8 number)
{
    while (count--)
        if (forms[entry[count].kind].writes && entry[count].rd == number)
            return (u8)count;
    return NOBODY;
}

static void describe(struct candidate *candidate, u32 n)
{
    const struct code_entry *entry = candidate->entry;
    const struct form *form = &forms[entry[n].kind];
    for (u32 which = 0; which < 2 && form->operands[which]; which++) {
        candidate->registers[n][which] = register_of(&entry[n], form->operands[which]);
        candidate->producers[n][which] = writer_of(entry, n, candidate->registers[n][which]);
    }
    candidate->overwriter[n] = NOBODY;
    u8 overwritten = form->writes ? writer_of(entry, n, entry[n].rd) : NOBODY;
    if (overwritten != NOBODY)
        candidate->overwriter[overwritten] = (u8)n;
}

/* Is the operand `which` of member n the same value as the base of member `other`? A base is an access's first operand. */
static bool is_base_of(const struct candidate *candidate, u32 other, u32 n, u32 which)
{
    return candidate->registers[n][which] == candidate->registers[other][0] && candidate->producers[n][which] == candidate->producers[other][0];
}

static bool source_serves(const struct fusion *fusion, const struct candidate *candidate, u32 n, u32 which)
{
    u8 wanted = fusion->members[n].sources[which], actual = candidate->registers[n][which], producer = candidate->producers[n][which];
    if (wanted >= BASE_OF)
        return is_base_of(candidate, wanted - BASE_OF, n, which);
    if (wanted >= RESULT_OF)
        return producer == wanted - RESULT_OF;
    if (wanted == CARRIED_RESULT)
        return candidate->carried[n];
    bool is_there = producer == NOBODY || fusion->members[producer].result != NO_REGISTER;
    return is_there && (wanted == ANY_REGISTER || wanted == actual);
}

/* What is added to a register in place is in no host register for the next group. */
static bool member_carries(const struct fusion *fusion, u32 n)
{
    return n + 1 < fusion->length || fusion->members[n].sources[0] != ANY_REGISTER;
}

static bool result_serves(const struct fusion *fusion, const struct candidate *candidate, u32 n)
{
    const struct code_entry *entry = &candidate->entry[n];
    u8 wanted = fusion->members[n].result;
    switch (wanted) {
    case ANY_REGISTER: return true;
    case SAME_REGISTER: return entry->rd == entry->rs1 && (member_carries(fusion, n) || !candidate->carried[n + 1]);
    case NO_REGISTER: return !forms[entry->kind].writes || candidate->overwriter[n] < fusion->length;
    default: return wanted == entry->rd;
    }
}

static bool is_begun_by(const struct fusion *fusion, const struct candidate *candidate)
{
    if (fusion->length > candidate->length)
        return false;
    for (u32 n = 0; n < fusion->length; n++) {
        const struct member *member = &fusion->members[n];
        if (member->kind != candidate->entry[n].kind || !result_serves(fusion, candidate, n))
            return false;
        for (u32 which = 0; which < 2 && forms[member->kind].operands[which]; which++)
            if (!source_serves(fusion, candidate, n, which))
                return false;
    }
    return true;
}

/* Rows stand in the order of their first two kinds, those with a single one last. */
static u32 beginning(u8 kind, u8 next) { return (u32)kind << 8 | next; }

static u32 beginning_of(const struct fusion *fusion)
{
    return beginning(fusion->members[0].kind, fusion->length > 1 ? fusion->members[1].kind : NOBODY);
}

/* The first row that begins so, or later. */
static u32 first_row(u32 wanted)
{
    u32 low = 0, high = FUSION_COUNT;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (beginning_of(&fusions[middle]) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The best row for the candidate of those that begin so, or FUSION_COUNT. */
static u32 find_row(const struct candidate *candidate, u32 wanted)
{
    for (u32 n = first_row(wanted); n < FUSION_COUNT && beginning_of(&fusions[n]) == wanted; n++)
        if (is_begun_by(&fusions[n], candidate))
            return n;
    return FUSION_COUNT;
}

bool is_computing(u8 kind) { return forms[kind].writes && !forms[kind].ends_group; }

void take_as_rs1(struct code_entry *entry, u8 number)
{
    const struct form *form = &forms[entry->kind];
    u8 other = form->operands[0] == OPERAND_RS1 ? OPERAND_RS2 : OPERAND_RD;
    if (!form->commutes || register_of(entry, other) != number)
        return;
    if (other == OPERAND_RS2)
        entry->imm = entry->rs1;
    else
        entry->rd = entry->rs1;
    entry->rs1 = number;
}

bool may_go_on(u8 kind) { return forms[kind].fuses && !forms[kind].ends_group; }

static bool is_left_alone(const void *const *handlers, const struct code_entry *entry)
{
    return entry->handler == handlers[KIND_COUNTED] || entry->handler == handlers[KIND_RECOMPILED];
}

/* Is what the entry before this one computes its rs1, and is it come to from there alone, as far as branches of this page go? */
static bool is_carried(const struct code_page *page, const struct code_entry *entry)
{
    u32 n = (u32)(entry - page->entries);
    bool may_be = n > 0 && forms[entry->kind].fuses && !is_joined(page, n);
    return may_be && is_computing(entry[-1].kind) && entry[-1].rd == entry->rs1;
}

u32 handler_of(const void *const *handlers, const struct code_page *page, const struct code_entry *entry)
{
    struct candidate candidate = {.entry = entry, .carried = {is_carried(page, entry)}};
    for (u32 n = 0; n < GROUP_MAX && forms[entry[n].kind].fuses && !is_left_alone(handlers, &entry[n]); n++) {
        describe(&candidate, n);
        candidate.length++;
        candidate.carried[n + 1] = is_carried(page, &entry[n + 1]);
        if (!may_go_on(entry[n].kind))
            break;
    }
    u32 found = FUSION_COUNT;
    if (candidate.length > 1)
        found = find_row(&candidate, beginning(entry[0].kind, entry[1].kind));
    if (found == FUSION_COUNT && candidate.length)
        found = find_row(&candidate, beginning(entry->kind, NOBODY));
    return found == FUSION_COUNT ? entry->kind : KIND_COUNT + found;
}

bool is_fused(const void *const *handlers, const struct code_entry *entry)
{
    return entry->handler != handlers[entry->kind] && !is_left_alone(handlers, entry);
}
