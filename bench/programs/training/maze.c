/* Mazes made by joining sets of cells (union-find), and the way out by breadth-first search with a queue. */
#include "program.h"

enum { SIDE = 32, CELLS = SIDE * SIDE, WALLS = 2 * CELLS };
enum { EAST = 1, SOUTH = 2 };
static uint16_t parent[CELLS], queue[CELLS], walls[WALLS];
static uint8_t passages[CELLS];
static int32_t steps[CELLS];

static uint32_t set_of(uint32_t cell)
{
    while (parent[cell] != cell) {
        parent[cell] = parent[parent[cell]];
        cell = parent[cell];
    }
    return cell;
}

static void make_maze(uint32_t *random)
{
    for (uint32_t cell = 0; cell < CELLS; cell++) {
        parent[cell] = (uint16_t)cell;
        passages[cell] = 0;
    }
    for (uint32_t i = 0; i < WALLS; i++) { /* shuffled as they are written */
        uint32_t other = next_random(random) % (i + 1);
        walls[i] = walls[other];
        walls[other] = (uint16_t)i;
    }
    for (uint32_t i = 0; i < WALLS; i++) {
        uint32_t cell = walls[i] / 2, is_south = walls[i] & 1;
        if (is_south ? cell >= CELLS - SIDE : cell % SIDE == SIDE - 1)
            continue;
        uint32_t one = set_of(cell), other = set_of(is_south ? cell + SIDE : cell + 1);
        if (one != other) {
            parent[one] = (uint16_t)other;
            passages[cell] |= is_south ? SOUTH : EAST;
        }
    }
}

static uint16_t *visit(uint32_t cell, int32_t step, uint16_t *last)
{
    if (steps[cell] >= 0)
        return last;
    steps[cell] = step;
    *last = (uint16_t)cell;
    return last + 1;
}

static int32_t way_out(void)
{
    for (int cell = 0; cell < CELLS; cell++)
        steps[cell] = -1;
    uint16_t *last = visit(0, 0, queue);
    for (const uint16_t *first = queue; first < last; first++) {
        uint32_t cell = *first;
        int32_t step = steps[cell] + 1;
        if (passages[cell] & EAST)
            last = visit(cell + 1, step, last);
        if (passages[cell] & SOUTH)
            last = visit(cell + SIDE, step, last);
        if (cell % SIDE && passages[cell - 1] & EAST)
            last = visit(cell - 1, step, last);
        if (cell >= SIDE && passages[cell - SIDE] & SOUTH)
            last = visit(cell - SIDE, step, last);
    }
    return steps[CELLS - 1];
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 59;
    while (scale--) {
        make_maze(&random);
        check = mixed(check, (uint64_t)way_out());
    }
    return check;
}
