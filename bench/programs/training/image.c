/* A grey picture blurred, its edges found (Sobel), and dithered (Floyd and Steinberg): bytes and their neighbours. */
#include "program.h"

enum { SIDE = 64 };
typedef uint8_t picture[SIDE][SIDE];
static picture grey, soft, edges;
static int16_t levels[SIDE + 1][SIDE + 2];

static void blur(picture from, picture to)
{
    for (int y = 1; y < SIDE - 1; y++)
        for (int x = 1; x < SIDE - 1; x++) {
            uint32_t sum = 0;
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    sum += from[y + dy][x + dx];
            to[y][x] = (uint8_t)(sum / 9);
        }
}

static int magnitude(int value)
{
    return value < 0 ? -value : value;
}

static void find_edges(picture from, picture to)
{
    for (int y = 1; y < SIDE - 1; y++) {
        const uint8_t *above = from[y - 1], *here = from[y], *below = from[y + 1];
        for (int x = 1; x < SIDE - 1; x++) {
            int across = above[x + 1] - above[x - 1] + 2 * (here[x + 1] - here[x - 1]) + below[x + 1] - below[x - 1];
            int down = below[x - 1] - above[x - 1] + 2 * (below[x] - above[x]) + below[x + 1] - above[x + 1];
            int edge = magnitude(across) + magnitude(down);
            to[y][x] = (uint8_t)(edge > 255 ? 255 : edge);
        }
    }
}

static uint32_t dither(picture from)
{
    uint32_t whites = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            levels[y][x + 1] = from[y][x];
    for (int y = 0; y < SIDE; y++)
        for (int x = 1; x <= SIDE; x++) {
            int is_white = levels[y][x] > 127, error = levels[y][x] - (is_white ? 255 : 0);
            whites += (uint32_t)is_white;
            levels[y][x + 1] = (int16_t)(levels[y][x + 1] + error * 7 / 16);
            levels[y + 1][x - 1] = (int16_t)(levels[y + 1][x - 1] + error * 3 / 16);
            levels[y + 1][x] = (int16_t)(levels[y + 1][x] + error * 5 / 16);
            levels[y + 1][x + 1] = (int16_t)(levels[y + 1][x + 1] + error / 16);
        }
    return whites;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 113;
    while (scale--) {
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                grey[y][x] = (uint8_t)((x * y / 8 + (int)scale) ^ (int)(next_random(&random) & 15));
        blur(grey, soft);
        find_edges(soft, edges);
        check = mixed(check, dither(soft) + ((uint64_t)dither(edges) << 32));
    }
    return check;
}
