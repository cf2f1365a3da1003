/* Start of a picolibc program on the supervisor, or on Linux: from the initial stack to main, and out by exit. */
#include <stdlib.h>

extern char **environ;
extern void __libc_init_array(void);
int main(int argc, char **argv, char **environment);

/* The linker script has made room for this, the only thread's storage, and put its first contents there. */
__asm__(".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
        ".option push\n"
        ".option norelax\n"
        "    la   gp, __global_pointer$\n"
        ".option pop\n"
        "    la   tp, __tls_base\n"
        "    mv   a0, sp\n"
        "    li   ra, 0\n"
        "    j    __toyvm_start\n"
        ".size _start, . - _start\n");

/* The stack begins with the count of arguments, the arguments and NULL, the environment and NULL. */
__attribute__((noreturn)) void __toyvm_start(long *stack)
{
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    environ = argv + argc + 1;
    __libc_init_array();
    exit(main(argc, argv, environ));
}
