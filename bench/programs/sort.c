/* Comparisons and exchanges: quicksort with insertion sort for short runs. */
#include "program.h"

enum { COUNT = 8192, SHORT = 12 };
static uint32_t values[COUNT];

static void insertion_sort(uint32_t *begin, uint32_t *end)
{
    for (uint32_t *at = begin + 1; at < end; at++) {
        uint32_t value = *at, *hole = at;
        for (; hole > begin && hole[-1] > value; hole--)
            *hole = hole[-1];
        *hole = value;
    }
}

static void sort(uint32_t *begin, uint32_t *end)
{
    while (end - begin > SHORT) {
        uint32_t pivot = begin[(end - begin) / 2], *low = begin, *high = end - 1;
        while (low <= high) {
            while (*low < pivot)
                low++;
            while (*high > pivot)
                high--;
            if (low <= high) {
                uint32_t value = *low;
                *low++ = *high;
                *high-- = value;
            }
        }
        sort(begin, high + 1);
        begin = low;
    }
    if (end > begin)
        insertion_sort(begin, end);
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t round = 0; round < scale; round++) {
        uint32_t random = 1812433253u + round;
        for (int i = 0; i < COUNT; i++)
            values[i] = next_random(&random);
        sort(values, values + COUNT);
        for (int i = 1; i < COUNT; i++)
            if (values[i - 1] > values[i])
                return 0;
        check = mixed(check, values[round % COUNT]);
    }
    return check;
}
