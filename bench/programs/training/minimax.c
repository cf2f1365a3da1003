/* Connect four on a small board, by minimax with alpha and beta: recursion with many arguments, moves undone. */
#include "program.h"

enum { WIDTH = 6, HEIGHT = 5, DEPTH = 5, WON = 1000 };
static int8_t board[HEIGHT][WIDTH]; /* 1 and -1: whose piece */
static int heights[WIDTH];
static uint64_t positions;

static int run_length(int row, int column, int down, int across, int player)
{
    int length = 0;
    while (row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH && board[row][column] == player) {
        row += down;
        column += across;
        length++;
    }
    return length;
}

/* 1 if the piece there is one of four in a line. */
static int wins(int row, int column, int player)
{
    static const int8_t lines[][2] = {{0, 1}, {1, 0}, {1, 1}, {1, -1}};
    for (int i = 0; i < 4; i++) {
        int down = lines[i][0], across = lines[i][1];
        if (run_length(row, column, down, across, player) + run_length(row, column, -down, -across, player) > 4)
            return 1;
    }
    return 0;
}

static int value_of_board(int player)
{
    int value = 0;
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++)
            value += board[row][column] * (column == 0 || column == WIDTH - 1 ? 1 : 3);
    return value * player;
}

static int best_value(int player, int depth, int alpha, int beta)
{
    positions++;
    if (!depth)
        return value_of_board(player);
    for (int column = 0; column < WIDTH && alpha < beta; column++) {
        int row = heights[column];
        if (row == HEIGHT)
            continue;
        board[row][column] = (int8_t)player;
        heights[column]++;
        int value = wins(row, column, player) ? WON + depth : -best_value(-player, depth - 1, -beta, -alpha);
        heights[column]--;
        board[row][column] = 0;
        if (value > alpha)
            alpha = value;
    }
    return alpha;
}

static void drop(uint32_t column, int player)
{
    if (heights[column] < HEIGHT)
        board[heights[column]++][column] = (int8_t)player;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 131;
    while (scale--) {
        for (int column = 0; column < WIDTH; column++) {
            heights[column] = 0;
            for (int row = 0; row < HEIGHT; row++)
                board[row][column] = 0;
        }
        for (int i = 0; i < 6; i++)
            drop(next_random(&random) % WIDTH, i & 1 ? -1 : 1);
        positions = 0;
        check = mixed(check, (uint64_t)best_value(1, DEPTH, -2 * WON, 2 * WON) + positions);
    }
    return check;
}
