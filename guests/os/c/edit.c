/* edit FILE: a full-screen editor.
 *
 * Arrows, Home, End and the page keys move; Ctrl-S saves, Ctrl-F finds, Ctrl-K cuts a line and Ctrl-Y puts it back,
 * Ctrl-Q leaves. A file is written under another name first, so that it is there as it was or as it is now. What was
 * typed when the input ends is in FILE.save.
 */
#include "screen.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TAB = 8, NOTE = 120 };

struct line {
    char *text;
    int length;
};

static struct line *lines, cut;
static int count, room;
static int row, column;         /* of the cursor, in the text */
static int top, left;           /* what is at the upper left corner of the screen, in rows and cells */
static int is_changed;
static const char *path;
static char note[NOTE];

static void *checked(void *memory)
{
    if (!memory) {
        screen_end();
        fprintf(stderr, "edit: no memory left\n");
        exit(1);
    }
    return memory;
}

/* Lines. */

static void insert_line(int at, const char *text, int length)
{
    if (count == room)
        lines = checked(realloc(lines, (room = room ? room * 2 : 64) * sizeof *lines));
    memmove(lines + at + 1, lines + at, (size_t)(count - at) * sizeof *lines);
    lines[at].text = checked(malloc((size_t)length + 1));
    memcpy(lines[at].text, text, (size_t)length);
    lines[at].length = length;
    count++;
}

static void remove_line(int at)
{
    free(lines[at].text);
    memmove(lines + at, lines + at + 1, (size_t)(--count - at) * sizeof *lines);
}

static void insert_text(int at, int where, const char *text, int length)
{
    struct line *line = lines + at;
    line->text = checked(realloc(line->text, (size_t)(line->length + length) + 1));
    memmove(line->text + where + length, line->text + where, (size_t)(line->length - where));
    memcpy(line->text + where, text, (size_t)length);
    line->length += length;
    is_changed = 1;
}

static void remove_character(int at, int where)
{
    struct line *line = lines + at;
    memmove(line->text + where, line->text + where + 1, (size_t)(line->length - where - 1));
    line->length--;
    is_changed = 1;
}

static void join_with_next(int at)
{
    struct line next = lines[at + 1];
    insert_text(at, lines[at].length, next.text, next.length);
    remove_line(at + 1);
}

/* Files. */

static int load(void)
{
    FILE *from = fopen(path, "rb");
    char part[512];
    if (!from && errno != ENOENT)
        return -1;
    int is_open = 0; /* the last line has no end yet */
    while (from && fgets(part, sizeof part, from)) {
        int length = (int)strlen(part), ends = length && part[length - 1] == '\n';
        if (is_open)
            insert_text(count - 1, lines[count - 1].length, part, length - ends);
        else
            insert_line(count, part, length - ends);
        is_open = !ends;
    }
    if (from && (ferror(from) | fclose(from)))
        return -1;
    if (!count)
        insert_line(0, "", 0);
    is_changed = 0;
    return 0;
}

/* Write everything to a new file, and have that be `to`. */
static int save_as(const char *to)
{
    char draft[256];
    struct stat before;
    snprintf(draft, sizeof draft, "%s.new", to);
    FILE *file = fopen(draft, "wb");
    if (!file)
        return -1;
    for (int i = 0; i < count; i++)
        if (i < count - 1 || lines[i].length)
            fwrite(lines[i].text, 1, (size_t)lines[i].length, file), putc('\n', file);
    int why = fflush(file) || fsync(fileno(file)) ? errno : ferror(file) ? EIO : 0;
    if (!why && stat(to, &before) == 0 && fchmod(fileno(file), before.st_mode & 07777) < 0)
        why = errno;
    if (fclose(file) && !why)
        why = errno;
    if (!why && rename(draft, to) < 0)
        why = errno;
    if (!why)
        return 0;
    unlink(draft);
    errno = why; /* the first thing that went wrong */
    return -1;
}

static void save(void)
{
    if (save_as(path) < 0) {
        snprintf(note, NOTE, "%s: %s", path, strerror(errno));
        return;
    }
    snprintf(note, NOTE, "%s saved", path);
    is_changed = 0;
}

/* The picture. */

/* Cells before a column: a tab takes some. */
static int cells_before(const struct line *line, int where)
{
    int cells = 0;
    for (int i = 0; i < where; i++)
        cells += line->text[i] == '\t' ? TAB - cells % TAB : 1;
    return cells;
}

static void draw_line(const struct line *line)
{
    int cells = 0;
    for (int i = 0; i < line->length && cells < left + screen_columns; i++) {
        int end = line->text[i] == '\t' ? cells + TAB - cells % TAB : cells + 1;
        unsigned char byte = (unsigned char)line->text[i];
        for (; cells < end; cells++)
            if (cells >= left && cells < left + screen_columns)
                putchar(byte == '\t' ? ' ' : byte < ' ' || byte == KEY_ERASE ? '?' : byte);
    }
    if (cells < left + screen_columns)
        printf(TO_END_OF_LINE);
}

static void draw_status(void)
{
    char status[NOTE + 100];
    snprintf(status, sizeof status, " %s%s  %d/%d  %s", path, is_changed ? " *" : "", row + 1, count, note);
    screen_status(status);
}

