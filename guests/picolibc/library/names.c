/* Names of files: made, changed and taken away. A system without files refuses all, as a file system does that cannot be
   written to. */
#include "system.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

enum { LINK_ITSELF = 0x100, A_DIRECTORY = 0x200, BEHIND_LINKS = 0x400 };

static long at(int directory)
{
    return directory == AT_FDCWD ? HERE : directory;
}

static int changed(long value)
{
    return (int)result_or(value, EROFS);
}

int __toyvm_unlinkat(int directory, const char *path, int flags)
{
    return changed(call4(CALL_UNLINKAT, at(directory), (long)path, flags & AT_REMOVEDIR ? A_DIRECTORY : 0, 0));
}
ALSO_NAMED(unlinkat);

int __toyvm_unlink(const char *path)
{
    return __toyvm_unlinkat(AT_FDCWD, path, 0);
}
ALSO_NAMED(unlink);

int __toyvm_rmdir(const char *path)
{
    return __toyvm_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
ALSO_NAMED(rmdir);

int __toyvm_remove(const char *path)
{
    int error = errno;
    if (__toyvm_unlink(path) == 0)
        return 0;
    if (errno != EISDIR)
        return -1;
    errno = error;
    return __toyvm_rmdir(path);
}
ALSO_NAMED(remove);

int __toyvm_rename(const char *from, const char *to)
{
    return changed(call5(CALL_RENAMEAT2, HERE, (long)from, HERE, (long)to, 0));
}
ALSO_NAMED(rename);

int __toyvm_mkdirat(int directory, const char *path, mode_t mode)
{
    return changed(call4(CALL_MKDIRAT, at(directory), (long)path, mode, 0));
}
ALSO_NAMED(mkdirat);

int __toyvm_mkdir(const char *path, mode_t mode)
{
    return __toyvm_mkdirat(AT_FDCWD, path, mode);
}
ALSO_NAMED(mkdir);

int __toyvm_mkfifo(const char *path, mode_t mode)
{
    return changed(call4(CALL_MKNODAT, HERE, (long)path, S_IFIFO | mode, 0));
}
ALSO_NAMED(mkfifo);

int __toyvm_linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
    long behind = flags & AT_SYMLINK_FOLLOW ? BEHIND_LINKS : 0;
    return changed(call5(CALL_LINKAT, at(from_directory), (long)from, at(to_directory), (long)to, behind));
}
ALSO_NAMED(linkat);

