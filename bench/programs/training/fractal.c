/* Multiplications and shifts in fixed point: the Mandelbrot set. */
#include "program.h"

enum { WIDTH = 64, HEIGHT = 48, SHIFT = 24, MOST = 100 };

static int escape(int64_t real, int64_t imaginary)
{
    int64_t x = 0, y = 0;
    int steps = 0;
    for (; steps < MOST; steps++) {
        int64_t xx = x * x >> SHIFT, yy = y * y >> SHIFT;
        if (xx + yy > (int64_t)4 << SHIFT)
            break;
        y = (x * y >> (SHIFT - 1)) + imaginary;
        x = xx - yy + real;
    }
    return steps;
}

/* The number with a fraction of SHIFT bits. */
static int64_t scaled(int64_t number)
{
    return (int64_t)((uint64_t)number << SHIFT);
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t round = 0; round < scale; round++)
        for (int row = 0; row < HEIGHT; row++)
            for (int column = 0; column < WIDTH; column++) {
                int64_t real = scaled(3 * column - 2 * WIDTH) / WIDTH + round;
                int64_t imaginary = scaled(2 * row - HEIGHT) / HEIGHT;
                check = mixed(check, (uint64_t)escape(real, imaginary));
            }
    return check;
}
