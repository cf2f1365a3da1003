/* What directories are, for picolibc's dirent.h. There are none: opening one fails. */
#ifndef _TOYVM_DIRENT_H
#define _TOYVM_DIRENT_H

#include <sys/types.h>

#define DT_UNKNOWN 0
#define DT_DIR 4
#define DT_REG 8
#define MAXNAMLEN 255

typedef struct __toyvm_directory DIR;

struct dirent {
    ino_t d_ino;
    unsigned char d_type;
    char d_name[MAXNAMLEN + 1];
};

#endif
