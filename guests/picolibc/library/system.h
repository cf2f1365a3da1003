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

enum call {
    CALL_GETCWD = 17,
    CALL_IOCTL = 29,
    CALL_FACCESSAT = 48,
    CALL_OPENAT = 56,
    CALL_CLOSE = 57,
    CALL_LSEEK = 62,
    CALL_READ = 63,
    CALL_WRITE = 64,
    CALL_READLINKAT = 78,
    CALL_NEWFSTATAT = 79,
    CALL_FSTAT = 80,
    CALL_EXIT_GROUP = 94,
    CALL_NANOSLEEP = 101,
    CALL_CLOCK_GETTIME = 113,
    CALL_CLOCK_GETRES = 114,
    CALL_KILL = 129,
    CALL_GETTIMEOFDAY = 169,
    CALL_GETPID = 172,
    CALL_BRK = 214,
};

static inline long call4(enum call number, long first, long second, long third, long fourth)
{
    register long a0 __asm__("a0") = first;
    register long a1 __asm__("a1") = second;
    register long a2 __asm__("a2") = third;
    register long a3 __asm__("a3") = fourth;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a7) : "memory");
    return a0;
}

/* The result as C has it: -1 and errno for an error. */
static inline long result(long value)
{
    if (value < 0 && value >= -4095) {
        errno = (int)-value;
        return -1;
    }
    return value;
}

ssize_t __toyvm_write(int file, const void *from, size_t length);
ssize_t __toyvm_read(int file, void *to, size_t length);
int __toyvm_open(const char *path, int flags, ...);
int __toyvm_close(int file);
off_t __toyvm_lseek(int file, off_t offset, int whence);
int __toyvm_clock_gettime(clockid_t clock, struct timespec *now);
pid_t __toyvm_getpid(void);

#endif