static void draw(void)
{
    int rows = screen_rows - 1, cells = cells_before(lines + row, column);
    top = row < top ? row : row >= top + rows ? row - rows + 1 : top;
    left = cells < left ? cells : cells >= left + screen_columns ? cells - screen_columns + 1 : left;
    screen_show_cursor(0);
    for (int i = 0; i < rows; i++) {
        screen_at(i, 0);
        if (top + i < count)
            draw_line(lines + top + i);
        else
            printf("~" TO_END_OF_LINE);
    }
    draw_status();
    screen_at(row - top, cells - left);
    screen_show_cursor(1);
}

/* A line typed at the status row; 0: given up. */
static int ask(const char *question, char *answer, int size)
{
    int length = 0, key;
    for (;;) {
        snprintf(note, NOTE, "%s%.*s", question, length, answer);
        draw();
        key = screen_key(-1);
        if (key == '\n' || key == '\r')
            break;
        if (key == KEY_ESCAPE || key == KEY_ENDED || key == CONTROL('C'))
            return note[0] = 0;
        if (key == KEY_ERASE && length)
            length--;
        else if (key >= ' ' && key < KEY_ERASE && length < size - 1)
            answer[length++] = (char)key;
    }
    answer[length] = 0;
    note[0] = 0;
    return length > 0;
}

/* Keys. */

static void find(void)
{
    static char wanted[60];
    char answer[60];
    if (!ask("find: ", answer, sizeof answer))
        return;
    strcpy(wanted, answer);
    int length = (int)strlen(wanted);
    for (int step = 0; step <= count; step++) { /* around to where it began */
        int at = (row + step) % count;
        for (int i = step ? 0 : column + 1; i + length <= lines[at].length; i++)
            if (memcmp(lines[at].text + i, wanted, (size_t)length) == 0) {
                row = at;
                column = i;
                return;
            }
    }
    snprintf(note, NOTE, "%s is nowhere else", wanted);
}

static void break_line(void)
{
    struct line *line = lines + row;
    insert_line(row + 1, line->text + column, line->length - column);
    lines[row].length = column;
    row++;
    column = 0;
    is_changed = 1;
}

static void erase_before(void)
{
    if (column)
        remove_character(row, --column);
    else if (row) {
        column = lines[--row].length;
        join_with_next(row);
    }
}

static void erase_here(void)
{
    if (column < lines[row].length)
        remove_character(row, column);
    else if (row + 1 < count)
        join_with_next(row);
}

static void cut_line(void)
{
    free(cut.text);
    cut = lines[row];
    lines[row].text = NULL;
    remove_line(row);
    if (!count)
        insert_line(0, "", 0);
    row -= row == count;
    is_changed = 1;
}

static void paste_line(void)
{
    if (cut.text) {
        insert_line(row++, cut.text, cut.length);
        is_changed = 1;
    }
}

static void move(int key)
{
    int page = screen_rows - 2;
    switch (key) {
    case KEY_UP: row--; break;
    case KEY_DOWN: row++; break;
    case KEY_PAGE_UP: row -= page; break;
    case KEY_PAGE_DOWN: row += page; break;
    case KEY_HOME: column = 0; break;
    case KEY_END: column = lines[row].length; break;
    case KEY_LEFT:
        if (column)
            column--;
        else if (row)
            column = lines[--row].length;
        break;
    case KEY_RIGHT:
        if (column < lines[row].length)
            column++;
        else if (row + 1 < count)
            row++, column = 0;
        break;
    }
}

static int may_leave(void)
{
    char answer[4];
    return !is_changed || (ask("there are changes; leave them? (y, or Esc) ", answer, sizeof answer) && answer[0] == 'y');
}

/* 0: it was the last key. */
static int serve(int key)
{
    char byte = (char)key;
    note[0] = 0;
    switch (key) {
    case KEY_NONE: break;
    case CONTROL('Q'): return !may_leave();
    case CONTROL('S'): save(); break;
    case CONTROL('F'): find(); break;
    case CONTROL('K'): cut_line(); break;
    case CONTROL('Y'): paste_line(); break;
    case CONTROL('H'):
    case KEY_ERASE: erase_before(); break;
    case KEY_DELETE: erase_here(); break;
    case '\r':
    case '\n': break_line(); break;
    default:
        if (key >= KEY_UP)
            move(key);
        else if (key >= ' ' || key == '\t')
            insert_text(row, column++, &byte, 1);
    }
    row = row < 0 ? 0 : row >= count ? count - 1 : row;
    column = column > lines[row].length ? lines[row].length : column;
    return 1;
}

int main(int argc, char **argv)
{
    int key;
    if (argc != 2) {
        fprintf(stderr, "usage: edit FILE\n");
        return 2;
    }
    path = argv[1];
    if (load() < 0 || screen_begin() < 0) {
        fprintf(stderr, "edit: %s: %s\n", path, strerror(errno));
        return 1;
    }
    snprintf(note, NOTE, "Ctrl with S saves, F finds, K cuts, Y puts back, Q leaves");
    do {
        draw();
        key = screen_key(-1);
    } while (key != KEY_ENDED && serve(key));
    screen_end();
    if (key == KEY_ENDED && is_changed) {
        char kept[256];
        snprintf(kept, sizeof kept, "%s.save", path);
        fprintf(stderr, "edit: the input has ended; %s %s\n", kept, save_as(kept) < 0 ? "cannot be written" : "has the text");
        return 1;
    }
    return 0;
}
