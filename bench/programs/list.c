/* Loads that wait for one another: a linked list, built in random order, walked, and reversed. */
#include "program.h"

enum { NODES = 8192 };
static struct node {
    struct node *next;
    uint64_t value;
} nodes[NODES];
static uint32_t order[NODES];

static struct node *build(void)
{
    uint32_t random = 2147483647u;
    for (uint32_t i = 0; i < NODES; i++)
        order[i] = i;
    for (uint32_t i = NODES - 1; i; i--) {
        uint32_t other = next_random(&random) % (i + 1), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (uint32_t i = 0; i < NODES; i++)
        nodes[order[i]] = (struct node){i + 1 < NODES ? &nodes[order[i + 1]] : NULL, i};
    return &nodes[order[0]];
}

static struct node *reverse(struct node *list)
{
    struct node *reversed = NULL;
    while (list) {
        struct node *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return reversed;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    struct node *list = build();
    for (uint32_t round = 0; round < scale; round++) {
        for (const struct node *at = list; at; at = at->next)
            check = 3 * check + at->value;
        list = reverse(list);
    }
    return check;
}
