/* Files by descriptors. Where the system has none but 0, 1 and 2, the console, the file system is one that is empty and
   cannot be written to. */
#include "system.h"
#include <fcntl.h>
#include <stdarg.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t __toyvm_write(int file, const void *from, size_t length)
{
    return result(call4(CALL_WRITE, file, (long)from, (long)length, 0));
}
ALSO_NAMED(write);

ssize_t __toyvm_read(int file, void *to, size_t length)
{
    return result(call4(CALL_READ, file, (long)to, (long)length, 0));
}
ALSO_NAMED(read);

/* Linux's flags of an open file for picolibc's; the others are the same. */
static const struct {
    int ours, linux;
} flag_pairs[] = {
    {O_EXCL, 0x80},           {O_NOCTTY, 0x100},     {O_NONBLOCK, 0x800},      {O_SYNC, 0x101000},
    {O_DIRECTORY, 0x10000},   {O_NOFOLLOW, 0x20000}, {O_CLOEXEC, 0x80000},
};
enum { SAME_FLAGS = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND };
enum { PAIRS = sizeof flag_pairs / sizeof *flag_pairs };

static int linux_flags(int flags)
{
    int linux = flags & SAME_FLAGS;
    for (int i = 0; i < PAIRS; i++)
        linux |= flags & flag_pairs[i].ours ? flag_pairs[i].linux : 0;
    return linux;
}

static int flags_of_linux(int linux)
{
    int flags = linux & SAME_FLAGS;
    for (int i = 0; i < PAIRS; i++)
        flags |= (linux & flag_pairs[i].linux) == flag_pairs[i].linux ? flag_pairs[i].ours : 0;
    return flags;
}

static long linux_directory(int directory)
{
    return directory == AT_FDCWD ? HERE : directory;
}

static int open_file(int directory, const char *path, int flags, mode_t mode)
{
    int is_changing = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    if (is_changing && !__toyvm_is_unix())
        return (int)failure(EROFS);
    return (int)result(call4(CALL_OPENAT, linux_directory(directory), (long)path, linux_flags(flags), mode));
}

static mode_t mode_behind(int flags, va_list arguments)
{
    return flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
}

int __toyvm_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_behind(flags, arguments);
    va_end(arguments);
    return open_file(AT_FDCWD, path, flags, mode);
}
ALSO_NAMED(open);

int __toyvm_openat(int directory, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_behind(flags, arguments);
    va_end(arguments);
    if (directory != AT_FDCWD && path[0] != '/' && !__toyvm_is_unix())
        return (int)failure(ENOTDIR);
    return open_file(directory, path, flags, mode);
}
ALSO_NAMED(openat);

