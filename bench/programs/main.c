/* Runs a program, linked with one of them. `NAME SCALE REPEATS` calls it that often and prints its last result;
   `NAME SCALE each` says that it is there, and then calls it and prints the result for each line that it reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static void print(uint64_t result)
{
    printf("%08lx%08lx\n", (unsigned long)(result >> 32), (unsigned long)(result & 0xffffffffu));
    fflush(stdout);
}

static int each_line(uint32_t scale)
{
    char line[16];
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin))
        print(program(scale));
    return 0;
}

int main(int count, char **words)
{
    uint32_t scale = count > 1 ? (uint32_t)atol(words[1]) : 1;
    if (count > 2 && strcmp(words[2], "each") == 0)
        return each_line(scale);
    long repeats = count > 2 ? atol(words[2]) : 1;
    uint64_t result = 0;
    for (long i = 0; i < repeats; i++)
        result = program(scale);
    print(result);
    return 0;
}
