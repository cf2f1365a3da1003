/* What formatted output is made with: a conversion as a format describes it, and where its characters go. */
#ifndef TOYVM_PRINTING_H
#define TOYVM_PRINTING_H

#include "sizes.h"
#include <stdio.h>

enum { LEFT = 1, SIGN = 2, SPACE = 4, ALTERNATIVE = 8, ZEROS = 16, UPPER = 32 };

/* One conversion: `%-*.3lf`. A precision of -1 is none. */
struct conversion {
    int flags, width, precision;
    enum size size;
    char letter;
};

struct output {
    FILE *stream;
    int failed;
    long count;
};

void __toyvm_put(struct output *to, char c);
void __toyvm_put_all(struct output *to, const char *text, long length);
void __toyvm_put_many(struct output *to, char c, long count);

/* A number: sign or base first, zeros, then what the caller puts; spaces around them all, to the width. */
void __toyvm_put_before(struct output *to, const struct conversion *how, const char *prefix, long length);
void __toyvm_put_behind(struct output *to, const struct conversion *how, const char *prefix, long length);

const char *__toyvm_sign_of(const struct conversion *how, int negative);
void __toyvm_put_real(struct output *to, struct conversion *how, long double value);

#endif
