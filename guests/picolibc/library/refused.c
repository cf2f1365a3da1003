/* What the system cannot do, by the error that says so. Whoever asks gets -1, or NULL, and errno. */
#include "system.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utime.h>

/* A function that takes no arguments is called with any: they are in registers that it does not look at. */
#pragma GCC diagnostic ignored "-Wattribute-alias"

#define ANSWER(error)                                                                                                \
    long __toyvm_##error(void)                                                                                       \
    {                                                                                                                \
        return result(-error);                                                                                       \
    }                                                                                                                \
    void *__toyvm_null_##error(void)                                                                                 \
    {                                                                                                                \
        errno = error;                                                                                               \
        return NULL;                                                                                                 \
    }

#define IS(error, name) extern __typeof(name) name __attribute__((weak, alias("__toyvm_" #error)));
#define IS_NULL(error, name) extern __typeof(name) name __attribute__((weak, alias("__toyvm_null_" #error)));

/* The file system cannot be changed. */
ANSWER(EROFS)
IS(EROFS, unlink)
IS(EROFS, unlinkat)
IS(EROFS, rmdir)
IS(EROFS, mkdir)
IS(EROFS, mkdirat)
IS(EROFS, link)
IS(EROFS, linkat)
IS(EROFS, symlink)
IS(EROFS, symlinkat)
IS(EROFS, chmod)
IS(EROFS, fchmod)
IS(EROFS, fchmodat)
IS(EROFS, chown)
IS(EROFS, lchown)
IS(EROFS, fchown)
IS(EROFS, fchownat)
IS(EROFS, truncate)
IS(EROFS, mkfifo)
IS(EROFS, creat)
IS(EROFS, utime)
IS(EROFS, utimes)
IS(EROFS, futimes)
IS(EROFS, utimensat)
IS(EROFS, futimens)

/* The console has no length, and nothing behind it to be forced out. */
ANSWER(EINVAL)
IS(EINVAL, ftruncate)
IS(EINVAL, fsync)
IS(EINVAL, fdatasync)

ANSWER(ENOTTY)
IS(ENOTTY, ioctl)
IS(ENOTTY, tcgetattr)
IS(ENOTTY, tcsetattr)
IS(ENOTTY, tcdrain)
IS(ENOTTY, tcflow)
IS(ENOTTY, tcflush)
IS(ENOTTY, tcsendbreak)
IS(ENOTTY, tcgetpgrp)
IS(ENOTTY, tcsetpgrp)

ANSWER(ESPIPE)
IS(ESPIPE, pread)
IS(ESPIPE, pwrite)

/* There is no directory. */
ANSWER(ENOENT)
IS_NULL(ENOENT, opendir)
IS_NULL(ENOENT, realpath)

ANSWER(EBADF)
IS_NULL(EBADF, readdir)
IS_NULL(EBADF, fdopendir)
IS(EBADF, closedir)
IS(EBADF, dirfd)

/* There is one process, and it has no children. */
ANSWER(ECHILD)
IS(ECHILD, wait)
IS(ECHILD, waitpid)

ANSWER(ENOSYS)
IS(ENOSYS, fork)
IS(ENOSYS, vfork)
IS(ENOSYS, execv)
IS(ENOSYS, execve)
IS(ENOSYS, execvp)
IS(ENOSYS, execl)
IS(ENOSYS, execle)
IS(ENOSYS, execlp)
IS(ENOSYS, pipe)
IS(ENOSYS, select)
IS(ENOSYS, pselect)
IS(ENOSYS, poll)
IS(ENOSYS, settimeofday)
IS(ENOSYS, clock_settime)
IS(ENOSYS, setitimer)
IS(ENOSYS, getentropy)
IS(ENOSYS, sigaltstack)
