/* Clocks and sleeping. */
#include "system.h"
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

/* Linux's number of a clock: picolibc counts them otherwise, and has no names for some. */
static long clock_number(clockid_t clock)
{
    static const signed char numbers[] = {[0] = 5, [1] = 0, [2] = 2, [3] = 3, [4] = 1, [5] = 4, [6] = 6, [7] = 7};
    return (unsigned long)clock < sizeof numbers ? numbers[clock] : -1;
}

int __toyvm_clock_gettime(clockid_t clock, struct timespec *now)
{
    return (int)result(call4(CALL_CLOCK_GETTIME, clock_number(clock), (long)now, 0, 0));
}
ALSO_NAMED(clock_gettime);

int __toyvm_clock_getres(clockid_t clock, struct timespec *resolution)
{
    return (int)result(call4(CALL_CLOCK_GETRES, clock_number(clock), (long)resolution, 0, 0));
}
ALSO_NAMED(clock_getres);

int __toyvm_nanosleep(const struct timespec *how_long, struct timespec *rest)
{
    return (int)result(call4(CALL_NANOSLEEP, (long)how_long, (long)rest, 0, 0));
}
ALSO_NAMED(nanosleep);

int __toyvm_usleep(useconds_t microseconds)
{
    return __toyvm_nanosleep(&(struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000}, NULL);
}
ALSO_NAMED(usleep);

unsigned __toyvm_sleep(unsigned seconds)
{
    return __toyvm_nanosleep(&(struct timespec){seconds, 0}, NULL) ? seconds : 0;
}
ALSO_NAMED(sleep);

int __toyvm_gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    return (int)result(call4(CALL_GETTIMEOFDAY, (long)now, 0, 0, 0));
}
ALSO_NAMED(gettimeofday);

time_t __toyvm_time(time_t *to)
{
    struct timeval now;
    if (__toyvm_gettimeofday(&now, NULL))
        return -1;
    if (to)
        *to = now.tv_sec;
    return now.tv_sec;
}
ALSO_NAMED(time);

static struct timeval process_time(void)
{
    enum { PROCESS_TIME = 2 }; /* CLOCK_PROCESS_CPUTIME_ID, which picolibc hides */
    struct timespec now = {0};
    __toyvm_clock_gettime(PROCESS_TIME, &now);
    return (struct timeval){now.tv_sec, now.tv_nsec / 1000};
}

clock_t __toyvm_clock(void)
{
    struct timeval used = process_time();
    return (clock_t)(used.tv_sec * CLOCKS_PER_SEC + used.tv_usec / (1000000 / CLOCKS_PER_SEC));
}
ALSO_NAMED(clock);

/* In the same unit as clock: sysconf(_SC_CLK_TCK) says so. */
clock_t __toyvm_times(struct tms *used)
{
    clock_t now = __toyvm_clock();
    if (used)
        *used = (struct tms){.tms_utime = now};
    return now;
}
ALSO_NAMED(times);

int __toyvm_getrusage(int who, struct rusage *used)
{
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN)
        return (int)failure(EINVAL);
    *used = (struct rusage){0};
    if (who == RUSAGE_SELF)
        used->ru_utime = process_time();
    return 0;
}
ALSO_NAMED(getrusage);
