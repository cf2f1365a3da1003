/* Errors by Linux's numbers, which picolibc has up to 34 and numbers otherwise from there on. */
#include "system.h"

int __toyvm_error_of(long error)
{
    static const unsigned char otherwise[] = {
        [35] = EDEADLK,        [36] = ENAMETOOLONG,  [37] = ENOLCK,       [38] = ENOSYS,        [39] = ENOTEMPTY,
        [40] = ELOOP,          [42] = ENOMSG,        [75] = EOVERFLOW,    [84] = EILSEQ,        [88] = ENOTSOCK,
        [89] = EDESTADDRREQ,   [90] = EMSGSIZE,      [91] = EPROTOTYPE,   [92] = ENOPROTOOPT,   [93] = EPROTONOSUPPORT,
        [95] = EOPNOTSUPP,     [97] = EAFNOSUPPORT,  [98] = EADDRINUSE,   [99] = EADDRNOTAVAIL, [100] = ENETDOWN,
        [101] = ENETUNREACH,   [103] = ECONNABORTED, [104] = ECONNRESET,  [105] = ENOBUFS,      [106] = EISCONN,
        [107] = ENOTCONN,      [110] = ETIMEDOUT,    [111] = ECONNREFUSED, [113] = EHOSTUNREACH, [114] = EALREADY,
        [115] = EINPROGRESS,   [116] = ESTALE,       [122] = EDQUOT,      [125] = ECANCELED,
    };
    return (unsigned long)error < sizeof otherwise && otherwise[error] ? otherwise[error] : (int)error;
}

/* Are there other processes, and signals that come from outside? A supervisor, which serves one program, has no uname. */
int __toyvm_is_unix(void)
{
    static int is_unix = -1;
    char names[6][65];
    if (is_unix < 0)
        is_unix = call4(CALL_UNAME, (long)names, 0, 0, 0) == 0;
    return is_unix;
}
