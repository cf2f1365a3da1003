/* Addresses by whose they are, and the integers everything is made of. */
#ifndef T64_TYPES_H
#define T64_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

/* Distinct types, so that the compiler refuses a guest's address where the host's is meant. */
typedef struct { u64 at; } t64_gva; /* virtual, as a program uses it */
typedef struct { u64 at; } t64_gpa; /* physical, as the kernel of that computer sees it */
typedef struct { u64 at; } t64_hpa; /* physical in the machine that carries it all; on the bare machine gpa = hpa */

#define T64_NOWHERE (~(u64)0)

/* A word by itself: compilers like to copy neighbours at once, and such a load waits for the stores that just wrote them. */
static inline u64 t64_alone(u64 word)
{
    __asm__("" : "+r"(word));
    return word;
}

#define T64_LIKELY(claim) __builtin_expect(!!(claim), 1)
#define T64_UNLIKELY(claim) __builtin_expect(!!(claim), 0)
#define T64_COLD __attribute__((noinline, cold))

#endif
