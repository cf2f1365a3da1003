/* Addresses as text, as in 127.0.0.1. */
#ifndef _TOYVM_INET_H
#define _TOYVM_INET_H

#include <netinet/in.h>

#define INET_ADDRSTRLEN 16

#ifdef __cplusplus
extern "C" {
#endif

in_addr_t inet_addr(const char *);
int inet_aton(const char *, struct in_addr *);
char *inet_ntoa(struct in_addr);
int inet_pton(int, const char *__restrict, void *__restrict);
const char *inet_ntop(int, const void *__restrict, char *__restrict, socklen_t);

#ifdef __cplusplus
}
#endif

#endif
