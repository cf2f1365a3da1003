/* Terminals: what of the system's console is one, and its settings. A console without a system behind it passes bytes on
   and has no settings: programs that refuse to write theirs to a terminal may write them. */
#include "system.h"
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { GET = 0x5401, SET = 0x5402, FLUSH = 0x540b, GET_GROUP = 0x540f, SET_GROUP = 0x5410 };

int __toyvm_ioctl(int file, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    return (int)result_or(call4(CALL_IOCTL, file, (long)request, argument, 0), ENOTTY);
}
ALSO_NAMED(ioctl);

int __toyvm_tcgetattr(int file, struct termios *to)
{
    return __toyvm_ioctl(file, GET, to);
}
ALSO_NAMED(tcgetattr);

int __toyvm_tcsetattr(int file, int when, const struct termios *from)
{
    return __toyvm_ioctl(file, SET + (unsigned long)when, from);
}
ALSO_NAMED(tcsetattr);

int __toyvm_tcflush(int file, int which)
{
    return __toyvm_ioctl(file, FLUSH, which);
}
ALSO_NAMED(tcflush);

pid_t __toyvm_tcgetpgrp(int file)
{
    int group = 0;
    return __toyvm_ioctl(file, GET_GROUP, &group) < 0 ? -1 : group;
}
ALSO_NAMED(tcgetpgrp);

int __toyvm_tcsetpgrp(int file, pid_t group)
{
    int number = group;
    return __toyvm_ioctl(file, SET_GROUP, &number);
}
ALSO_NAMED(tcsetpgrp);

int __toyvm_isatty(int file)
{
    struct termios settings;
    return __toyvm_tcgetattr(file, &settings) == 0;
}
ALSO_NAMED(isatty);

char *__toyvm_ttyname(int file)
{
    static char name[] = "/dev/console";
    return __toyvm_isatty(file) ? name : NULL;
}
ALSO_NAMED(ttyname);
