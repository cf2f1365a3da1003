/* A simulated processor of 16 bits: fields taken from words, registers in an array, flags kept after each step. */
#include "program.h"

enum op { SET, MOVE, LOAD, STORE, ADD, SUBTRACT, AND, SHIFT_RIGHT, JUMP_ZERO, JUMP_NOT_ZERO, HALT };
enum { WORDS = 256, ARRAY = 128 };
#define R(op, rd, rs) ((op) << 12 | (rd) << 8 | (rs) << 4)
#define I(op, rd, value) ((op) << 12 | (rd) << 8 | (value))

struct processor {
    uint16_t registers[16], memory[WORDS];
    uint16_t at, is_zero, carry;
    uint64_t steps;
};

/* Adds to each word of an array its index times r1, multiplied bit by bit. */
static const uint16_t code[] = {
    I(SET, 0, 0),                                                       /* 0: index */
    R(MOVE, 2, 0), R(MOVE, 3, 1), I(SET, 4, 0),                         /* 1: for each word */
    R(MOVE, 5, 3), I(SET, 6, 1), R(AND, 5, 6), I(JUMP_ZERO, 0, 9),      /* 4: for each bit */
    R(ADD, 4, 2),                                                       /* 8 */
    R(ADD, 2, 2), R(SHIFT_RIGHT, 3, 6), I(JUMP_NOT_ZERO, 0, 4),         /* 9 */
    R(LOAD, 7, 0), R(ADD, 7, 4), R(STORE, 7, 0), R(ADD, 0, 6),          /* 12: the next word */
    I(SET, 5, ARRAY), R(SUBTRACT, 5, 0), I(JUMP_NOT_ZERO, 0, 1), R(HALT, 0, 0), /* 16 */
};

static void set_result(struct processor *it, int rd, uint32_t value)
{
    it->registers[rd] = (uint16_t)value;
    it->is_zero = (uint16_t)value == 0;
    it->carry = value >> 16 & 1;
}

static __attribute__((noinline)) int step(struct processor *it)
{
    uint16_t word = code[it->at++];
    int rd = word >> 8 & 15;
    uint16_t source = it->registers[word >> 4 & 15], value = word & 255;
    it->steps++;
    switch ((enum op)(word >> 12)) {
    case SET: it->registers[rd] = value; break;
    case MOVE: it->registers[rd] = source; break;
    case LOAD: it->registers[rd] = it->memory[source % WORDS]; break;
    case STORE: it->memory[source % WORDS] = it->registers[rd]; break;
    case ADD: set_result(it, rd, (uint32_t)it->registers[rd] + source); break;
    case SUBTRACT: set_result(it, rd, (uint32_t)it->registers[rd] - source); break;
    case AND: set_result(it, rd, it->registers[rd] & source); break;
    case SHIFT_RIGHT: set_result(it, rd, it->registers[rd] >> (source & 15)); break;
    case JUMP_ZERO: it->at = it->is_zero ? value : it->at; break;
    case JUMP_NOT_ZERO: it->at = it->is_zero ? it->at : value; break;
    case HALT: return 0;
    }
    return 1;
}

uint64_t program(uint32_t scale)
{
    struct processor processor = {.steps = 0};
    while (scale--) {
        processor.at = 0;
        processor.registers[1] = (uint16_t)(scale | 256);
        while (step(&processor))
            ;
    }
    return mixed(processor.steps, processor.memory[ARRAY - 1] + processor.carry);
}
