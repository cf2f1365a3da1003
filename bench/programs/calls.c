/* Calls through pointers: shapes of several kinds, each with functions of its own. */
#include "program.h"

enum { SHAPES = 512, KINDS = 4 };
struct shape;
struct methods {
    int64_t (*area)(const struct shape *);
    void (*grow)(struct shape *, int32_t by);
};
static struct shape {
    const struct methods *methods;
    int64_t width, height;
} shapes[SHAPES];

static int64_t box_area(const struct shape *shape) { return shape->width * shape->height; }
static int64_t triangle_area(const struct shape *shape) { return shape->width * shape->height / 2; }
static int64_t disc_area(const struct shape *shape) { return shape->width * shape->width * 355 / 113; }
static int64_t line_area(const struct shape *shape) { return shape->width ^ shape->width; }

static void grow_wide(struct shape *shape, int32_t by) { shape->width = (shape->width + by) & 0xfff; }
static void grow_high(struct shape *shape, int32_t by) { shape->height = (shape->height + by) & 0xfff; }
static void grow_both(struct shape *shape, int32_t by)
{
    grow_wide(shape, by);
    grow_high(shape, by >> 1);
}

static const struct methods kinds[KINDS] = {
    {box_area, grow_wide}, {triangle_area, grow_high}, {disc_area, grow_both}, {line_area, grow_wide}};

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 22695477u;
    for (int i = 0; i < SHAPES; i++)
        shapes[i] = (struct shape){&kinds[next_random(&random) % KINDS], random % 100, random % 77};
    for (uint32_t round = 0; round < scale; round++)
        for (int i = 0; i < SHAPES; i++) {
            struct shape *shape = &shapes[i];
            shape->methods->grow(shape, (int32_t)(round + (uint32_t)i) & 15);
            check += (uint64_t)shape->methods->area(shape);
        }
    return check;
}
