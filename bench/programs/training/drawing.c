/* Triangles drawn by lines (Bresenham, 1965) and filled from a point with a stack: steps by sign, bytes in a plane. */
#include "program.h"

enum { SIDE = 80, STACK = 4 * SIDE * SIDE, ON_ONE_CANVAS = 8 };
struct point {
    int32_t x, y;
};
static uint8_t canvas[SIDE][SIDE];
static struct point stack[STACK];

static void clear(void)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            canvas[y][x] = 0;
}

static void draw_line(struct point from, struct point to, uint8_t colour)
{
    int32_t dx = to.x < from.x ? from.x - to.x : to.x - from.x, step_x = from.x < to.x ? 1 : -1;
    int32_t dy = to.y < from.y ? to.y - from.y : from.y - to.y, step_y = from.y < to.y ? 1 : -1;
    for (int32_t error = dx + dy;;) {
        canvas[from.y][from.x] = colour;
        if (from.x == to.x && from.y == to.y)
            return;
        int32_t twice = 2 * error;
        if (twice >= dy) {
            error += dy;
            from.x += step_x;
        }
        if (twice <= dx) {
            error += dx;
            from.y += step_y;
        }
    }
}

static uint32_t fill(struct point start, uint8_t colour)
{
    static const struct point sides[] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    uint8_t old = canvas[start.y][start.x];
    uint32_t filled = 0;
    struct point *top = stack;
    if (old != colour)
        *top++ = start;
    while (top > stack) {
        struct point at = *--top;
        if (at.x < 0 || at.y < 0 || at.x >= SIDE || at.y >= SIDE || canvas[at.y][at.x] != old)
            continue;
        canvas[at.y][at.x] = colour;
        filled++;
        for (int i = 0; i < 4; i++)
            *top++ = (struct point){at.x + sides[i].x, at.y + sides[i].y};
    }
    return filled;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 127;
    clear();
    while (scale--) {
        struct point corners[3];
        if (scale % ON_ONE_CANVAS == 0)
            clear();
        for (int i = 0; i < 3; i++) {
            uint32_t value = next_random(&random);
            corners[i] = (struct point){(int32_t)(value % SIDE), (int32_t)((value >> 16) % SIDE)};
        }
        for (int i = 0; i < 3; i++)
            draw_line(corners[i], corners[(i + 1) % 3], (uint8_t)(1 + i));
        struct point middle = {(corners[0].x + corners[1].x + corners[2].x) / 3,
                               (corners[0].y + corners[1].y + corners[2].y) / 3};
        check = mixed(check, fill(middle, (uint8_t)(4 + scale % ON_ONE_CANVAS)));
    }
    return check;
}
