/* Numbers and lines read from text, as C has it: on any system the same, to the last bit. */
#include "random.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const texts[] = {
    "0x", "0x.", "0x.8", "0x1.8p3", "0x1p", "0x1p+", "-0x1P-1074", "0x1p-1075", "0x1.8p-1075", "0x1p1024", "0XAp0x",
    "0x1.fffffffffffff8p1023", "0x1.fffffffffffff7p1023", "0x123456789abcdef0123456789abcdef01p-60",
    "0x1.000000000000080p0",
    "0x1.0000000000000800000000000000000000000000000001p0", "inf", "-INFINITY", "infinit", "nan(12_a)x", "nan(",
    "1e", "1e+",
    "1e999", "1e-999", "-0", "0e5", "  +12.5e-2xyz", ".5", "5.", ".", "", "+", "-.e1", "1e-324", "4.9e-324",
    "2.4703282292062327208e-324", "2.4703282292062328e-324", "1.7976931348623158e308", "1.7976931348623159e308",
    "9007199254740993", "9007199254740992.99999999999999999999999999999999",
    "9007199254740993.0000000000000000000000000000000000000000001", "2.2250738585072011e-308", "0.1",
    "123456789012345678901234567890", "3.4028235677973366e38", "1.4e-45", "7e-46", "1e1000000000000",
    "1e-1000000000000",
    "0.000000000000000000000000000000000000000000001e45", "\t\n 7", "00012", "1_0", "1,5",
};

static void read_as_all(const char *text)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    unsigned long bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%.70s: %016lx %d %d", text, value == value ? bits : 0, (int)(end - text), errno == ERANGE);
    errno = 0;
    float less = strtof(text, &end);
    unsigned fewer;
    memcpy(&fewer, &less, sizeof fewer);
    printf(" %08x %d", less == less ? fewer : 0, errno == ERANGE);
    printf(" %.17g", value == value ? (double)strtold(text, &end) : 0);
    printf(" %d\n", atof(text) == value);
}

int main(void)
{
    char text[200];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        read_as_all(texts[i]);
    for (int i = 0; i < 200; i++) {
        int digits = 1 + (int)(next_random() % 30), length = 0;
        for (int j = 0; j < digits; j++) {
            if (j == digits / 2)
                text[length++] = '.';
            text[length++] = (char)('0' + next_random() % 10);
        }
        sprintf(text + length, "e%d", (int)(next_random() % 660) - 330);
        read_as_all(text);
        unsigned long whole = next_random(), part = next_random();
        sprintf(text, "0x%lx.%lxp%d", whole, part, (int)(next_random() % 2300) - 1170);
        read_as_all(text);
    }
    char *many = malloc(5000);
    memset(many, '9', 4000);
    strcpy(many + 4000, "e-3990");
    many[1] = '.';
    read_as_all(many);
    return 0;
}
