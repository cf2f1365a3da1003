/* Numbers that look random and are always the same. */
#include <string.h>

static unsigned long state = 88172645463325252ul;

static unsigned long next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double random_double(void)
{
    unsigned long bits = next_random();
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
