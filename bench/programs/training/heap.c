/* A priority queue in an array: indices halved and doubled, elements moved along a path. */
#include "program.h"

enum { COUNT = 1000 };
static uint64_t heap[COUNT];
static uint32_t size;

static void push(uint64_t value)
{
    uint32_t at = size++;
    for (; at && heap[(at - 1) / 2] > value; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = value;
}

static uint64_t pop(void)
{
    uint64_t top = heap[0], value = heap[--size];
    uint32_t at = 0;
    for (uint32_t child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= value)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = value;
    return top;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 11;
    while (scale--) {
        for (int i = 0; i < COUNT; i++)
            push(next_random(&random));
        for (int i = 0; i < COUNT; i++)
            check = mixed(check, pop());
    }
    return check;
}
