/* life [-n GENERATIONS] [-t MILLISECONDS] [-p] [FILE]: Conway's game of life, on a field whose edges meet.
 *
 * FILE has a line for each row, with a # or O for each cell that lives; without one there is an acorn. q leaves, a space
 * stops it and another goes on. -p prints the last generation alone, with no screen.
 */
#include "screen.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 78, HEIGHT = 22 };

static char cells[HEIGHT][WIDTH];

static void put_pattern(const char *rows[], int count)
{
    for (int i = 0; i < count; i++)
        for (int j = 0; rows[i][j]; j++)
            cells[HEIGHT / 2 + i][WIDTH / 2 + j] = rows[i][j] == '#';
}

static int read_pattern(const char *path)
{
    char line[256];
    FILE *from = fopen(path, "r");
    for (int row = 0; from && row < HEIGHT && fgets(line, sizeof line, from); row++)
        for (int column = 0; column < WIDTH && line[column] && line[column] != '\n'; column++)
            cells[row][column] = line[column] == '#' || line[column] == 'O';
    return from ? fclose(from) : -1;
}

static int neighbours(int row, int column)
{
    int count = -cells[row][column];
    for (int i = HEIGHT - 1; i <= HEIGHT + 1; i++)
        for (int j = WIDTH - 1; j <= WIDTH + 1; j++)
            count += cells[(row + i) % HEIGHT][(column + j) % WIDTH];
    return count;
}

static void step(void)
{
    static char next[HEIGHT][WIDTH];
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++) {
            int count = neighbours(row, column);
            next[row][column] = count == 3 || (count == 2 && cells[row][column]);
        }
    memcpy(cells, next, sizeof cells);
}

static int population(void)
{
    int count = 0;
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++)
            count += cells[row][column];
    return count;
}

static void draw(long generation)
{
    for (int row = 0; row < HEIGHT; row++) {
        char line[WIDTH + 1];
        for (int column = 0; column < WIDTH; column++)
            line[column] = cells[row][column] ? '#' : ' ';
        line[WIDTH] = 0;
        screen_at(row, 0);
        printf("%s" TO_END_OF_LINE, line);
    }
    screen_at(HEIGHT, 0);
    printf(REVERSE " generation %ld, %d alive; space stops, q leaves " PLAIN TO_END_OF_LINE, generation, population());
}

static void print(void)
{
    for (int row = 0; row < HEIGHT; row++) {
        int end = WIDTH;
        while (end && !cells[row][end - 1])
            end--;
        for (int column = 0; column < end; column++)
            putchar(cells[row][column] ? '#' : ' ');
        putchar('\n');
    }
}

static void play(long generations, int tick)
{
    int is_stopped = 0;
    for (long generation = 0;;) {
        draw(generation);
        int key = screen_key(is_stopped ? -1 : tick);
        if (key == 'q' || key == CONTROL('C') || key == KEY_ENDED || generation == generations)
            return;
        if (key == ' ')
            is_stopped = !is_stopped;
        if (!is_stopped || key == 'n')
            step(), generation++;
    }
}

int main(int argc, char **argv)
{
    static const char *acorn[] = {" #", "   #", "##  ###"};
    long generations = -1;
    int tick = 100, prints = 0;
    for (int option; (option = getopt(argc, argv, "n:t:p")) != -1;)
        switch (option) {
        case 'n': generations = atol(optarg); break;
        case 't': tick = atoi(optarg); break;
        case 'p': prints = 1; break;
        default: fprintf(stderr, "usage: life [-n GENERATIONS] [-t MILLISECONDS] [-p] [FILE]\n"); return 2;
        }
    if (optind == argc) {
        put_pattern(acorn, 3);
    } else if (read_pattern(argv[optind]) < 0) {
        fprintf(stderr, "life: %s: %s\n", argv[optind], strerror(errno));
        return 1;
    }
    if (prints) {
        for (; generations > 0; generations--)
            step();
        print();
        return 0;
    }
    if (screen_begin() < 0) {
        fprintf(stderr, "life: standard input is no terminal; -p prints without one\n");
        return 1;
    }
    screen_clear();
    screen_show_cursor(0);
    play(generations, tick);
    screen_end();
    printf("%d alive\n", population());
    return 0;
}
