/* snake [-s SEED] [-t MILLISECONDS]: a game. Arrows, or w a s d, turn the snake, which moves at once then; it grows with all
 * that it eats, and must not meet the wall or itself. q leaves. Food lies where the seed says: the same keys at the same
 * times are the same game.
 */
#include "screen.h"
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 40, HEIGHT = 18, CELLS = WIDTH * HEIGHT, BEGINNING = 4 };
enum cell { EMPTY, BODY, FOOD };

static struct place {
    int row, column;
} body[CELLS];                  /* a ring, from `tail` to `head` */
static int head, tail;
static char cells[HEIGHT][WIDTH];
static struct place way = {0, 1};
static unsigned seed = 1;
static int score, tick = 150;

static int random_below(int limit)
{
    seed = seed * 1103515245 + 12345;
    return (int)(seed / 65536 % (unsigned)limit);
}

/* A place of the field, two letters wide on the screen. */
static void draw_cell(int row, int column)
{
    static const char *pictures[] = {"  ", "[]", "()"};
    screen_at(row + 2, 1 + 2 * column);
    fputs(pictures[(int)cells[row][column]], stdout);
}

static void set_cell(struct place place, enum cell what)
{
    cells[place.row][place.column] = (char)what;
    draw_cell(place.row, place.column);
}

static void place_food(void)
{
    struct place place;
    do {
        place.row = random_below(HEIGHT);
        place.column = random_below(WIDTH - 1);
    } while (cells[place.row][place.column] != EMPTY);
    set_cell(place, FOOD);
}

static void draw_score(void)
{
    screen_at(0, 0);
    printf(" snake   score %d   q leaves" TO_END_OF_LINE, score);
}

static void draw_field(void)
{
    screen_clear();
    screen_show_cursor(0);
    draw_score();
    for (int row = 0; row < HEIGHT + 2; row++) {
        screen_at(row + 1, 0);
        int is_wall = row == 0 || row == HEIGHT + 1;
        putchar(is_wall ? '+' : '|');
        for (int i = 0; i < 2 * (WIDTH - 1); i++)
            putchar(is_wall ? '-' : ' ');
        putchar(is_wall ? '+' : '|');
    }
}

/* 0: it has met something. */
static int step(void)
{
    struct place next = {body[head].row + way.row, body[head].column + way.column};
    if (next.row < 0 || next.row >= HEIGHT || next.column < 0 || next.column >= WIDTH - 1)
        return 0;
    enum cell there = (enum cell)cells[next.row][next.column];
    if (there != FOOD) { /* the tail moves first: its place is free for the head */
        set_cell(body[tail], EMPTY);
        tail = (tail + 1) % CELLS;
        there = (enum cell)cells[next.row][next.column];
    }
    if (there == BODY)
        return 0;
    head = (head + 1) % CELLS;
    body[head] = next;
    set_cell(next, BODY);
    if (there == FOOD) {
        score++;
        draw_score();
        place_food();
    }
    return 1;
}

static void turn(int row, int column)
{
    if (way.row != -row || way.column != -column) /* not back into itself */
        way = (struct place){row, column};
}

/* 0: leave. */
static int serve(int key)
{
    switch (key) {
    case KEY_UP:
    case 'w': turn(-1, 0); break;
    case KEY_DOWN:
    case 's': turn(1, 0); break;
    case KEY_LEFT:
    case 'a': turn(0, -1); break;
    case KEY_RIGHT:
    case 'd': turn(0, 1); break;
    case 'q':
    case CONTROL('C'):
    case KEY_ENDED: return 0;
    }
    return 1;
}

static void play(void)
{
    while (serve(screen_key(tick)))
        if (!step()) {
            screen_at(HEIGHT / 2 + 1, WIDTH - 8);
            printf(" the game is over ");
            screen_key(1500);
            return;
        }
}

int main(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "s:t:")) != -1;)
        switch (option) {
        case 's': seed = (unsigned)atoi(optarg); break;
        case 't': tick = atoi(optarg); break;
        default: fprintf(stderr, "usage: snake [-s SEED] [-t MILLISECONDS]\n"); return 2;
        }
    if (screen_begin() < 0) {
        fprintf(stderr, "snake: standard input is no terminal\n");
        return 1;
    }
    draw_field();
    for (int i = 0; i < BEGINNING; i++)
        set_cell(body[head = i] = (struct place){HEIGHT / 2, 4 + i}, BODY);
    place_food();
    play();
    screen_end();
    printf("score %d\n", score);
    return 0;
}
