/* System calls that picolibc asks its system for, as the supervisor, and Linux, take them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

enum call { /* as Linux numbers them on RISC-V */
    CALL_OPENAT = 56,
    CALL_CLOSE = 57,
    CALL_LSEEK = 62,
    CALL_READ = 63,
    CALL_WRITE = 64,
    CALL_EXIT_GROUP = 94,
    CALL_NANOSLEEP = 101,
    CALL_CLOCK_GETTIME = 113,
    CALL_CLOCK_GETRES = 114,
    CALL_KILL = 129,
    CALL_GETTIMEOFDAY = 169,
    CALL_GETPID = 172,
    CALL_BRK = 214,
};

static long call3(enum call number, long first, long second, long third)
{
    register long a0 __asm__("a0") = first;
    register long a1 __asm__("a1") = second;
    register long a2 __asm__("a2") = third;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

/* The result as C has it: -1 and errno for an error. */
static long result(long value)
{
    if (value < 0 && value >= -4095) {
        errno = (int)-value;
        return -1;
    }
    return value;
}

void _exit(int code)
{
    for (;;)
        call3(CALL_EXIT_GROUP, code, 0, 0);
}

ssize_t write(int file, const void *from, size_t length)
{
    return result(call3(CALL_WRITE, file, (long)from, (long)length));
}

ssize_t read(int file, void *to, size_t length)
{
    return result(call3(CALL_READ, file, (long)to, (long)length));
}

/* Files are opened for reading only: there is no file system, and on Linux none is to be changed. */
int open(const char *path, int flags, ...)
{
    enum { HERE = -100 };
    if (flags != O_RDONLY)
        return (int)result(-EROFS);
    return (int)result(call3(CALL_OPENAT, HERE, (long)path, 0));
}

int close(int file)
{
    return (int)result(call3(CALL_CLOSE, file, 0, 0));
}

off_t lseek(int file, off_t offset, int whence)
{
    return result(call3(CALL_LSEEK, file, offset, whence));
}

int fstat(int file, struct stat *status)
{
    if (file < 0 || file > 2)
        return (int)result(-EBADF);
    *status = (struct stat){.st_mode = S_IFCHR};
    return 0;
}

int isatty(int file)
{
    return file >= 0 && file <= 2;
}

int unlink(const char *path)
{
    (void)path;
    return (int)result(-EROFS);
}

/* The heap is between `heap_begin`, where brk began, and `heap_end`. */
void *sbrk(ptrdiff_t bytes)
{
    static char *heap_begin, *heap_end;
    if (!heap_end)
        heap_begin = heap_end = (char *)call3(CALL_BRK, 0, 0, 0);
    char *before = heap_end, *after = before + bytes;
    if (after < heap_begin || (char *)call3(CALL_BRK, (long)after, 0, 0) != after) {
        errno = ENOMEM;
        return (void *)-1;
    }
    heap_end = after;
    return before;
}

pid_t getpid(void)
{
    return (pid_t)call3(CALL_GETPID, 0, 0, 0);
}

int kill(pid_t process, int number)
{
    return (int)result(call3(CALL_KILL, process, number, 0));
}

/* Linux's number of a clock: picolibc counts them otherwise, and has no names for some. */
static long clock_number(clockid_t clock)
{
    static const signed char numbers[] = {[0] = 5, [1] = 0, [2] = 2, [3] = 3, [4] = 1, [5] = 4, [6] = 6, [7] = 7};
    return (unsigned long)clock < sizeof numbers ? numbers[clock] : -1;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    return (int)result(call3(CALL_CLOCK_GETTIME, clock_number(clock), (long)now, 0));
}

int clock_getres(clockid_t clock, struct timespec *resolution)
{
    return (int)result(call3(CALL_CLOCK_GETRES, clock_number(clock), (long)resolution, 0));
}

int nanosleep(const struct timespec *how_long, struct timespec *rest)
{
    return (int)result(call3(CALL_NANOSLEEP, (long)how_long, (long)rest, 0));
}

int usleep(useconds_t microseconds)
{
    return nanosleep(&(struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000}, NULL);
}

unsigned sleep(unsigned seconds)
{
    return nanosleep(&(struct timespec){seconds, 0}, NULL) ? seconds : 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    return (int)result(call3(CALL_GETTIMEOFDAY, (long)now, 0, 0));
}

/* In microseconds, as picolibc's clock() takes them. */
clock_t times(struct tms *used)
{
    enum { PROCESS_TIME = 2 }; /* CLOCK_PROCESS_CPUTIME_ID, which picolibc hides */
    struct timespec now;
    if (clock_gettime(PROCESS_TIME, &now))
        return (clock_t)-1;
    clock_t microseconds = (clock_t)(now.tv_sec * 1000000 + now.tv_nsec / 1000);
    *used = (struct tms){.tms_utime = microseconds};
    return microseconds;
}
