/* Formatted input, as C has it: on any system the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void integers(void)
{
    int a = 0, b = 0, c = 0, n = -1;
    long l = 0;
    short h = 0;
    signed char hh = 0;
    size_t z = 0;
    unsigned u = 0;
    void *p = NULL;
    int found = sscanf(" 12 -34,+5 0x1F", "%d %i,%d %i%n", &a, &b, &c, (int *)&u, &n);
    printf("%d: %d %d %d %u %d\n", found, a, b, c, u, n);
    found = sscanf("017 0x1f ff 377 99999999999 70000 300 7", "%i %x %X %o %ld %hd %hhd %zu", &a, &u, &b, &c, &l,
                   &h, &hh, &z);
    printf("%d: %d %u %d %d %ld %d %d %zu\n", found, a, u, b, c, l, h, hh, z);
    found = sscanf("123456", "%2d%3d%*d%n", &a, &b, &n);
    printf("%d: %d %d %d\n", found, a, b, n);
    found = sscanf("0xabc", "%p", &p);
    printf("%d: %d\n", found, p == (void *)0xabc);
    printf("%d %d %d", sscanf("x", "%d", &a), sscanf("", "%d", &a), sscanf("  ", "%d", &a));
    printf(" %d\n", sscanf("5 x", "%d%d", &a, &b));
    found = sscanf("50%", "%d%%%n", &a, &n);
    printf("%d %d %d\n", sscanf("-", "%d", &b), found, n);
    printf("%d %d\n", sscanf("a5", "b%d", &a), sscanf("5", "%*d"));
}

static void texts(void)
{
    char one[20] = "", other[20] = "", third[20] = "";
    int n = 0, found = sscanf("  word next-one abc123", "%s %[^-]%*c%[a-z]", one, other, third);
    printf("%d: %s|%s|%s\n", found, one, other, third);
    memset(one, '.', sizeof one);
    found = sscanf("abcdef ]x-", "%3c%c %[]x-]%n", one, third, other, &n);
    printf("%d: %.5s|%c|%s|%d\n", found, one, third[0], other, n);
    found = sscanf("abcdef", "%3s%2s", one, other);
    printf("%d: %s|%s\n", found, one, other);
    printf("%d\n", sscanf("abc", "%[x]", one));
}

static void reals(void)
{
    float f = 0;
    double d = 0, e = 0, g = 0;
    long double l = 0;
    int n = 0, found = sscanf("1.5 -2.25e3 0x1.8p1 .5 1e-2x", "%f %lf %la %lg %Lf%n", &f, &d, &e, &g, &l, &n);
    printf("%d: %g %g %g %g %g %d\n", found, f, d, e, g, (double)l, n);
    found = sscanf("inf -INFINITY 12345678", "%lf %lf %3lf%n", &d, &e, &g, &n);
    printf("%d: %g %g %g %d\n", found, d, e, g, n);
    printf("%d %d %d\n", sscanf("e5", "%lf", &d), sscanf(".", "%lf", &d), sscanf("-", "%lf", &d));
    found = sscanf("3.141592653589793115997963468544185161590576171875", "%lf", &d);
    printf("%d %d\n", found, d == 3.14159265358979323846);
}

int main(void)
{
    char line[40];
    int a, b;
    integers();
    texts();
    reals();
    while (scanf("%d,%d", &a, &b) == 2)
        printf("<%d %d>", a, b);
    int found = scanf("%39[^\n]", line);
    printf(" %d: %s\n", found, line);
    found = scanf("%39s", line);
    printf("%d: %s\n", found, line);
    printf("%d %d\n", scanf("%d", &a), feof(stdin) != 0);
    return 0;
}
