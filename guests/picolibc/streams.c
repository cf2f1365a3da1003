/* stdin, stdout and stderr for picolibc. stdout is sent a line at a time, and at the end. */
#include <stdio.h>
#include <unistd.h>

static struct {
    size_t count;
    char bytes[4096];
} written;

static struct {
    ssize_t next, count;
    unsigned char bytes[1024];
} waiting;

static int flush(FILE *stream)
{
    (void)stream;
    for (size_t sent = 0; sent < written.count;) {
        ssize_t taken = write(1, written.bytes + sent, written.count - sent);
        if (taken <= 0) {
            written.count = 0;
            return EOF;
        }
        sent += (size_t)taken;
    }
    written.count = 0;
    return 0;
}

static int put(char c, FILE *stream)
{
    written.bytes[written.count++] = c;
    if (c == '\n' || written.count == sizeof written.bytes)
        return flush(stream);
    return (unsigned char)c;
}

static int put_now(char c, FILE *stream)
{
    (void)stream;
    return write(2, &c, 1) == 1 ? (unsigned char)c : EOF;
}

static int get(FILE *stream)
{
    if (waiting.next == waiting.count) {
        flush(stream);
        waiting.next = 0;
        waiting.count = read(0, waiting.bytes, sizeof waiting.bytes);
        if (waiting.count <= 0) {
            waiting.count = 0;
            return _FDEV_EOF;
        }
    }
    return waiting.bytes[waiting.next++];
}

static FILE input = FDEV_SETUP_STREAM(NULL, get, NULL, _FDEV_SETUP_READ);
static FILE output = FDEV_SETUP_STREAM(put, NULL, flush, _FDEV_SETUP_WRITE);
static FILE errors = FDEV_SETUP_STREAM(put_now, NULL, NULL, _FDEV_SETUP_WRITE);

FILE *const stdin = &input;
FILE *const stdout = &output;
FILE *const stderr = &errors;

__attribute__((destructor)) static void flush_at_the_end(void)
{
    flush(stdout);
}
