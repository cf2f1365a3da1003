/* Bytes in a grid with their neighbours: the game of life on a torus. */
#include "program.h"

enum { SIDE = 64 };
static uint8_t cells[2][SIDE][SIDE];

static void step(uint8_t from[SIDE][SIDE], uint8_t to[SIDE][SIDE])
{
    for (int y = 0; y < SIDE; y++) {
        const uint8_t *above = from[(y + SIDE - 1) % SIDE], *here = from[y], *below = from[(y + 1) % SIDE];
        for (int x = 0; x < SIDE; x++) {
            int left = (x + SIDE - 1) % SIDE, right = (x + 1) % SIDE;
            int count = above[left] + above[x] + above[right] + here[left] + here[right] + below[left] + below[x] +
                        below[right];
            to[y][x] = count == 3 || (count == 2 && here[x]);
        }
    }
}

uint64_t program(uint32_t scale)
{
    uint32_t random = 2463534242u;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            cells[0][y][x] = next_random(&random) % 3 == 0;
    for (uint32_t i = 0; i < scale; i++)
        step(cells[i & 1], cells[1 - (i & 1)]);
    uint64_t check = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            check = mixed(check, cells[scale & 1][y][x]);
    return check;
}
