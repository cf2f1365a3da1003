/* Signals. Where the system has none the program sends them to itself, and from elsewhere none comes. */
#include "signals.h"
#include "system.h"
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#undef sigemptyset
#undef sigfillset
#undef sigaddset
#undef sigdelset
#undef sigismember

/* Linux's numbers, by picolibc's: 0 if Linux has no such signal. */
static const unsigned char linux_signals[NSIG] = {
    [SIGHUP] = 1,     [SIGINT] = 2,   [SIGQUIT] = 3,  [SIGILL] = 4,   [SIGTRAP] = 5,  [SIGABRT] = 6,  [SIGBUS] = 7,
    [SIGFPE] = 8,     [SIGKILL] = 9,  [SIGUSR1] = 10, [SIGSEGV] = 11, [SIGUSR2] = 12, [SIGPIPE] = 13, [SIGALRM] = 14,
    [SIGTERM] = 15,   [SIGEMT] = 16,  [SIGCHLD] = 17, [SIGCONT] = 18, [SIGSTOP] = 19, [SIGTSTP] = 20, [SIGTTIN] = 21,
    [SIGTTOU] = 22,   [SIGURG] = 23,  [SIGXCPU] = 24, [SIGXFSZ] = 25, [SIGVTALRM] = 26, [SIGPROF] = 27, [SIGWINCH] = 28,
    [SIGIO] = 29,     [SIGLOST] = 30, [SIGSYS] = 31,
};

int __toyvm_signal_of(int linux)
{
    for (int number = 1; number < NSIG; number++)
        if (linux_signals[number] == linux)
            return number;
    return linux;
}

static void (*handlers[NSIG])(int);
static sigset_t masks[NSIG], blocked, waiting;

static sigset_t bit(int number)
{
    return (sigset_t)1 << number;
}

/* A set as Linux has it, where signal n has bit n - 1; and back. */
static unsigned long linux_set(sigset_t set)
{
    unsigned long linux = 0;
    for (int number = 1; number < NSIG; number++)
        if (set & bit(number) && linux_signals[number])
            linux |= 1ul << (linux_signals[number] - 1);
    return linux;
}

static sigset_t set_of_linux(unsigned long linux)
{
    sigset_t set = 0;
    for (int number = 1; number < NSIG; number++)
        if (linux_signals[number] && linux >> (linux_signals[number] - 1) & 1)
            set |= bit(number);
    return set;
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
        return (int)failure(EINVAL);
    if (__toyvm_is_unix())
        return (int)result(call4(CALL_KILL, __toyvm_getpid(), linux_signals[number], 0, 0));
    int failed = deliver(number);
    deliver_waiting();
    return failed;
}
ALSO_NAMED(raise);

int __toyvm_kill(pid_t process, int number)
{
    if (number < 0 || number >= NSIG)
        return (int)failure(EINVAL);
    if (__toyvm_is_unix())
        return (int)result(call4(CALL_KILL, process, linux_signals[number], 0, 0));
    if (process != __toyvm_getpid() && process != 0 && process != -1)
        return (int)failure(ESRCH);
    return number ? __toyvm_raise(number) : 0;
}
ALSO_NAMED(kill);

/* What Linux calls in place of a program's handlers, which have other numbers of signals. */
static void arrive(int linux)
{
    int number = __toyvm_signal_of(linux), error = errno;
    handlers[number](number);
    errno = error;
}

enum { LINUX_RESTART = 0x10000000 };

static int tell_linux(int number, long flags)
{
    struct {
        void (*handler)(int);
        unsigned long flags, mask;
    } linux = {handlers[number], (unsigned long)flags, linux_set(masks[number])};
    if (linux.handler != SIG_DFL && linux.handler != SIG_IGN)
        linux.handler = arrive;
    return (int)result(call4(CALL_SIGACTION, linux_signals[number], (long)&linux, 0, 8));
}

static int set_action(int number, const struct sigaction *action, struct sigaction *before, long flags)
{
    if (!is_signal(number) || (action && (number == SIGKILL || number == SIGSTOP)))
        return (int)failure(EINVAL);
    struct sigaction now = {.sa_handler = handlers[number], .sa_mask = masks[number]};
    if (action) {
        handlers[number] = action->sa_handler;
        masks[number] = action->sa_mask;
        if (__toyvm_is_unix() && tell_linux(number, flags))
            return -1;
    }
    if (before)
        *before = now;
    return 0;
}

int __toyvm_sigaction(int number, const struct sigaction *restrict action, struct sigaction *restrict before)
{
    return set_action(number, action, before, action ? action->sa_flags : 0);
}
ALSO_NAMED(sigaction);

/* A call that such a handler interrupts goes on. */
void (*__toyvm_signal(int number, void (*handler)(int)))(int)
{
    struct sigaction before, action = {.sa_handler = handler};
    return set_action(number, &action, &before, LINUX_RESTART) ? SIG_ERR : before.sa_handler;
}
ALSO_NAMED(signal);

int __toyvm_sigprocmask(int how, const sigset_t *set, sigset_t *before)
{
    sigset_t now = blocked;
    if (__toyvm_is_unix()) {
        static const int linux_how[] = {[SIG_BLOCK] = 0, [SIG_UNBLOCK] = 1, [SIG_SETMASK] = 2};
        unsigned long linux = set ? linux_set(*set) : 0, old;
        if (set && (unsigned)how >= sizeof linux_how / sizeof *linux_how)
            return (int)failure(EINVAL);
        int failed = (int)result(call4(CALL_SIGPROCMASK, linux_how[set ? how : 0], set ? (long)&linux : 0, (long)&old, 8));
        if (before && !failed)
            *before = set_of_linux(old);
        return failed;
    }
    if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
        return (int)failure(EINVAL);
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
    unsigned long linux;
    if (!__toyvm_is_unix()) {
        *set = waiting;
        return 0;
    }
    int failed = (int)result(call4(CALL_SIGPENDING, (long)&linux, 8, 0, 0));
    if (!failed)
        *set = set_of_linux(linux);
    return failed;
}
ALSO_NAMED(sigpending);

int __toyvm_sigsuspend(const sigset_t *set)
{
    unsigned long linux = linux_set(*set);
    return (int)result_or(call4(CALL_SIGSUSPEND, (long)&linux, 8, 0, 0), ENOSYS);
}
ALSO_NAMED(sigsuspend);

int __toyvm_pause(void)
{
    sigset_t now;
    return __toyvm_sigprocmask(SIG_BLOCK, NULL, &now) ? -1 : __toyvm_sigsuspend(&now);
}
ALSO_NAMED(pause);

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
        return (int)failure(EINVAL);
    *set |= bit(number);
    return 0;
}
ALSO_NAMED(sigaddset);

int __toyvm_sigdelset(sigset_t *set, const int number)
{
    if (!is_signal(number))
        return (int)failure(EINVAL);
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
    sigset_t aborting = bit(SIGABRT);
    __toyvm_sigprocmask(SIG_UNBLOCK, &aborting, NULL);
    __toyvm_raise(SIGABRT);
    __toyvm_signal(SIGABRT, SIG_DFL);
    __toyvm_sigprocmask(SIG_UNBLOCK, &aborting, NULL);
    __toyvm_raise(SIGABRT);
    _exit(127);
}
ALSO_NAMED(abort);
