/* What the library's sources share: system calls as Linux numbers them on RISC-V, and names that give way. */
#ifndef TOYVM_SYSTEM_H
#define TOYVM_SYSTEM_H

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/*
 * A C program may have a function `times` of its own, or whatever else POSIX or picolibc names. So the library calls
 * its functions by names that are reserved, and the known name is a weak one for the same function.
 */
#define ALSO_NAMED(name) extern __typeof(__toyvm_##name) name __attribute__((weak, alias("__toyvm_" #name)))
#define ALSO_NAMED_AS(name, function) extern __typeof(name) name __attribute__((weak, alias("__toyvm_" #function)))

/* By Linux's names and numbers. */
enum call {
    CALL_GETCWD = 17,
    CALL_DUP = 23,
    CALL_DUP3 = 24,
    CALL_FCNTL = 25,
    CALL_IOCTL = 29,
    CALL_MKNODAT = 33,
    CALL_MKDIRAT = 34,
    CALL_UNLINKAT = 35,
    CALL_SYMLINKAT = 36,
    CALL_LINKAT = 37,
    CALL_TRUNCATE = 45,
    CALL_FTRUNCATE = 46,
    CALL_FACCESSAT = 48,
    CALL_CHDIR = 49,
    CALL_FCHDIR = 50,
    CALL_CHROOT = 51,
    CALL_FCHMOD = 52,
    CALL_FCHMODAT = 53,
    CALL_FCHOWNAT = 54,
    CALL_FCHOWN = 55,
    CALL_OPENAT = 56,
    CALL_CLOSE = 57,
    CALL_PIPE2 = 59,
    CALL_GETDENTS64 = 61,
    CALL_LSEEK = 62,
    CALL_READ = 63,
    CALL_WRITE = 64,
    CALL_PREAD64 = 67,
    CALL_PWRITE64 = 68,
    CALL_PPOLL = 73,
    CALL_READLINKAT = 78,
    CALL_NEWFSTATAT = 79,
    CALL_FSTAT = 80,
    CALL_FSYNC = 82,
    CALL_UTIMENSAT = 88,
    CALL_EXIT_GROUP = 94,
    CALL_NANOSLEEP = 101,
    CALL_CLOCK_GETTIME = 113,
    CALL_CLOCK_GETRES = 114,
    CALL_KILL = 129,
    CALL_SIGSUSPEND = 133,
    CALL_SIGACTION = 134,
    CALL_SIGPROCMASK = 135,
    CALL_SIGPENDING = 136,
    CALL_SETGID = 144,
    CALL_SETUID = 146,
    CALL_TIMES = 153,
    CALL_SETPGID = 154,
    CALL_GETPGID = 155,
    CALL_SETSID = 157,
    CALL_UNAME = 160,
    CALL_UMASK = 166,
    CALL_GETTIMEOFDAY = 169,
    CALL_GETPID = 172,
    CALL_GETPPID = 173,
    CALL_GETUID = 174,
    CALL_GETEUID = 175,
    CALL_GETGID = 176,
    CALL_GETEGID = 177,
    CALL_SOCKET = 198,
    CALL_BIND = 200,
    CALL_LISTEN = 201,
    CALL_ACCEPT = 202,
    CALL_CONNECT = 203,
    CALL_GETSOCKNAME = 204,
    CALL_GETPEERNAME = 205,
    CALL_SENDTO = 206,
    CALL_RECVFROM = 207,
    CALL_SETSOCKOPT = 208,
    CALL_GETSOCKOPT = 209,
    CALL_SHUTDOWN = 210,
    CALL_BRK = 214,
    CALL_CLONE = 220,
    CALL_EXECVE = 221,
    CALL_WAIT4 = 260,
    CALL_RENAMEAT2 = 276,
    CALL_GETRANDOM = 278,
};

enum { HERE = -100 };  /* AT_FDCWD: a path begins at the current directory */
enum { NO_CALL = -38 }; /* what the system answers to a call that it does not have */

static inline long call6(enum call number, long first, long second, long third, long fourth, long fifth, long sixth)
{
    register long a0 __asm__("a0") = first;
    register long a1 __asm__("a1") = second;
    register long a2 __asm__("a2") = third;
    register long a3 __asm__("a3") = fourth;
    register long a4 __asm__("a4") = fifth;
    register long a5 __asm__("a5") = sixth;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}

static inline long call5(enum call number, long first, long second, long third, long fourth, long fifth)
{
    return call6(number, first, second, third, fourth, fifth, 0);
}

static inline long call4(enum call number, long first, long second, long third, long fourth)
{
    return call5(number, first, second, third, fourth, 0);
}

/* -1, and why as C has it: picolibc's numbers of errors are not all Linux's. */
static inline long failure(int error)
{
    errno = error;
    return -1;
}

int __toyvm_error_of(long error);

/* A system call's result as C has it: -1 and errno for an error. */
static inline long result(long value)
{
    return value < 0 && value >= -4095 ? failure(__toyvm_error_of(-value)) : value;
}

/* The same, but for a call that the system does not have: what a program is told then. */
static inline long result_or(long value, int error)
{
    return value == NO_CALL ? failure(error) : result(value);
}

int __toyvm_is_unix(void);
ssize_t __toyvm_write(int file, const void *from, size_t length);
ssize_t __toyvm_read(int file, void *to, size_t length);
int __toyvm_open(const char *path, int flags, ...);
int __toyvm_close(int file);
off_t __toyvm_lseek(int file, off_t offset, int whence);
int __toyvm_clock_gettime(clockid_t clock, struct timespec *now);
pid_t __toyvm_getpid(void);

#endif
