/* Files, as the system has them: the console is 0, 1 and 2, and whatever would change the file system is refused. */
#include "system.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HERE = -100 }; /* AT_FDCWD: a path begins at the current directory */

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

/* Files are opened for reading only: there is no file system, and on Linux none is to be changed. */
int __toyvm_open(const char *path, int flags, ...)
{
    if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC))
        return (int)result(-EROFS);
    return (int)result(call4(CALL_OPENAT, HERE, (long)path, 0, 0));
}
ALSO_NAMED(open);

int __toyvm_openat(int directory, const char *path, int flags, ...)
{
    if (directory != AT_FDCWD && path[0] != '/')
        return (int)result(-ENOTDIR);
    return __toyvm_open(path, flags);
}
ALSO_NAMED(openat);

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

/* The console is a character device, wherever its bytes come from. */
int __toyvm_fstat(int file, struct stat *to)
{
    struct status status;
    if (file >= 0 && file <= 2) {
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
    if (result(call4(CALL_FACCESSAT, HERE, (long)path, rights & ~W_OK, 0)) < 0)
        return -1;
    return rights & W_OK ? (int)result(-EROFS) : 0;
}
ALSO_NAMED(access);

ssize_t __toyvm_readlink(const char *restrict path, char *restrict to, size_t length)
{
    return result(call4(CALL_READLINKAT, HERE, (long)path, (long)to, (long)length));
}
ALSO_NAMED(readlink);

/* The console passes bytes on and has no settings: programs that refuse to write theirs to a terminal may write them. */
int __toyvm_isatty(int file)
{
    errno = call4(CALL_LSEEK, file, 0, SEEK_CUR, 0) == -EBADF ? EBADF : ENOTTY;
    return 0;
}
ALSO_NAMED(isatty);

char *__toyvm_ttyname(int file)
{
    __toyvm_isatty(file);
    return NULL;
}
ALSO_NAMED(ttyname);

/* There is one process and no table of its files: they have the flags they were opened with, and no second number. */
int __toyvm_fcntl(int file, int what, ...)
{
    if (call4(CALL_LSEEK, file, 0, SEEK_CUR, 0) == -EBADF)
        return (int)result(-EBADF);
    switch (what) {
    case F_GETFL:
        return file == 1 || file == 2 ? O_WRONLY : O_RDONLY;
    case F_GETFD:
    case F_SETFD:
    case F_SETFL:
        return 0;
    case F_DUPFD:
        return (int)result(-EMFILE);
    default:
        return (int)result(-EINVAL);
    }
}
ALSO_NAMED(fcntl);

int __toyvm_dup(int file)
{
    return __toyvm_fcntl(file, F_DUPFD, 0);
}
ALSO_NAMED(dup);

int __toyvm_dup2(int file, int other)
{
    if (__toyvm_fcntl(file, F_GETFD) < 0)
        return -1;
    return file == other ? other : (int)result(-EMFILE);
}
ALSO_NAMED(dup2);

char *__toyvm_getcwd(char *to, size_t length)
{
    if (!to && (length == 0 || length >= 2))
        to = malloc(length = 2); /* whoever gets it frees it */
    else if (length < 2)
        errno = ERANGE, to = NULL;
    return to ? strcpy(to, "/") : NULL;
}
ALSO_NAMED(getcwd);

int __toyvm_chdir(const char *path)
{
    return (int)result(strcmp(path, "/") == 0 ? 0 : -ENOENT);
}
ALSO_NAMED(chdir);

mode_t __toyvm_umask(mode_t mask)
{
    static mode_t now = 022;
    mode_t before = now;
    now = mask & 0777;
    return before;
}
ALSO_NAMED(umask);
