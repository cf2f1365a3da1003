/* The most valuable load of a knapsack: a table of two dimensions filled row by row, then traced back. */
#include "program.h"

enum { ITEMS = 40, CAPACITY = 200 };
struct item {
    uint32_t weight, value;
};
static struct item items[ITEMS];
static uint32_t best[ITEMS + 1][CAPACITY + 1];

static void fill(void)
{
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t room = 0; room <= CAPACITY; room++) {
            uint32_t without = best[i][room], with = 0;
            if (items[i].weight <= room)
                with = best[i][room - items[i].weight] + items[i].value;
            best[i + 1][room] = with > without ? with : without;
        }
}

static uint64_t packed(void)
{
    uint64_t chosen = 0;
    uint32_t room = CAPACITY;
    for (uint32_t i = ITEMS; i-- > 0;)
        if (best[i + 1][room] != best[i][room]) {
            chosen |= (uint64_t)1 << i;
            room -= items[i].weight;
        }
    return chosen;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 67;
    while (scale--) {
        for (int i = 0; i < ITEMS; i++) {
            uint32_t value = next_random(&random);
            items[i] = (struct item){value % 50 + 1, (value >> 16) % 1000};
        }
        fill();
        check = mixed(check, packed());
    }
    return check;
}
