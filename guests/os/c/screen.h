/* A full screen on the console: raw keys come in, pictures go out. The editor, hexed, life and snake have it. */
#ifndef SCREEN_H
#define SCREEN_H

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { KEY_NONE = -1, KEY_ENDED = -2 }; /* no key within the time; the input has ended */
enum { KEY_ESCAPE = 27, KEY_ERASE = 127 };
enum { KEY_UP = 256, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_DELETE };

#define CONTROL(letter) ((letter) & 31)
#define REVERSE "\033[7m"
#define PLAIN "\033[m"
#define TO_END_OF_LINE "\033[K"

static struct termios screen_before;
static int screen_rows = 24, screen_columns = 80;

static inline void screen_measure(void)
{
    struct winsize size;
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
        screen_rows = size.ws_row, screen_columns = size.ws_col;
}

/* The window has another size: a wait for a key ends. */
static inline void screen_resized(int number)
{
    (void)number;
}

/* -1: standard input is no terminal. */
static inline int screen_begin(void)
{
    if (tcgetattr(STDIN_FILENO, &screen_before) < 0)
        return -1;
    struct termios raw = screen_before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    sigaction(SIGWINCH, &(struct sigaction){.sa_handler = screen_resized}, NULL);
    screen_measure();
    printf("\033[?1049h");
    return 0;
}

static inline void screen_end(void)
{
    printf("\033[?25h\033[?1049l");
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &screen_before);
}

static inline void screen_clear(void)
{
    printf("\033[H\033[2J");
}

/* From 0. */
static inline void screen_at(int row, int column)
{
    printf("\033[%d;%dH", row + 1, column + 1);
}

/* The last row, as far as it reaches. */
static inline void screen_status(const char *text)
{
    int used = (int)strlen(text), shown = used < screen_columns ? used : screen_columns;
    screen_at(screen_rows - 1, 0);
    printf(REVERSE "%.*s%*s" PLAIN, shown, text, screen_columns - shown, "");
}

static inline void screen_show_cursor(int is_shown)
{
    printf("\033[?25%c", is_shown ? 'h' : 'l');
}

static inline int screen_byte(int milliseconds)
{
    struct pollfd console = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char byte;
    if (poll(&console, 1, milliseconds) <= 0)
        return KEY_NONE;
    return read(STDIN_FILENO, &byte, 1) == 1 ? byte : KEY_ENDED;
}

/* What ESC [ begins: a letter, or a number and ~. */
static inline int screen_sequence(void)
{
    enum { SOON = 50 };
    static const struct {
        int sign, key;
    } keys[] = {{'A', KEY_UP},   {'B', KEY_DOWN}, {'C', KEY_RIGHT},  {'D', KEY_LEFT},    {'H', KEY_HOME}, {'F', KEY_END},
                {1, KEY_HOME},   {4, KEY_END},    {5, KEY_PAGE_UP},  {6, KEY_PAGE_DOWN}, {3, KEY_DELETE}};
    int number = 0, byte = screen_byte(SOON);
    if (byte != '[' && byte != 'O')
        return KEY_ESCAPE;
    while ((byte = screen_byte(SOON)) >= '0' && byte <= '9')
        number = number * 10 + byte - '0';
    int sign = byte == '~' ? number : byte;
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].sign == sign)
            return keys[i].key;
    return KEY_NONE;
}

/* The next key within so many milliseconds; -1 waits for one. What was printed is on the screen then. */
static inline int screen_key(int milliseconds)
{
    fflush(stdout);
    int byte = screen_byte(milliseconds);
    screen_measure();
    return byte == KEY_ESCAPE ? screen_sequence() : byte;
}

#endif
