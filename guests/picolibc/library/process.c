/* The process: its end, its number and rights, its children, and what it may ask of the system. */
#include "system.h"
#include "signals.h"
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

void _exit(int code)
{
    for (;;)
        call4(CALL_EXIT_GROUP, code, 0, 0, 0);
}

pid_t __toyvm_getpid(void)
{
    return (pid_t)call4(CALL_GETPID, 0, 0, 0, 0);
}
ALSO_NAMED(getpid);

/* Other processes, where the system has any. */

pid_t __toyvm_fork(void)
{
    return (pid_t)result_or(call5(CALL_CLONE, LINUX_SIGCHLD, 0, 0, 0, 0), ENOSYS);
}
ALSO_NAMED(fork);
ALSO_NAMED_AS(vfork, fork);

pid_t __toyvm_waitpid(pid_t which, int *status, int options)
{
    int told = 0;
    long value = result_or(call4(CALL_WAIT4, which, (long)&told, options, 0), ECHILD);
    if (status && value > 0) {
        if (WIFSIGNALED(told))
            told = (told & ~0x7f) | __toyvm_signal_of(told & 0x7f);
        else if (WIFSTOPPED(told))
            told = __toyvm_signal_of(told >> 8 & 0xff) << 8 | 0x7f;
        *status = told;
    }
    return (pid_t)value;
}
ALSO_NAMED(waitpid);

pid_t __toyvm_wait(int *status)
{
    return __toyvm_waitpid(-1, status, 0);
}
ALSO_NAMED(wait);

int __toyvm_execve(const char *path, char *const arguments[], char *const environment[])
{
    return (int)result_or(call4(CALL_EXECVE, (long)path, (long)arguments, (long)environment, 0), ENOSYS);
}
ALSO_NAMED(execve);

int __toyvm_execv(const char *path, char *const arguments[])
{
    return __toyvm_execve(path, arguments, environ);
}
ALSO_NAMED(execv);

/* A name without a slash is looked for in the directories of PATH. */
int __toyvm_execvp(const char *name, char *const arguments[])
{
    char path[PATH_MAX];
    const char *places = getenv("PATH");
    int error = ENOENT;
    if (strchr(name, '/'))
        return __toyvm_execv(name, arguments);
    for (const char *at = places ? places : "/bin"; at; at = *at ? at + 1 : NULL) {
        size_t length = strcspn(at, ":");
        if (length + strlen(name) + 2 <= sizeof path) {
            memcpy(path, at, length);
            path[length] = '/';
            strcpy(path + length + (length > 0), name);
            __toyvm_execv(path, arguments);
            if (errno != ENOENT && errno != ENOTDIR)
                error = errno;
        }
        at += length;
        if (!*at)
            break;
    }
    return (int)failure(error);
}
ALSO_NAMED(execvp);

/* The arguments of a call that has them one by one, up to NULL, as a list; the environment behind them where `has_more`. */
enum { MOST_ARGUMENTS = 64 };

static char *const *gather(char *list[], const char *first, va_list rest, int has_more)
{
    int count = 0;
    for (const char *each = first; each && count < MOST_ARGUMENTS - 1; each = va_arg(rest, const char *))
        list[count++] = (char *)each;
    list[count] = NULL;
    return has_more ? va_arg(rest, char *const *) : environ;
}

#define EXEC_BY_ONE(name, function, has_more)                                                                          \
    int __toyvm_##name(const char *path, const char *first, ...)                                                     \
    {                                                                                                                \
        char *list[MOST_ARGUMENTS];                                                                                  \
        va_list rest;                                                                                                \
        va_start(rest, first);                                                                                       \
        char *const *environment = gather(list, first, rest, has_more);                                              \
        va_end(rest);                                                                                                \
        (void)environment;                                                                                           \
        return function;                                                                                             \
    }                                                                                                                \
    ALSO_NAMED(name)

EXEC_BY_ONE(execl, __toyvm_execve(path, list, environment), 0);
EXEC_BY_ONE(execle, __toyvm_execve(path, list, environment), 1);
EXEC_BY_ONE(execlp, __toyvm_execvp(path, list), 0);

