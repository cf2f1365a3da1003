/* Waiting for files. Without an operating system it fails with ENOSYS. */
#ifndef _TOYVM_POLL_H
#define _TOYVM_POLL_H

#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20

typedef unsigned long nfds_t;

struct pollfd {
    int fd;
    short events, revents;
};

#ifdef __cplusplus
extern "C" {
#endif

int poll(struct pollfd *, nfds_t, int);

#ifdef __cplusplus
}
#endif

#endif
