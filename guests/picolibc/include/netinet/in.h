/* Addresses of sockets: a machine's address and a port, the highest byte first. */
#ifndef _TOYVM_IN_H
#define _TOYVM_IN_H

#include <stdint.h>
#include <sys/socket.h>

typedef uint16_t in_port_t;
typedef uint32_t in_addr_t;

struct in_addr {
    in_addr_t s_addr;
};

struct sockaddr_in {
    sa_family_t sin_family;
    in_port_t sin_port;
    struct in_addr sin_addr;
    unsigned char sin_zero[8];
};

#define INADDR_ANY ((in_addr_t)0)
#define INADDR_LOOPBACK ((in_addr_t)0x7f000001)
#define INADDR_NONE ((in_addr_t)0xffffffff)
#define IPPROTO_IP 0
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

#define htons(number) __builtin_bswap16(number)
#define ntohs(number) __builtin_bswap16(number)
#define htonl(number) __builtin_bswap32(number)
#define ntohl(number) __builtin_bswap32(number)

#endif
