/* Shortest routes in a sparse graph (Dijkstra, 1959): lists of edges, and a heap of small structs moved by value. */
#include "program.h"

enum { NODES = 256, EDGES = 1024 };
struct edge {
    const struct edge *next;
    uint32_t to, length;
};
struct stop {
    uint32_t distance, node;
};
static struct edge edges[EDGES];
static const struct edge *leaving[NODES];
static struct stop heap[EDGES + 1];
static uint32_t waiting, distances[NODES];

static void push(struct stop stop)
{
    uint32_t at = waiting++;
    for (; at && stop.distance < heap[(at - 1) / 2].distance; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = stop;
}

static struct stop pop(void)
{
    struct stop first = heap[0], last = heap[--waiting];
    uint32_t at = 0;
    for (uint32_t child = 1; child < waiting; child = 2 * at + 1) {
        child += child + 1 < waiting && heap[child + 1].distance < heap[child].distance;
        if (last.distance <= heap[child].distance)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

static void measure_from(uint32_t start)
{
    for (int i = 0; i < NODES; i++)
        distances[i] = UINT32_MAX;
    distances[start] = 0;
    push((struct stop){0, start});
    while (waiting) {
        struct stop stop = pop();
        if (stop.distance > distances[stop.node])
            continue;
        for (const struct edge *edge = leaving[stop.node]; edge; edge = edge->next) {
            uint32_t distance = stop.distance + edge->length;
            if (distance < distances[edge->to]) {
                distances[edge->to] = distance;
                push((struct stop){distance, edge->to});
            }
        }
    }
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 61;
    for (int i = 0; i < NODES; i++)
        leaving[i] = NULL;
    for (int i = 0; i < EDGES; i++) {
        uint32_t value = next_random(&random), from = value % NODES;
        edges[i] = (struct edge){leaving[from], (value >> 8) % NODES, (value >> 16) % 1000 + 1};
        leaving[from] = &edges[i];
    }
    while (scale--) {
        measure_from(scale % NODES);
        check = mixed(check, distances[(scale * 7) % NODES]);
    }
    return check;
}
