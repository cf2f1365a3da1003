/* Sizes: what a conversion of printf or scanf says of its argument's type, as in `%hhd` and `%Lf`. */
#ifndef TOYVM_SIZES_H
#define TOYVM_SIZES_H

enum size { INT, CHAR, SHORT, LONG, LONG_DOUBLE };

static inline enum size read_size(const char **at)
{
    switch (*(*at)++) {
    case 'h':
        if (**at != 'h')
            return SHORT;
        ++*at;
        return CHAR;
    case 'l':
        if (**at == 'l')
            ++*at;
        return LONG;
    case 'j':
    case 'z':
    case 't':
        return LONG;
    case 'L':
        return LONG_DOUBLE;
    default:
        --*at;
        return INT;
    }
}

#endif
