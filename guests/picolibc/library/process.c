/* The one process: its end, its number and rights, its signals, and what it may ask of the system. */
#include "system.h"
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#undef sigemptyset
#undef sigfillset
#undef sigaddset
#undef sigdelset
#undef sigismember

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

/* Signals: the program sends them to itself; from elsewhere none comes. */

static void (*handlers[NSIG])(int);
static sigset_t masks[NSIG], blocked, waiting;

static sigset_t bit(int number)
{
    return (sigset_t)1 << number;
}

static int is_signal(int number)
{
    return number > 0 && number < NSIG;
}

static int is_ignored(int number)
{
    return handlers[number] == SIG_IGN || (handlers[number] == SIG_DFL && (number == SIGCHLD || number == SIGURG ||
                                                                          number == SIGWINCH || number == SIGCONT));
}

static int deliver(int number)
{
    if (blocked & bit(number)) {
        waiting |= bit(number);
        return 0;
    }
    if (is_ignored(number))
        return 0;
    if (handlers[number] == SIG_DFL)
        return (int)result(call4(CALL_KILL, __toyvm_getpid(), number, 0, 0));
    sigset_t before = blocked;
    blocked |= masks[number] | bit(number);
    handlers[number](number);
    blocked = before;
    return 0;
}

static void deliver_waiting(void)
{
    for (int number = 1; number < NSIG; number++)
        if (waiting & ~blocked & bit(number)) {
            waiting &= ~bit(number);
            deliver(number);
        }
}

int __toyvm_raise(int number)
{
    if (!is_signal(number))
        return (int)result(-EINVAL);
    int failed = deliver(number);
    deliver_waiting();
    return failed;
}
ALSO_NAMED(raise);

int __toyvm_kill(pid_t process, int number)
{
    if (number < 0 || number >= NSIG)
        return (int)result(-EINVAL);
    if (process != __toyvm_getpid() && process != 0 && process != -1)
        return (int)result(-ESRCH);
    return number ? __toyvm_raise(number) : 0;
}
ALSO_NAMED(kill);

int __toyvm_sigaction(int number, const struct sigaction *restrict action, struct sigaction *restrict before)
{
    if (!is_signal(number) || (action && (number == SIGKILL || number == SIGSTOP)))
        return (int)result(-EINVAL);
    struct sigaction now = {.sa_handler = handlers[number], .sa_mask = masks[number]};
    if (action) {
        handlers[number] = action->sa_handler;
        masks[number] = action->sa_mask;
    }
    if (before)
        *before = now;
    return 0;
}
ALSO_NAMED(sigaction);

void (*__toyvm_signal(int number, void (*handler)(int)))(int)
{
    struct sigaction before;
    return __toyvm_sigaction(number, &(struct sigaction){.sa_handler = handler}, &before) ? SIG_ERR : before.sa_handler;
}
ALSO_NAMED(signal);

int __toyvm_sigprocmask(int how, const sigset_t *set, sigset_t *before)
{
    sigset_t now = blocked;
    if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
        return (int)result(-EINVAL);
    if (set)
        blocked = how == SIG_SETMASK ? *set : how == SIG_BLOCK ? now | *set : now & ~*set;
    blocked &= ~(bit(SIGKILL) | bit(SIGSTOP));
    if (before)
        *before = now;
    deliver_waiting();
    return 0;
}
ALSO_NAMED(sigprocmask);

int __toyvm_sigpending(sigset_t *set)
{
    *set = waiting;
    return 0;
}
ALSO_NAMED(sigpending);

int __toyvm_sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}
ALSO_NAMED(sigemptyset);

int __toyvm_sigfillset(sigset_t *set)
{
    *set = ~(sigset_t)0;
    return 0;
}
ALSO_NAMED(sigfillset);

int __toyvm_sigaddset(sigset_t *set, const int number)
{
    if (!is_signal(number))
        return (int)result(-EINVAL);
    *set |= bit(number);
    return 0;
}
ALSO_NAMED(sigaddset);

int __toyvm_sigdelset(sigset_t *set, const int number)
{
    if (!is_signal(number))
        return (int)result(-EINVAL);
    *set &= ~bit(number);
    return 0;
}
ALSO_NAMED(sigdelset);

int __toyvm_sigismember(const sigset_t *set, int number)
{
    return is_signal(number) && *set & bit(number);
}
ALSO_NAMED(sigismember);

/* A handler may leave by longjmp; if it returns, or is none, the signal has its own way. */
void __toyvm_abort(void)
{
    blocked &= ~bit(SIGABRT);
    __toyvm_raise(SIGABRT);
    handlers[SIGABRT] = SIG_DFL;
    blocked = 0;
    __toyvm_raise(SIGABRT);
    _exit(127);
}
ALSO_NAMED(abort);

/* Who it is. */

static pid_t nobody_else(void)
{
    return 0;
}

#pragma GCC diagnostic ignored "-Wattribute-alias"
#define IS(function, name) extern __typeof(name) name __attribute__((weak, alias(#function)))
IS(nobody_else, getppid);
IS(nobody_else, getuid);
IS(nobody_else, geteuid);
IS(nobody_else, getgid);
IS(nobody_else, getegid);
IS(nobody_else, alarm); /* none was set, and none will ring */

int __toyvm_uname(struct utsname *to)
{
    *to = (struct utsname){"toyvm", "toyvm", "1", "1", "riscv64"};
    return 0;
}
ALSO_NAMED(uname);

int __toyvm_gethostname(char *to, size_t length)
{
    strncpy(to, "toyvm", length);
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
    case _SC_CHILD_MAX:
        return 1;
    case _SC_OPEN_MAX:
        return 3;
    case _SC_ARG_MAX:
        return ARG_MAX;
    default:
        return result(-EINVAL);
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
