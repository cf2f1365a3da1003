/* What the system cannot do, by the error that says so. Whoever asks gets -1, or NULL, and errno. */
#include "system.h"
#include <signal.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

/* A function that takes no arguments is called with any: they are in registers that it does not look at. */
#pragma GCC diagnostic ignored "-Wattribute-alias"

#define ANSWER(error)                                                                                                \
    long __toyvm_##error(void)                                                                                       \
    {                                                                                                                \
        return failure(error);                                                                                       \
    }                                                                                                                \
    void *__toyvm_null_##error(void)                                                                                 \
    {                                                                                                                \
        errno = error;                                                                                               \
        return NULL;                                                                                                 \
    }

#define IS(error, name) extern __typeof(name) name __attribute__((weak, alias("__toyvm_" #error)));
#define IS_NULL(error, name) extern __typeof(name) name __attribute__((weak, alias("__toyvm_null_" #error)));

ANSWER(ENOTTY)
IS(ENOTTY, tcdrain)
IS(ENOTTY, tcflow)
IS(ENOTTY, tcsendbreak)

ANSWER(ENOENT)
IS_NULL(ENOENT, realpath)

ANSWER(ENOSYS)
IS(ENOSYS, select)
IS(ENOSYS, pselect)
IS(ENOSYS, settimeofday)
IS(ENOSYS, clock_settime)
IS(ENOSYS, setitimer)
IS(ENOSYS, sigaltstack)
