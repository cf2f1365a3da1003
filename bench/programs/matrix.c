/* Loads in two strides, multiplications and additions: the product of matrices of integers, modulo 2**64. */
#include "program.h"

enum { SIDE = 64 };
static uint64_t left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];

static void multiply(void)
{
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++) {
            uint64_t sum = 0;
            for (int i = 0; i < SIDE; i++)
                sum += left[row][i] * right[i][column];
            product[row][column] = sum;
        }
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 19650218u;
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++) {
            left[row][column] = (uint64_t)(int32_t)next_random(&random);
            right[row][column] = (uint64_t)(int32_t)next_random(&random);
        }
    for (uint32_t round = 0; round < scale; round++) {
        multiply();
        for (int i = 0; i < SIDE; i++)
            check = mixed(check, product[i][(i + round) % SIDE]);
        left[round % SIDE][0] ^= check & 0xffff;
    }
    return check;
}
