/* Runs a program: `NAME SCALE REPEATS` calls it that often and prints its last result. Linked with one of them. */
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

int main(int count, char **words)
{
    uint32_t scale = count > 1 ? (uint32_t)atol(words[1]) : 1;
    long repeats = count > 2 ? atol(words[2]) : 1;
    uint64_t result = 0;
    for (long i = 0; i < repeats; i++)
        result = program(scale);
    printf("%08lx%08lx\n", (unsigned long)(result >> 32), (unsigned long)(result & 0xffffffffu));
    return 0;
}