int __toyvm_link(const char *from, const char *to)
{
    return __toyvm_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
ALSO_NAMED(link);

int __toyvm_symlinkat(const char *text, int directory, const char *path)
{
    return changed(call4(CALL_SYMLINKAT, (long)text, at(directory), (long)path, 0));
}
ALSO_NAMED(symlinkat);

int __toyvm_symlink(const char *text, const char *path)
{
    return __toyvm_symlinkat(text, AT_FDCWD, path);
}
ALSO_NAMED(symlink);

int __toyvm_fchmodat(int directory, const char *path, mode_t mode, int flags)
{
    (void)flags;
    return changed(call4(CALL_FCHMODAT, at(directory), (long)path, mode, 0));
}
ALSO_NAMED(fchmodat);

int __toyvm_chmod(const char *path, mode_t mode)
{
    return __toyvm_fchmodat(AT_FDCWD, path, mode, 0);
}
ALSO_NAMED(chmod);

int __toyvm_fchmod(int file, mode_t mode)
{
    return changed(call4(CALL_FCHMOD, file, mode, 0, 0));
}
ALSO_NAMED(fchmod);

int __toyvm_fchownat(int directory, const char *path, uid_t user, gid_t group, int flags)
{
    long itself = flags & AT_SYMLINK_NOFOLLOW ? LINK_ITSELF : 0;
    return changed(call5(CALL_FCHOWNAT, at(directory), (long)path, user, group, itself));
}
ALSO_NAMED(fchownat);

int __toyvm_chown(const char *path, uid_t user, gid_t group)
{
    return __toyvm_fchownat(AT_FDCWD, path, user, group, 0);
}
ALSO_NAMED(chown);

int __toyvm_lchown(const char *path, uid_t user, gid_t group)
{
    return __toyvm_fchownat(AT_FDCWD, path, user, group, AT_SYMLINK_NOFOLLOW);
}
ALSO_NAMED(lchown);

int __toyvm_fchown(int file, uid_t user, gid_t group)
{
    return changed(call4(CALL_FCHOWN, file, user, group, 0));
}
ALSO_NAMED(fchown);

int __toyvm_truncate(const char *path, off_t length)
{
    return changed(call4(CALL_TRUNCATE, (long)path, length, 0, 0));
}
ALSO_NAMED(truncate);

int __toyvm_utimensat(int directory, const char *path, const struct timespec times[2], int flags)
{
    long itself = flags & AT_SYMLINK_NOFOLLOW ? LINK_ITSELF : 0;
    return changed(call4(CALL_UTIMENSAT, at(directory), (long)path, (long)times, itself));
}
ALSO_NAMED(utimensat);

int __toyvm_futimens(int file, const struct timespec times[2])
{
    return changed(call4(CALL_UTIMENSAT, file, 0, (long)times, 0));
}
ALSO_NAMED(futimens);

int __toyvm_utimes(const char *path, const struct timeval times[2])
{
    struct timespec both[2];
    for (int i = 0; times && i < 2; i++)
        both[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    return __toyvm_utimensat(AT_FDCWD, path, times ? both : NULL, 0);
}
ALSO_NAMED(utimes);

int __toyvm_futimes(int file, const struct timeval times[2])
{
    struct timespec both[2];
    for (int i = 0; times && i < 2; i++)
        both[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    return __toyvm_futimens(file, times ? both : NULL);
}
ALSO_NAMED(futimes);

int __toyvm_utime(const char *path, const struct utimbuf *times)
{
    struct timespec both[2] = {{times ? times->actime : 0, 0}, {times ? times->modtime : 0, 0}};
    return __toyvm_utimensat(AT_FDCWD, path, times ? both : NULL, 0);
}
ALSO_NAMED(utime);

/* Where the process is; without files, in a root with nothing in it. */
enum { LONGEST_PATH = 4096 };

char *__toyvm_getcwd(char *to, size_t length)
{
    char path[LONGEST_PATH] = "/";
    long value = call4(CALL_GETCWD, (long)path, sizeof path, 0, 0);
    if (value != NO_CALL && result(value) < 0)
        return NULL;
    size_t needed = strlen(path) + 1;
    if (!to && (length == 0 || length >= needed))
        to = malloc(length = length ? length : needed); /* whoever gets it frees it */
    else if (length < needed)
        errno = ERANGE, to = NULL;
    return to ? strcpy(to, path) : NULL;
}
ALSO_NAMED(getcwd);

int __toyvm_chdir(const char *path)
{
    long value = call4(CALL_CHDIR, (long)path, 0, 0, 0);
    if (value == NO_CALL)
        return strcmp(path, "/") == 0 ? 0 : (int)failure(ENOENT);
    return (int)result(value);
}
ALSO_NAMED(chdir);

int __toyvm_fchdir(int directory)
{
    return (int)result_or(call4(CALL_FCHDIR, directory, 0, 0, 0), EBADF);
}
ALSO_NAMED(fchdir);

int __toyvm_chroot(const char *path)
{
    return (int)result(call4(CALL_CHROOT, (long)path, 0, 0, 0));
}
ALSO_NAMED(chroot);

mode_t __toyvm_umask(mode_t mask)
{
    static mode_t now = 022;
    long value = call4(CALL_UMASK, mask, 0, 0, 0);
    if (value != NO_CALL)
        return (mode_t)value;
    mode_t before = now;
    now = mask & 0777;
    return before;
}
ALSO_NAMED(umask);
