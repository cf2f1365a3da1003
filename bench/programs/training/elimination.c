/* Determinants modulo a prime by Gaussian elimination: rows exchanged and subtracted, inverses by Euclid. */
#include "program.h"

enum { SIDE = 24, PRIME = 1000003 };
static int64_t rows[SIDE][SIDE];

static int64_t inverse(int64_t number)
{
    int64_t a = number, b = PRIME, x = 1, y = 0;
    while (a > 1) {
        int64_t quotient = a / b, rest = a % b, next = x - quotient * y;
        a = b, b = rest;
        x = y, y = next;
    }
    return x < 0 ? x + PRIME : x;
}

static int find_pivot(int column)
{
    for (int row = column; row < SIDE; row++)
        if (rows[row][column])
            return row;
    return -1;
}

static void exchange(int64_t *one, int64_t *other)
{
    for (int i = 0; i < SIDE; i++) {
        int64_t kept = one[i];
        one[i] = other[i];
        other[i] = kept;
    }
}

static int64_t determinant(void)
{
    int64_t result = 1;
    for (int column = 0; column < SIDE; column++) {
        int pivot = find_pivot(column);
        if (pivot < 0)
            return 0;
        if (pivot != column) {
            exchange(rows[pivot], rows[column]);
            result = PRIME - result;
        }
        result = result * rows[column][column] % PRIME;
        int64_t inverted = inverse(rows[column][column]);
        for (int row = column + 1; row < SIDE; row++) {
            int64_t factor = PRIME - rows[row][column] * inverted % PRIME;
            for (int i = column; i < SIDE; i++)
                rows[row][i] = (rows[row][i] + factor * rows[column][i]) % PRIME;
        }
    }
    return result;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 101;
    while (scale--) {
        for (int row = 0; row < SIDE; row++)
            for (int column = 0; column < SIDE; column++)
                rows[row][column] = next_random(&random) % 3 ? next_random(&random) % PRIME : 0;
        check = mixed(check, (uint64_t)determinant());
    }
    return check;
}
