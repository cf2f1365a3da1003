/* hexed FILE: an editor of bytes, in place, over the whole screen.
 *
 * Arrows and the page keys move; hexadecimal digits change the byte at the cursor, and after Tab letters do; u takes the
 * last change back, / finds bytes given as digits, Ctrl-S writes what was changed, Ctrl-Q leaves. The file keeps its size.
 */
#include "screen.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { ROW = 16, CHANGES = 4096, NOTE = 100 };

static unsigned char *data;
static long size, at, top;
static int half;                /* 1: the next digit is the lower one */
static int in_letters;
static struct {
    long place;
    unsigned char before;
} changes[CHANGES];
static int change_count, is_changed;
static const char *path;
static char note[NOTE] = "Ctrl-S writes, Ctrl-Q leaves, u takes back, / finds, Tab: side";

static int load(void)
{
    int file = open(path, O_RDONLY);
    if (file < 0 || (size = lseek(file, 0, SEEK_END)) < 0 || lseek(file, 0, SEEK_SET) < 0)
        return -1;
    if (!(data = malloc((size_t)size + 1)))
        return -1;
    for (long done = 0, got; done < size; done += got)
        if ((got = read(file, data + done, (size_t)(size - done))) <= 0)
            return -1;
    return close(file);
}

static void save(void)
{
    int file = open(path, O_WRONLY), failed = file < 0;
    for (long done = 0, put; !failed && done < size; done += put)
        failed = (put = pwrite(file, data + done, (size_t)(size - done), done)) <= 0;
    failed = failed || fsync(file) < 0;
    if (failed)
        snprintf(note, NOTE, "%s", strerror(errno));
    else
        snprintf(note, NOTE, "written");
    is_changed &= failed;
    if (file >= 0)
        close(file);
}

/* The picture. */

static void draw_row(long row)
{
    printf("%08lx ", row);
    for (long i = row; i < row + ROW; i++) {
        const char *look = i == at ? REVERSE : "";
        printf(i < size ? " %s%02x" PLAIN : " %s  " PLAIN, look, data[i < size ? i : 0]);
    }
    printf("  ");
    for (long i = row; i < row + ROW && i < size; i++)
        printf("%s%c" PLAIN, i == at ? REVERSE : "", isprint(data[i]) ? data[i] : '.');
    printf(TO_END_OF_LINE);
}

static void draw(void)
{
    char status[NOTE + 200];
    int rows = screen_rows - 1;
    long row = at / ROW * ROW;
    top = row < top ? row : row >= top + rows * ROW ? row - (rows - 1) * ROW : top;
    screen_show_cursor(0);
    for (int i = 0; i < rows; i++) {
        screen_at(i, 0);
        if (top + i * ROW < size)
            draw_row(top + i * ROW);
        else
            printf("~" TO_END_OF_LINE);
    }
    snprintf(status, sizeof status, " %s%s  %ld of %ld  %s", path, is_changed ? " *" : "", at, size, note);
    screen_status(status);
    screen_at((int)((row - top) / ROW), in_letters ? 59 + (int)(at % ROW) : 10 + 3 * (int)(at % ROW) + half);
    screen_show_cursor(1);
}

/* Changes. */

static void change(unsigned char value)
{
    if (change_count == CHANGES)
        memmove(changes, changes + 1, (size_t)--change_count * sizeof *changes);
    changes[change_count].place = at;
    changes[change_count++].before = data[at];
    data[at] = value;
    is_changed = 1;
}

static int digit_of(int key)
{
    return isdigit(key) ? key - '0' : tolower(key) - 'a' + 10;
}

static void change_digit(int digit)
{
    change((unsigned char)(half ? (data[at] & 0xf0) | digit : (data[at] & 0x0f) | digit << 4));
    at += half;
    half = !half;
}

static void take_back(void)
{
    if (!change_count) {
        snprintf(note, NOTE, "nothing to take back");
        return;
    }
    at = changes[--change_count].place;
    data[at] = changes[change_count].before;
    half = 0;
}

/* Bytes typed as digits at the status row, and how many; 0: none. */
static int ask(unsigned char *wanted, int most)
{
    char typed[NOTE / 2] = "";
    for (int digits = 0, key;;) {
        snprintf(note, NOTE, "find: %s", typed);
        draw();
        key = screen_key(-1);
        if (key == KEY_ESCAPE || key == KEY_ENDED)
            return 0;
        if (key == '\n' || key == '\r')
            return digits / 2;
        if (key == KEY_ERASE && digits)
            typed[--digits] = 0;
        if (key < 0 || key > 127 || !isxdigit(key) || digits == 2 * most)
            continue;
        typed[digits] = (char)key;
        typed[digits + 1] = 0;
        wanted[digits / 2] = (unsigned char)(digits % 2 ? wanted[digits / 2] << 4 | digit_of(key) : digit_of(key));
        digits++;
    }
}

static void find(void)
{
    unsigned char wanted[16];
    int length = ask(wanted, sizeof wanted);
    note[0] = 0;
    for (long step = 1; length && step <= size; step++) {
        long place = (at + step) % size;
        if (place + length <= size && memcmp(data + place, wanted, (size_t)length) == 0) {
            at = place;
            return;
        }
    }
    if (length)
        snprintf(note, NOTE, "nowhere");
}

static int may_leave(void)
{
    if (!is_changed)
        return 1;
    snprintf(note, NOTE, "there are changes; Ctrl-Q again leaves them");
    draw();
    int key = screen_key(-1);
    note[0] = 0;
    return key == CONTROL('Q') || key == KEY_ENDED;
}

static void move(int key)
{
    long page = (screen_rows - 1) * ROW;
    switch (key) {
    case KEY_UP: at -= ROW; break;
    case KEY_DOWN: at += at + ROW < size ? ROW : 0; break;
    case KEY_LEFT: at--; break;
    case KEY_RIGHT: at++; break;
    case KEY_HOME: at -= at % ROW; break;
    case KEY_END: at += ROW - 1 - at % ROW; break;
    case KEY_PAGE_UP: at -= page; break;
    case KEY_PAGE_DOWN: at += page; break;
    }
    half = 0;
}

/* 0: it was the last key. */
static int serve(int key)
{
    note[0] = 0;
    if (key == KEY_ENDED)
        return 0;
    if (key == CONTROL('Q'))
        return !may_leave();
    if (key == CONTROL('S'))
        save();
    else if (key == '\t')
        in_letters = !in_letters, half = 0;
    else if (key >= KEY_UP)
        move(key);
    else if (in_letters && key >= ' ' && key < KEY_ERASE)
        change((unsigned char)key), at++;
    else if (key >= 0 && key < 128 && isxdigit(key))
        change_digit(digit_of(key));
    else if (key == 'u')
        take_back();
    else if (key == '/')
        find();
    at = at < 0 ? 0 : at >= size ? size - 1 : at;
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: hexed FILE\n");
        return 2;
    }
    path = argv[1];
    if (load() < 0) {
        fprintf(stderr, "hexed: %s: %s\n", path, strerror(errno));
        return 1;
    }
    if (!size || screen_begin() < 0) {
        fprintf(stderr, "hexed: %s\n", size ? "standard input is no terminal" : "the file is empty");
        return 1;
    }
    do
        draw();
    while (serve(screen_key(-1)));
    screen_end();
    return 0;
}
