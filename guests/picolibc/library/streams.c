/* stdin, stdout, stderr and streams of files for picolibc. stdout is sent a line at a time, and all at the end. */
#include "system.h"
#include <fcntl.h>
#include <stdio-bufio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int close_stream(FILE *stream);
static off_t seek_stream(FILE *stream, off_t offset, int whence);
static int set_buffer(FILE *stream, char *buffer, int how, size_t size);

/* As FDEV_SETUP_BUFIO has it, but for how a stream is closed, moved where its file cannot be, and buffered. */
#define STREAM(number, space, length, rights, how)                                                                   \
    {                                                                                                                \
        .xfile = FDEV_SETUP_EXT(__bufio_put, __bufio_get, __bufio_flush, close_stream, seek_stream, set_buffer,      \
                                (rights) | __SBUF),                                                                  \
        .fd = (number), .bflags = (how), .buf = (space), .size = (length), .read = __toyvm_read,                     \
        .write = __toyvm_write, .lseek = __toyvm_lseek, .close = __toyvm_close,                                      \
    }

static char input_buffer[BUFSIZ], output_buffer[4096], errors_buffer[1];

static struct __file_bufio input = STREAM(0, input_buffer, sizeof input_buffer, __SRD, 0);
static struct __file_bufio output = STREAM(1, output_buffer, sizeof output_buffer, __SWR, __BLBF);
static struct __file_bufio errors = STREAM(2, errors_buffer, sizeof errors_buffer, __SWR, 0);

__attribute__((weak)) FILE *const stdin = &input.xfile.cfile.file;
__attribute__((weak)) FILE *const stdout = &output.xfile.cfile.file;
__attribute__((weak)) FILE *const stderr = &errors.xfile.cfile.file;

/* All others that are open, in a chain. */
static struct opened {
    struct __file_bufio stream;
    struct opened *next;
    char buffer[BUFSIZ];
} *all_opened;

static struct __file_bufio *buffered(FILE *stream)
{
    return (struct __file_bufio *)stream;
}

__attribute__((constructor)) static void make_locks(void)
{
    __bufio_lock_init(stdin);
    __bufio_lock_init(stdout);
    __bufio_lock_init(stderr);
}

static int flush_written(FILE *stream)
{
    return stream->flags & __SBUF && buffered(stream)->dir == __SWR ? __bufio_flush(stream) : 0;
}

static int flush_all(void)
{
    int failed = flush_written(stdout) | flush_written(stderr);
    for (struct opened *each = all_opened; each; each = each->next)
        failed |= flush_written(&each->stream.xfile.cfile.file);
    return failed ? EOF : 0;
}

__attribute__((destructor(101))) static void flush_at_the_end(void)
{
    flush_all();
}

/* Can the file be read again from an earlier place? The console cannot, so what was read ahead is kept. */
static int is_seekable(FILE *stream)
{
    return call4(CALL_LSEEK, buffered(stream)->fd, 0, SEEK_CUR, 0) >= 0;
}

int __toyvm_fflush(FILE *stream)
{
    if (!stream)
        return flush_all();
    if (!stream->flush || (stream->flags & __SBUF && buffered(stream)->dir == __SRD && !is_seekable(stream)))
        return 0;
    return stream->flush(stream) ? EOF : 0;
}
ALSO_NAMED(fflush);

static off_t seek_stream(FILE *stream, off_t offset, int whence)
{
    return is_seekable(stream) ? __bufio_seek(stream, offset, whence) : failure(ESPIPE);
}

/* What waits in the buffer goes out before there is another. */
static int set_buffer(FILE *stream, char *buffer, int how, size_t size)
{
    flush_written(stream);
    return __bufio_setvbuf(stream, buffer, how, size);
}

/* The three that are always there are not freed: nothing can be read or written any more. */
static int close_stream(FILE *stream)
{
    struct opened **link = &all_opened;
    while (*link && &(*link)->stream != buffered(stream))
        link = &(*link)->next;
    int failed = flush_written(stream);
    if (buffered(stream)->fd > 2 && __toyvm_close(buffered(stream)->fd))
        failed = -1;
    stream->flags &= ~(__SRD | __SWR);
    if (*link) {
        struct opened *closed = *link;
        *link = closed->next;
        if (closed->stream.bflags & __BALL)
            free(closed->stream.buf);
        __bufio_lock_close(stream);
        free(closed);
    }
    return failed ? EOF : 0;
}

