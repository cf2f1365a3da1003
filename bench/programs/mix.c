/* A bit of everything that a systems program of the eighties did, in the spirit of Dhrystone (Weicker, 1984): records,
 * strings, small functions, arrays, and branches on enumerations. */
#include "program.h"

enum kind { FIRST, SECOND, THIRD, FOURTH };
enum { NAME = 32, ROWS = 50 };
struct record {
    struct record *link;
    enum kind kind, choice;
    int number;
    char name[NAME];
};

static struct record one, other;
static int vector[ROWS], grid[ROWS][ROWS];
static int total;
static char letter_one, letter_two;

static void copy(char *to, const char *from)
{
    while ((*to++ = *from++))
        ;
}

static int compare(const char *left, const char *right)
{
    for (; *left && *left == *right; left++, right++)
        ;
    return (unsigned char)*left - (unsigned char)*right;
}

static __attribute__((noinline)) enum kind choose(char first, char second)
{
    if (first != second)
        return FIRST;
    letter_one = first;
    return SECOND;
}

static __attribute__((noinline)) int is_after(const char *left, const char *right)
{
    int place = 2;
    char letter = 'A';
    while (place <= 2)
        if (choose(left[place], right[place + 1]) == FIRST) {
            letter = 'A';
            place++;
        }
    if (letter >= 'W' && letter < 'Z')
        place = 7;
    if (letter == 'R')
        return 1;
    if (compare(left, right) > 0) {
        total = place + 7;
        return 1;
    }
    return 0;
}

static __attribute__((noinline)) enum kind turn(enum kind kind)
{
    switch (kind) {
    case FIRST: return FIRST;
    case SECOND: return total > 100 ? FIRST : FOURTH;
    case THIRD: return SECOND;
    default: return THIRD;
    }
}

static __attribute__((noinline)) void fill(int column, int number)
{
    int place = column + 5;
    vector[place] = number;
    vector[place + 1] = vector[place];
    vector[place + 30] = place;
    for (int i = place; i <= place + 1; i++)
        grid[place][i] = place;
    grid[place][place - 1]++;
    grid[place + 10][place] = vector[place];
    total = 5;
}

static __attribute__((noinline)) void update(struct record *record)
{
    struct record *next = record->link;
    *next = *record;
    record->number = 5;
    next->number = record->number;
    next->link = record->link;
    if (next->kind == FIRST) {
        next->number = 6;
        next->choice = turn(record->choice);
        next->link = record->link;
        next->number += 10;
    } else {
        *record = *next;
    }
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    char left[NAME], right[NAME];
    one = (struct record){&other, FIRST, THIRD, 40, "A NAME THAT IS SOMEWHAT LONG"};
    total = 0;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < ROWS; j++)
            grid[i][j] = vector[i] = 0;
    copy(left, "A PROGRAM'S FIRST TEXT, IS THIS");
    for (uint32_t round = 1; round <= scale * 100; round++) {
        int a = 2, b = 3, c = 0;
        letter_two = 'B';
        copy(right, "A PROGRAM'S NEXT TEXT, IS THIS.");
        enum kind kind = is_after(left, right) ? FIRST : SECOND;
        while (a < b) {
            c = 5 * a - b;
            a++;
        }
        fill((int)(round % 8), c);
        update(&one);
        for (char letter = 'A'; letter <= letter_two; letter++)
            if (kind == choose(letter, 'C'))
                kind = turn(FIRST);
        b = b * a;
        a = b / c;
        b = 7 * (b - c) - a;
        check = mixed(check, (uint64_t)(total + other.number + b + vector[round % ROWS]));
    }
    return check;
}
