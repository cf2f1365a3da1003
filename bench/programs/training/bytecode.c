/* A switch in a loop: an interpreter of a small stack machine, which counts primes. */
#include "program.h"

enum op { PUSH, LOAD, STORE, ADD, MUL, MOD, LESS, JUMP, JUMP_IF_ZERO, STOP };
enum variable { LIMIT, NUMBER, DIVISOR, FOUND };

static const int16_t code[] = {
    PUSH, 2, STORE, NUMBER, PUSH, 0, STORE, FOUND,                           /* 0 */
    LOAD, NUMBER, LOAD, LIMIT, LESS, JUMP_IF_ZERO, 66,                       /* 8: outer loop */
    PUSH, 2, STORE, DIVISOR,                                                 /* 15 */
    LOAD, NUMBER, LOAD, DIVISOR, LOAD, DIVISOR, MUL, LESS, JUMP_IF_ZERO, 33, /* 19: divisor too large? */
    JUMP, 49, STOP, STOP,                                                    /* 29 */
    LOAD, NUMBER, LOAD, DIVISOR, MOD, JUMP_IF_ZERO, 56,                      /* 33: does it divide? */
    LOAD, DIVISOR, PUSH, 1, ADD, STORE, DIVISOR, JUMP, 19,                   /* 40 */
    LOAD, FOUND, PUSH, 1, ADD, STORE, FOUND,                                 /* 49: a prime */
    LOAD, NUMBER, PUSH, 1, ADD, STORE, NUMBER, JUMP, 8, STOP,                /* 56: the next number */
    LOAD, FOUND, STOP,                                                       /* 66 */
};

static int64_t interpret(int64_t limit)
{
    int64_t stack[16], variables[4] = {[LIMIT] = limit}, *top = stack;
    for (const int16_t *at = code;;) {
        switch ((enum op)*at++) {
        case PUSH: *top++ = *at++; break;
        case LOAD: *top++ = variables[*at++]; break;
        case STORE: variables[*at++] = *--top; break;
        case ADD: top--; top[-1] += top[0]; break;
        case MUL: top--; top[-1] *= top[0]; break;
        case MOD: top--; top[-1] %= top[0]; break;
        case LESS: top--; top[-1] = top[-1] < top[0]; break;
        case JUMP: at = code + *at; break;
        case JUMP_IF_ZERO: at = *--top ? at + 1 : code + *at; break;
        case STOP: return *--top;
        }
    }
}

uint64_t program(uint32_t scale)
{
    return mixed(0, (uint64_t)interpret(scale * 100));
}
