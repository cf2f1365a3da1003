/* A fast Fourier transform in fixed point (Cooley and Tukey, 1965): bits reversed, butterflies of complex numbers. */
#include "program.h"

enum { LOG = 8, COUNT = 1 << LOG, SHIFT = 14, FINE = 30 };
struct complex {
    int32_t re, im;
};
static struct complex roots[COUNT / 2], values[COUNT];

static void make_roots(void)
{
    const int64_t cosine = 1073418433, sine = -26350943; /* of a 256th of a turn, backwards */
    int64_t re = (int64_t)1 << FINE, im = 0;
    for (int i = 0; i < COUNT / 2; i++) {
        roots[i] = (struct complex){(int32_t)(re >> (FINE - SHIFT)), (int32_t)(im >> (FINE - SHIFT))};
        int64_t next = (re * cosine - im * sine) >> FINE;
        im = (re * sine + im * cosine) >> FINE;
        re = next;
    }
}

static struct complex product(struct complex a, struct complex b)
{
    return (struct complex){
        (int32_t)(((int64_t)a.re * b.re - (int64_t)a.im * b.im) >> SHIFT),
        (int32_t)(((int64_t)a.re * b.im + (int64_t)a.im * b.re) >> SHIFT),
    };
}

static void reorder(void)
{
    for (uint32_t i = 0, reversed = 0; i < COUNT; i++) {
        if (i < reversed) {
            struct complex kept = values[i];
            values[i] = values[reversed];
            values[reversed] = kept;
        }
        uint32_t bit = COUNT / 2;
        for (; reversed & bit; bit /= 2)
            reversed ^= bit;
        reversed |= bit;
    }
}

static void transform(void)
{
    reorder();
    for (uint32_t half = 1; half < COUNT; half *= 2)
        for (uint32_t start = 0; start < COUNT; start += 2 * half)
            for (uint32_t i = 0; i < half; i++) {
                struct complex *low = &values[start + i], *high = low + half;
                struct complex turned = product(*high, roots[i * (COUNT / 2 / half)]);
                *high = (struct complex){(low->re - turned.re) / 2, (low->im - turned.im) / 2};
                *low = (struct complex){(low->re + turned.re) / 2, (low->im + turned.im) / 2};
            }
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 97;
    make_roots();
    while (scale--) {
        for (int i = 0; i < COUNT; i++)
            values[i] = (struct complex){(int16_t)next_random(&random), 0};
        transform();
        for (int i = 0; i < COUNT; i += 16)
            check = mixed(check, (uint64_t)(values[i].re + 3 * (int64_t)values[i].im));
    }
    return check;
}