/* Without an argument: is there a shell? */
int __toyvm_system(const char *line)
{
    int status = -1;
    if (!line)
        return __toyvm_is_unix();
    pid_t child = __toyvm_fork();
    if (child == 0) {
        __toyvm_execl("/bin/sh", "sh", "-c", line, NULL);
        _exit(127);
    }
    return child < 0 || __toyvm_waitpid(child, &status, 0) < 0 ? -1 : status;
}
ALSO_NAMED(system);

pid_t __toyvm_setsid(void)
{
    return (pid_t)result_or(call4(CALL_SETSID, 0, 0, 0, 0), EPERM);
}
ALSO_NAMED(setsid);

int __toyvm_setpgid(pid_t process, pid_t group)
{
    return (int)result_or(call4(CALL_SETPGID, process, group, 0, 0), EPERM);
}
ALSO_NAMED(setpgid);

pid_t __toyvm_getpgrp(void)
{
    return (pid_t)result_or(call4(CALL_GETPGID, 0, 0, 0, 0), ESRCH);
}
ALSO_NAMED(getpgrp);

int __toyvm_setuid(uid_t user)
{
    return (int)result_or(call4(CALL_SETUID, user, 0, 0, 0), EPERM);
}
ALSO_NAMED(setuid);

int __toyvm_setgid(gid_t group)
{
    return (int)result_or(call4(CALL_SETGID, group, 0, 0, 0), EPERM);
}
ALSO_NAMED(setgid);

int __toyvm_getentropy(void *to, size_t length)
{
    return result_or(call4(CALL_GETRANDOM, (long)to, (long)length, 0, 0), ENOSYS) < 0 ? -1 : 0;
}
ALSO_NAMED(getentropy);

/* Who it is. */

#define WHO(name, call)                                                                                                \
    __typeof(name()) __toyvm_##name(void)                                                                            \
    {                                                                                                                \
        return (__typeof(name()))call4(call, 0, 0, 0, 0);                                                            \
    }                                                                                                                \
    ALSO_NAMED(name)

WHO(getppid, CALL_GETPPID);
WHO(getuid, CALL_GETUID);
WHO(geteuid, CALL_GETEUID);
WHO(getgid, CALL_GETGID);
WHO(getegid, CALL_GETEGID);

/* None was set, and none will ring. */
unsigned __toyvm_alarm(unsigned seconds)
{
    (void)seconds;
    return 0;
}
ALSO_NAMED(alarm);

/* Linux has a sixth name behind these. */
int __toyvm_uname(struct utsname *to)
{
    struct {
        struct utsname names;
        char domain[65];
    } linux;
    long value = call4(CALL_UNAME, (long)&linux, 0, 0, 0);
    if (value != NO_CALL && result(value) < 0)
        return -1;
    *to = value == NO_CALL ? (struct utsname){"toyvm", "toyvm", "1", "1", "riscv64"} : linux.names;
    return 0;
}
ALSO_NAMED(uname);

int __toyvm_gethostname(char *to, size_t length)
{
    struct utsname names;
    if (__toyvm_uname(&names) < 0)
        return -1;
    strncpy(to, names.nodename, length);
    return 0;
}
ALSO_NAMED(gethostname);

long __toyvm_sysconf(int what)
{
    switch (what) {
    case _SC_PAGESIZE:
        return 4096;
    case _SC_CLK_TCK:
        return CLOCKS_PER_SEC;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return 1;
    case _SC_CHILD_MAX:
        return __toyvm_is_unix() ? 62 : 1;
    case _SC_OPEN_MAX:
        return __toyvm_is_unix() ? 64 : 3;
    case _SC_ARG_MAX:
        return ARG_MAX;
    default:
        return failure(EINVAL);
    }
}
ALSO_NAMED(sysconf);

/* Of what is not declared weak in the language: ways out that run less than exit does. */

enum { MOST_AT_QUICK_EXIT = 32 };
static void (*at_quick_exits[MOST_AT_QUICK_EXIT])(void);
static int quick_exits;

int __toyvm_at_quick_exit(void (*function)(void))
{
    if (quick_exits == MOST_AT_QUICK_EXIT)
        return -1;
    at_quick_exits[quick_exits++] = function;
    return 0;
}
ALSO_NAMED(at_quick_exit);

void __toyvm_quick_exit(int code)
{
    while (quick_exits > 0)
        at_quick_exits[--quick_exits]();
    _exit(code);
}
ALSO_NAMED(quick_exit);
