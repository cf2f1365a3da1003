/* Sockets, and their addresses as text. A system that has none has no family of addresses. */
#include "system.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static long answer(long value)
{
    return result_or(value, EAFNOSUPPORT);
}

int __toyvm_socket(int family, int type, int protocol)
{
    return (int)answer(call4(CALL_SOCKET, family, type, protocol, 0));
}
ALSO_NAMED(socket);

int __toyvm_bind(int file, const struct sockaddr *address, socklen_t length)
{
    return (int)answer(call4(CALL_BIND, file, (long)address, length, 0));
}
ALSO_NAMED(bind);

int __toyvm_listen(int file, int waiting)
{
    return (int)answer(call4(CALL_LISTEN, file, waiting, 0, 0));
}
ALSO_NAMED(listen);

int __toyvm_accept(int file, struct sockaddr *address, socklen_t *length)
{
    return (int)answer(call4(CALL_ACCEPT, file, (long)address, (long)length, 0));
}
ALSO_NAMED(accept);

int __toyvm_connect(int file, const struct sockaddr *address, socklen_t length)
{
    return (int)answer(call4(CALL_CONNECT, file, (long)address, length, 0));
}
ALSO_NAMED(connect);

ssize_t __toyvm_sendto(
    int file, const void *from, size_t length, int flags, const struct sockaddr *address, socklen_t address_length)
{
    return answer(call6(CALL_SENDTO, file, (long)from, (long)length, flags, (long)address, address_length));
}
ALSO_NAMED(sendto);

ssize_t __toyvm_send(int file, const void *from, size_t length, int flags)
{
    return __toyvm_sendto(file, from, length, flags, NULL, 0);
}
ALSO_NAMED(send);

ssize_t __toyvm_recvfrom(
    int file, void *to, size_t length, int flags, struct sockaddr *address, socklen_t *address_length)
{
    return answer(call6(CALL_RECVFROM, file, (long)to, (long)length, flags, (long)address, (long)address_length));
}
ALSO_NAMED(recvfrom);

ssize_t __toyvm_recv(int file, void *to, size_t length, int flags)
{
    return __toyvm_recvfrom(file, to, length, flags, NULL, NULL);
}
ALSO_NAMED(recv);

int __toyvm_shutdown(int file, int how)
{
    return (int)answer(call4(CALL_SHUTDOWN, file, how, 0, 0));
}
ALSO_NAMED(shutdown);

int __toyvm_getsockname(int file, struct sockaddr *address, socklen_t *length)
{
    return (int)answer(call4(CALL_GETSOCKNAME, file, (long)address, (long)length, 0));
}
ALSO_NAMED(getsockname);

int __toyvm_getpeername(int file, struct sockaddr *address, socklen_t *length)
{
    return (int)answer(call4(CALL_GETPEERNAME, file, (long)address, (long)length, 0));
}
ALSO_NAMED(getpeername);

int __toyvm_setsockopt(int file, int level, int option, const void *value, socklen_t length)
{
    return (int)answer(call5(CALL_SETSOCKOPT, file, level, option, (long)value, length));
}
ALSO_NAMED(setsockopt);

int __toyvm_getsockopt(int file, int level, int option, void *value, socklen_t *length)
{
    return (int)answer(call5(CALL_GETSOCKOPT, file, level, option, (long)value, (long)length));
}
ALSO_NAMED(getsockopt);

/* Four decimal numbers, with dots between. */
int __toyvm_inet_aton(const char *text, struct in_addr *to)
{
    uint32_t address = 0;
    for (int part = 0; part < 4; part++) {
        char *end;
        unsigned long number = strtoul(text, &end, 10);
        if (end == text || number > 255 || *text < '0' || *text > '9' || *end != (part < 3 ? '.' : '\0'))
            return 0;
        address = address << 8 | (uint32_t)number;
        text = end + 1;
    }
    to->s_addr = htonl(address);
    return 1;
}
ALSO_NAMED(inet_aton);

in_addr_t __toyvm_inet_addr(const char *text)
{
    struct in_addr address;
    return __toyvm_inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}
ALSO_NAMED(inet_addr);

const char *__toyvm_inet_ntop(int family, const void *restrict from, char *restrict to, socklen_t length)
{
    const unsigned char *part = from;
    if (family != AF_INET || length < INET_ADDRSTRLEN) {
        errno = family != AF_INET ? EAFNOSUPPORT : ENOSPC;
        return NULL;
    }
    snprintf(to, length, "%d.%d.%d.%d", part[0], part[1], part[2], part[3]);
    return to;
}
ALSO_NAMED(inet_ntop);

int __toyvm_inet_pton(int family, const char *restrict text, void *restrict to)
{
    return family == AF_INET ? __toyvm_inet_aton(text, to) : (int)failure(EAFNOSUPPORT);
}
ALSO_NAMED(inet_pton);

char *__toyvm_inet_ntoa(struct in_addr address)
{
    static char text[INET_ADDRSTRLEN];
    __toyvm_inet_ntop(AF_INET, &address, text, sizeof text);
    return text;
}
ALSO_NAMED(inet_ntoa);
