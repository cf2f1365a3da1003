/* Sound in 16 bits through two filters in fixed point: sums of products over a delay line, and limits. */
#include "program.h"

enum { SAMPLES = 1024, TAPS = 16, SHIFT = 14 };
static const int16_t taps[TAPS] = {
    -40, 25, 160, -210, -480, 900, 2300, 5600, 5600, 2300, 900, -480, -210, 160, 25, -40,
};
static int16_t samples[SAMPLES];

struct resonator { /* second order, direct form I */
    int32_t b0, b1, b2, a1, a2;
    int16_t x1, x2, y1, y2;
};

static int16_t limited(int64_t value)
{
    if (value > INT16_MAX)
        return INT16_MAX;
    if (value < INT16_MIN)
        return INT16_MIN;
    return (int16_t)value;
}

static void smooth(void)
{
    int16_t delay[TAPS] = {0};
    for (uint32_t i = 0; i < SAMPLES; i++) {
        delay[i % TAPS] = samples[i];
        int32_t sum = 0;
        for (uint32_t j = 0; j < TAPS; j++)
            sum += taps[j] * delay[(i - j) % TAPS];
        samples[i] = limited(sum >> SHIFT);
    }
}

static int16_t resonate(struct resonator *it, int16_t x)
{
    int64_t sum = (int64_t)it->b0 * x + (int64_t)it->b1 * it->x1 + (int64_t)it->b2 * it->x2;
    sum -= (int64_t)it->a1 * it->y1 + (int64_t)it->a2 * it->y2;
    int16_t y = limited(sum >> SHIFT);
    it->x2 = it->x1, it->x1 = x;
    it->y2 = it->y1, it->y1 = y;
    return y;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 89;
    for (int i = 0; i < SAMPLES; i++)
        samples[i] = 0;
    while (scale--) {
        struct resonator resonator = {.b0 = 3000, .b1 = 0, .b2 = -3000, .a1 = -24000, .a2 = 12000};
        for (int i = 0; i < SAMPLES; i++)
            samples[i] = (int16_t)(samples[i] / 2 + (int16_t)next_random(&random) / 3);
        smooth();
        int64_t power = 0;
        for (int i = 0; i < SAMPLES; i++) {
            samples[i] = resonate(&resonator, samples[i]);
            power += samples[i] * samples[i];
        }
        check = mixed(check, (uint64_t)power);
    }
    return check;
}
