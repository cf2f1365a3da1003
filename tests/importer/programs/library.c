/* What a C program expects of its library and its system: the same output on the supervisor and on Linux. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static __thread int for_the_thread = 41;
static int order;
static jmp_buf place;

__attribute__((constructor)) static void before_main(void) { order = 10 * order + 1; }
__attribute__((destructor)) static void after_main(void) { puts("after main"); }
static void at_exit(void) { puts("at exit"); }

static void memory(void)
{
    char *small = malloc(100), *large = malloc(300000), *cleared = calloc(1000, 8);
    int clean = 1;
    for (int i = 0; i < 8000; i++)
        clean &= !cleared[i];
    memset(large, 'x', 300000);
    large = realloc(large, 600000);
    printf("memory: %d %d %c\n", small != NULL, clean, large[299999]);
    free(small), free(large), free(cleared);
    errno = 0;
    printf("too much: %d %d\n", sbrk((long)1 << 40) == (void *)-1, errno == ENOMEM);
}

static void numbers(void)
{
    printf("numbers: %d %u %ld %x %.3f %g %5.1e %s\n", -5, 5u, 1L << 40, 255, 3.14159, sqrt(2.0), 12345.678, "text");
    printf("parsed: %ld %.2f\n", strtol("-0x1f", NULL, 16), strtod("2.5e3", NULL));
}

static void files(void)
{
    struct stat status;
    printf("files: %d %d %d\n", fopen("/no/such/file", "r") == NULL, errno, fstat(9, &status));
    printf("seek: %d\n", lseek(1, 0, SEEK_CUR) == -1);
    printf("bad: %d %d\n", (int)write(7, "x", 1), errno);
    printf("fault: %d %d\n", (int)write(1, (void *)8, 4), errno);
    printf("close: %d\n", close(12));
}

static void clocks(void)
{
    struct timeval one, other;
    int results = gettimeofday(&one, NULL);
    for (volatile int i = 0; i < 10000; i++)
        ;
    results |= gettimeofday(&other, NULL);
    long passed = (other.tv_sec - one.tv_sec) * 1000000 + other.tv_usec - one.tv_usec;
    printf("clocks: %d %d %d %d\n", results, passed > 0, clock() != (clock_t)-1, time(NULL) > 1000000);
}

/* Whole seconds from one time to another, give or take a few. */
static int is_about(time_t one, time_t other, int seconds)
{
    return other - one >= seconds && other - one < seconds + 30;
}

static void named_clocks(void)
{
    struct timespec wall, start, end, process;
    int results = clock_gettime(CLOCK_REALTIME, &wall) | clock_gettime(CLOCK_MONOTONIC, &start);
    results |= usleep(1100000) | (int)sleep(0) | nanosleep(&(struct timespec){0, 1000}, NULL);
    results |= clock_gettime(CLOCK_MONOTONIC, &end) | clock_gettime((clockid_t)2, &process) | clock_getres(1, &process);
    printf("named clocks: %d %d %d\n", results, is_about(wall.tv_sec, time(NULL), 1), is_about(start.tv_sec, end.tv_sec, 1));
    errno = 0;
    printf("no clock: %d %d\n", clock_gettime((clockid_t)77, &end), errno);
}

static int depth(int n) { return n ? 1 + depth(n - 1) : 0; }

int main(int count, char **words)
{
    atexit(at_exit);
    printf("main: %d %d %d\n", count, order, ++for_the_thread);
    for (int i = 1; i < count; i++)
        printf("word: %s\n", words[i]);
    printf("environment: %s\n", getenv("TOYVM_TEST") ? getenv("TOYVM_TEST") : "none");
    memory();
    numbers();
    files();
    clocks();
    named_clocks();
    if (!setjmp(place))
        longjmp(place, 1);
    printf("depth: %d\n", depth(5000));
    char line[64];
    while (fgets(line, sizeof line, stdin))
        printf("line: %s", line);
    printf("no newline at the end");
    return 42;
}
