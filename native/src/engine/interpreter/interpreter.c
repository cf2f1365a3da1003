/* The interpreter: threaded code over predecoded entries, built three times from one source. */
#include <string.h>

#include "engine/access.h"
#include "engine/code/entry_kinds.h"
#include "engine/interpreter/interpreter.h"
#include "engine/recompiler/recompiler.h"
#include "engine/watching.h"
#include "fusions.h"

/* gcc jumps through memory where the pointer is ready before what it points at is loaded. clang does so by itself. */
#if defined __GNUC__ && !defined __clang__
#define IN_PLACE(pointer) __asm__("" : "+r"(pointer))
#else
#define IN_PLACE(pointer) ((void)0)
#endif

#define S32(value) ((u64)(i64)(i32)(value)) /* the low 32 bits, sign-extended */

static u64 divide(u64 a, u64 b)
{
    if (b == 0)
        return ~(u64)0;
    return b == ~(u64)0 ? 0 - a : (u64)((i64)a / (i64)b); /* by -1 even the smallest number wraps */
}

static u64 remainder_of(u64 a, u64 b)
{
    if (b == 0)
        return a;
    return b == ~(u64)0 ? 0 : (u64)((i64)a % (i64)b);
}

static u64 divide_word(u64 a, u64 b)
{
    i64 dividend = (i32)a, divisor = (i32)b; /* 64 bits: the smallest number by -1 fits */
    return divisor ? (u64)(i64)(i32)(dividend / divisor) : ~(u64)0;
}

static u64 remainder_word(u64 a, u64 b)
{
    i64 dividend = (i32)a, divisor = (i32)b;
    return (u64)(divisor ? dividend % divisor : dividend);
}

static inline bool is_among(u32 registers, u32 number) { return number < 32 && registers >> number & 1; }

static inline void count(struct t64_state *state, u64 retired)
{
    if (retired != state->retired)
        state->fresh = 0;
    state->retired = retired;
}

#define EXACT 0
#define WATCHED 0
#define INTERPRET interpret_fast
#include "engine/interpreter/dispatch.h"
#undef EXACT
#undef INTERPRET

#define EXACT 1
#define INTERPRET interpret_exact
#include "engine/interpreter/dispatch.h"
#undef WATCHED
#undef INTERPRET

#define WATCHED 1
#define INTERPRET interpret_watched
#include "engine/interpreter/dispatch.h"
#undef EXACT
#undef WATCHED
#undef INTERPRET
