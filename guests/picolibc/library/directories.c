/* Directories, read row by row. */
#include "system.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct __toyvm_directory {
    int file;
    long place, end; /* in `rows`: of what is read next, and of what was read ahead */
    struct dirent row;
    char rows[2048] __attribute__((aligned(8)));
};

/* A row as Linux has it. */
struct linux_row {
    unsigned long number;
    long offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static DIR *directory_of(int file)
{
    DIR *directory = malloc(sizeof *directory);
    if (!directory)
        return NULL;
    directory->file = file;
    directory->place = directory->end = 0;
    return directory;
}

DIR *__toyvm_fdopendir(int file)
{
    struct stat status;
    if (!__toyvm_is_unix()) {
        errno = EBADF;
        return NULL;
    }
    if (fstat(file, &status) < 0)
        return NULL;
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    return directory_of(file);
}
ALSO_NAMED(fdopendir);

DIR *__toyvm_opendir(const char *path)
{
    int file = __toyvm_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = file < 0 ? NULL : directory_of(file);
    if (file >= 0 && !directory)
        __toyvm_close(file);
    return directory;
}
ALSO_NAMED(opendir);

struct dirent *__toyvm_readdir(DIR *directory)
{
    if (directory->place == directory->end) {
        directory->place = 0;
        directory->end = result_or(
            call4(CALL_GETDENTS64, directory->file, (long)directory->rows, sizeof directory->rows, 0), EBADF);
        if (directory->end <= 0) {
            directory->end = 0;
            return NULL;
        }
    }
    const struct linux_row *row = (const struct linux_row *)(directory->rows + directory->place);
    directory->place += row->length;
    directory->row.d_ino = (ino_t)row->number;
    directory->row.d_type = row->type;
    strncpy(directory->row.d_name, row->name, MAXNAMLEN);
    directory->row.d_name[MAXNAMLEN] = 0;
    return &directory->row;
}
ALSO_NAMED(readdir);

void __toyvm_rewinddir(DIR *directory)
{
    directory->place = directory->end = 0;
    __toyvm_lseek(directory->file, 0, SEEK_SET);
}
ALSO_NAMED(rewinddir);

int __toyvm_closedir(DIR *directory)
{
    int file = directory->file;
    free(directory);
    return __toyvm_close(file);
}
ALSO_NAMED(closedir);

int __toyvm_dirfd(DIR *directory)
{
    return directory->file;
}
ALSO_NAMED(dirfd);
