/* A thousand null system calls for each unit of scale: what a round trip out of the program and back takes. */
#include "program.h"

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t i = 0; i < scale * 1000; i++) {
        register long a0 __asm__("a0");
        register long a7 __asm__("a7") = 172; /* getpid */
        __asm__ volatile("ecall" : "=r"(a0) : "r"(a7) : "memory");
        check += a0 > 0;
    }
    return check;
}