/* The stream's and the file's flags that a mode of fopen means; -1: there is no such mode. */
static int rights_of(const char *mode, int *flags)
{
    int both = 0;
    for (const char *at = mode; *at; at++)
        both |= *at == '+';
    switch (*mode) {
    case 'r':
        *flags = both ? O_RDWR : O_RDONLY;
        return both ? __SRD | __SWR : __SRD;
    case 'w':
    case 'a':
        *flags = (both ? O_RDWR : O_WRONLY) | O_CREAT | (*mode == 'w' ? O_TRUNC : O_APPEND);
        return both ? __SRD | __SWR : __SWR;
    default:
        errno = EINVAL;
        return -1;
    }
}

static FILE *open_stream(int file, int rights)
{
    struct opened *opened = malloc(sizeof *opened);
    if (!opened)
        return NULL;
    opened->stream = (struct __file_bufio)STREAM(file, opened->buffer, sizeof opened->buffer, rights, 0);
    opened->next = all_opened;
    all_opened = opened;
    __bufio_lock_init(&opened->stream.xfile.cfile.file);
    return &opened->stream.xfile.cfile.file;
}

FILE *__toyvm_fdopen(int file, const char *mode)
{
    int flags, rights = rights_of(mode, &flags);
    if (rights < 0)
        return NULL;
    if (call4(CALL_LSEEK, file, 0, SEEK_CUR, 0) == -EBADF) {
        errno = EBADF;
        return NULL;
    }
    return open_stream(file, rights);
}
ALSO_NAMED(fdopen);

FILE *__toyvm_fopen(const char *path, const char *mode)
{
    int flags, rights = rights_of(mode, &flags);
    int file = rights < 0 ? -1 : __toyvm_open(path, flags, 0666);
    if (file < 0)
        return NULL;
    FILE *stream = open_stream(file, rights);
    if (!stream)
        __toyvm_close(file);
    return stream;
}
ALSO_NAMED(fopen);

/* The stream is closed even if the new file cannot be opened. */
FILE *__toyvm_freopen(const char *path, const char *mode, FILE *stream)
{
    if (!path) {
        errno = EBADF; /* its mode cannot be changed */
        return NULL;
    }
    int flags, rights = rights_of(mode, &flags);
    int file = rights < 0 ? -1 : __toyvm_open(path, flags, 0666);
    if (file < 0) {
        int error = errno;
        fclose(stream);
        errno = error;
        return NULL;
    }
    flush_written(stream);
    struct __file_bufio *to = buffered(stream);
    if (to->fd > 2)
        __toyvm_close(to->fd);
    to->fd = file, to->dir = 0, to->pos = 0, to->len = 0, to->off = 0;
    stream->flags = (stream->flags & ~(__SRD | __SWR | __SERR | __SEOF)) | rights;
    stream->unget = 0;
    return stream;
}
ALSO_NAMED(freopen);

/* Without a newline at the end there is a last line, too. */
char *__toyvm_fgets(char *restrict line, int size, FILE *restrict stream)
{
    int length = 0, c = 0;
    if (size <= 0)
        return NULL;
    while (length < size - 1 && c != '\n' && (c = getc(stream)) != EOF)
        line[length++] = (char)c;
    if (c == EOF && (length == 0 || ferror(stream)))
        return NULL;
    line[length] = 0;
    return line;
}
ALSO_NAMED(fgets);

int __toyvm_fgetpos(FILE *restrict stream, fpos_t *restrict place)
{
    *place = (fpos_t)ftell(stream);
    return *place == -1 ? -1 : 0;
}
ALSO_NAMED(fgetpos);

/* Its place is constant in C, and not so in the header of picolibc 1.8. */
int __toyvm_fsetpos(FILE *stream, fpos_t *place)
{
    return fseek(stream, (long)*place, SEEK_SET);
}
ALSO_NAMED(fsetpos);

/* It has no name any more when it is given away. */
FILE *__toyvm_tmpfile(void)
{
    char path[] = "/tmp/.c-file-00000-000";
    enum { NAMES = 1000, NUMBER = 13, COUNT = 19 };
    if (!__toyvm_is_unix()) {
        errno = EROFS;
        return NULL;
    }
    for (int i = 0, process = __toyvm_getpid(); i < NAMES; i++) {
        for (int digit = 0, rest = process; digit < 5; digit++, rest /= 10)
            path[NUMBER + 4 - digit] = (char)('0' + rest % 10);
        for (int digit = 0, rest = i; digit < 3; digit++, rest /= 10)
            path[COUNT + 2 - digit] = (char)('0' + rest % 10);
        int file = __toyvm_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (file >= 0) {
            unlink(path);
            FILE *stream = open_stream(file, __SRD | __SWR);
            if (!stream)
                __toyvm_close(file);
            return stream;
        }
        if (errno != EEXIST)
            break;
    }
    return NULL;
}
ALSO_NAMED(tmpfile);
