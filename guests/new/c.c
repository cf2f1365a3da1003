/* NAME: a C program, compiled for RISC-V and run on the T64 word for word.

   riscv64-unknown-elf-gcc -O2 -g $(toyvm import --flags) NAME.c -o NAME.elf
   toyvm run NAME.elf                     on the bare machine
   toyvm run NAME.elf --technique trap    under a monitor
   toyvm lab NAME.elf                     timed as a whole on every technique  */

#include <stdio.h>

static int is_prime(int number) {
    for (int divisor = 2; divisor * divisor <= number; divisor++)
        if (number % divisor == 0)
            return 0;
    return number > 1;
}

int main(void) {
    int count = 0;
    for (int number = 0; number < 10000; number++)
        count += is_prime(number);
    printf("Hello from NAME! There are %d primes below 10000.\n", count);
    return 0;
}
