/* Calls and returns, and nothing else: Fibonacci numbers by plain recursion, never inlined into itself. */
#include "program.h"

static __attribute__((noinline)) uint64_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t i = 0; i < scale; i++)
        check = mixed(check, fib(20 + (check & 1)));
    return check;
}