int __toyvm_creat(const char *path, mode_t mode)
{
    return open_file(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
ALSO_NAMED(creat);

int __toyvm_close(int file)
{
    return (int)result(call4(CALL_CLOSE, file, 0, 0, 0));
}
ALSO_NAMED(close);

off_t __toyvm_lseek(int file, off_t offset, int whence)
{
    return result(call4(CALL_LSEEK, file, offset, whence, 0));
}
ALSO_NAMED(lseek);

ssize_t __toyvm_pread(int file, void *to, size_t length, off_t offset)
{
    return result_or(call4(CALL_PREAD64, file, (long)to, (long)length, offset), ESPIPE);
}
ALSO_NAMED(pread);

ssize_t __toyvm_pwrite(int file, const void *from, size_t length, off_t offset)
{
    return result_or(call4(CALL_PWRITE64, file, (long)from, (long)length, offset), ESPIPE);
}
ALSO_NAMED(pwrite);

/* As many calls as there are parts, until one moves less than it was asked to. */
static ssize_t move_parts(enum call call, int file, const struct iovec *parts, int count)
{
    ssize_t sum = 0;
    for (int i = 0; i < count; i++) {
        ssize_t moved = result(call4(call, file, (long)parts[i].iov_base, (long)parts[i].iov_len, 0));
        if (moved < 0)
            return sum ? sum : -1;
        sum += moved;
        if ((size_t)moved < parts[i].iov_len)
            break;
    }
    return sum;
}

ssize_t __toyvm_readv(int file, const struct iovec *parts, int count)
{
    return move_parts(CALL_READ, file, parts, count);
}
ALSO_NAMED(readv);

ssize_t __toyvm_writev(int file, const struct iovec *parts, int count)
{
    return move_parts(CALL_WRITE, file, parts, count);
}
ALSO_NAMED(writev);

/* Linux's record of a file on RISC-V. */
struct status {
    unsigned long device, number;
    unsigned mode, links, user, group;
    unsigned long special, reserved;
    long size;
    int block, reserved_too;
    long blocks;
    struct {
        long seconds, nanoseconds;
    } accessed, modified, changed;
    int at_the_end[2];
};

static int status_of(long failure, const struct status *from, struct stat *to)
{
    if (result(failure) < 0)
        return -1;
    *to = (struct stat){
        .st_dev = (dev_t)from->device,
        .st_ino = (ino_t)from->number,
        .st_mode = from->mode,
        .st_nlink = (nlink_t)from->links,
        .st_uid = (uid_t)from->user,
        .st_gid = (gid_t)from->group,
        .st_rdev = (dev_t)from->special,
        .st_size = from->size,
        .st_blksize = from->block,
        .st_blocks = from->blocks,
        .st_atim = {from->accessed.seconds, from->accessed.nanoseconds},
        .st_mtim = {from->modified.seconds, from->modified.nanoseconds},
        .st_ctim = {from->changed.seconds, from->changed.nanoseconds},
    };
    return 0;
}

/* Without other files the console is a character device, wherever its bytes come from. */
int __toyvm_fstat(int file, struct stat *to)
{
    struct status status;
    if (file >= 0 && file <= 2 && !__toyvm_is_unix()) {
        *to = (struct stat){.st_mode = S_IFCHR | 0620, .st_nlink = 1, .st_blksize = 1024};
        return 0;
    }
    return status_of(call4(CALL_FSTAT, file, (long)&status, 0, 0), &status, to);
}
ALSO_NAMED(fstat);

int __toyvm_stat(const char *path, struct stat *to)
{
    struct status status;
    return status_of(call4(CALL_NEWFSTATAT, HERE, (long)path, (long)&status, 0), &status, to);
}
ALSO_NAMED(stat);

int __toyvm_lstat(const char *path, struct stat *to)
{
    enum { THE_LINK_ITSELF = 0x100 };
    struct status status;
    return status_of(call4(CALL_NEWFSTATAT, HERE, (long)path, (long)&status, THE_LINK_ITSELF), &status, to);
}
ALSO_NAMED(lstat);

int __toyvm_access(const char *path, int rights)
{
    int refused = !__toyvm_is_unix() && rights & W_OK;
    if (result(call4(CALL_FACCESSAT, HERE, (long)path, refused ? rights & ~W_OK : rights, 0)) < 0)
        return -1;
    return refused ? (int)failure(EROFS) : 0;
}
ALSO_NAMED(access);

ssize_t __toyvm_readlink(const char *restrict path, char *restrict to, size_t length)
{
    return result(call4(CALL_READLINKAT, HERE, (long)path, (long)to, (long)length));
}
ALSO_NAMED(readlink);

/* Without a system behind them, files have the flags they were opened with, and no second number. */
static int emulated_fcntl(int file, int what)
{
    if (call4(CALL_LSEEK, file, 0, SEEK_CUR, 0) == -EBADF)
        return (int)failure(EBADF);
    switch (what) {
    case F_GETFL:
        return file == 1 || file == 2 ? O_WRONLY : O_RDONLY;
    case F_GETFD:
    case F_SETFD:
    case F_SETFL:
        return 0;
    case F_DUPFD:
        return (int)failure(EMFILE);
    default:
        return (int)failure(EINVAL);
    }
}

int __toyvm_fcntl(int file, int what, ...)
{
    enum { LINUX_DUPFD_CLOEXEC = 1030 };
    va_list arguments;
    va_start(arguments, what);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    if (!__toyvm_is_unix())
        return emulated_fcntl(file, what);
    if (what == F_SETFL)
        argument = linux_flags((int)argument);
    int linux = what == F_DUPFD_CLOEXEC ? LINUX_DUPFD_CLOEXEC : what;
    long value = result(call4(CALL_FCNTL, file, linux, argument, 0));
    return what == F_GETFL && value >= 0 ? flags_of_linux((int)value) : (int)value;
}
ALSO_NAMED(fcntl);

int __toyvm_dup(int file)
{
    long value = call4(CALL_DUP, file, 0, 0, 0);
    return value == NO_CALL ? emulated_fcntl(file, F_DUPFD) : (int)result(value);
}
ALSO_NAMED(dup);

/* Linux's call refuses two equal numbers. */
int __toyvm_dup2(int file, int other)
{
    if (__toyvm_fcntl(file, F_GETFD) < 0)
        return -1;
    return file == other ? other : (int)result_or(call4(CALL_DUP3, file, other, 0, 0), EMFILE);
}
ALSO_NAMED(dup2);

int __toyvm_pipe(int ends[2])
{
    return (int)result_or(call4(CALL_PIPE2, (long)ends, 0, 0, 0), ENOSYS);
}
ALSO_NAMED(pipe);

/* Without files the console has no length, and nothing behind it to be forced out. */
int __toyvm_ftruncate(int file, off_t length)
{
    return (int)result_or(call4(CALL_FTRUNCATE, file, length, 0, 0), EINVAL);
}
ALSO_NAMED(ftruncate);

int __toyvm_fsync(int file)
{
    return (int)result_or(call4(CALL_FSYNC, file, 0, 0, 0), EINVAL);
}
ALSO_NAMED(fsync);
ALSO_NAMED_AS(fdatasync, fsync);

int __toyvm_poll(struct pollfd *files, nfds_t count, int milliseconds)
{
    struct timespec how_long = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    return (int)result_or(call5(CALL_PPOLL, (long)files, (long)count, milliseconds < 0 ? 0 : (long)&how_long, 0, 8), ENOSYS);
}
ALSO_NAMED(poll);
