/* Backtracking over bit masks: in how many ways eight queens and more stand on a board in peace. */
#include "program.h"

static uint32_t place(uint32_t all, uint32_t columns, uint32_t falling, uint32_t rising)
{
    if (columns == all)
        return 1;
    uint32_t count = 0;
    for (uint32_t free = all & ~(columns | falling | rising); free; free &= free - 1) {
        uint32_t queen = free & -free;
        count += place(all, columns | queen, (falling | queen) << 1, (rising | queen) >> 1);
    }
    return count;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t round = 0; round < scale; round++)
        check = mixed(check, place((1u << (8 + (check & 1))) - 1, 0, 0, 0));
    return check;
}
