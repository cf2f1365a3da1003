/* Recursion with three arguments: Takeuchi's function, a few times. */
#include "program.h"

static int tak(int x, int y, int z)
{
    return y < x ? tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) : z;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t i = 0; i < scale; i++)
        check = mixed(check, (uint64_t)tak(12 + (int)(check & 1), 8, 4));
    return check;
}
