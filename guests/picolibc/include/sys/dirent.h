/* What directories are, for picolibc's dirent.h. */
#ifndef _TOYVM_DIRENT_H
#define _TOYVM_DIRENT_H

#include <sys/types.h>

#define DT_UNKNOWN 0
#define DT_DIR 4
#define DT_REG 8
#define DT_LNK 10
#define MAXNAMLEN 255

typedef struct __toyvm_directory DIR;

struct dirent {
    ino_t d_ino;
    unsigned char d_type;
    char d_name[MAXNAMLEN + 1];
};

#endif
