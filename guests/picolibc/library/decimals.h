/* Floating-point numbers taken apart, written as decimals and read from text: exact, whatever their format. */
#ifndef TOYVM_DECIMALS_H
#define TOYVM_DECIMALS_H

#include <stddef.h>

typedef unsigned __int128 mantissa;

/* A number: +-bits * 2**exponent, or infinite, or none. */
struct number {
    enum { FINITE, INFINITE, NOT_A_NUMBER } kind;
    int negative;
    mantissa bits;
    int exponent;
};

/* A format of IEEE 754: bits of precision, and the exponents of the largest power of two and of the smallest bit. */
struct format {
    int precision, largest, smallest;
};

struct number __toyvm_apart(long double value);

/* All its decimal digits: room for them, and how many there are; the point stands before that of number `*point`. */
size_t __toyvm_digits_room(struct number number);
int __toyvm_digits(struct number number, char *digits, int *point);

/* The number that a text begins with, as the nearest of a format; `*end` is behind it. errno is ERANGE beyond that. */
long double __toyvm_read_number(const char *text, char **end, struct format format);

#endif
