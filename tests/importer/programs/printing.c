/* Formatted output, as C has it: on any system the same, to the last digit. */
#include "random.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

static void integers(void)
{
    printf("%d %i %u %o %x %X %#x %#X %#o %#o|\n", -5, 7, 8u, 8, 255, 255, 255, 255, 8, 0);
    printf("%5d|%-5d|%05d|%+d|% d|%.3d|%8.3d|%-8.3d|%08.3d|%.0d|%5.0d|\n", 42, 42, 42, 42, 42, 7, 7, 7, 7, 0, 0);
    printf("%hhd %hd %ld %lld %zu %td %jd %hhu %hu\n", 300, 70000, -1L, 1LL << 40, (size_t)9, (ptrdiff_t)-3,
           (intmax_t)1 << 50, 300, 70000);
    printf("%*d|%-*d|%*d|%.*d|%.*d|%.*s\n", 6, 1, 6, 1, -6, 1, 4, 1, -1, 1, 2, "xyz");
    printf("%ld %lu %lx\n", INT64_MIN, UINT64_MAX, UINT64_MAX);
}

static void texts(void)
{
    char buffer[10];
    int count;
    long longer;
    signed char shorter;
    printf("%s|%10s|%-10s|%.2s|%10.2s|%c|%5c|%-5c|%%|%p\n", "abc", "abc", "abc", "abc", "abc", 'x', 'y', 'z',
           (void *)0x1234);
    printf("%3$d %1$s %2$5.1f %3$x %1$s %4$*5$d|\n", "one", 2.25, 31, 7, 4);
    printf("abc%n%hhn%ln\n", &count, &shorter, &longer);
    printf("%d %d %ld\n", count, shorter, longer);
    printf("%ls|%8ls|%lc|%.2ls\n", L"wide", L"wide", (wint_t)L'w', L"wide");
    count = snprintf(buffer, 5, "hello %d", 42);
    printf("%d %s %d\n", count, buffer, snprintf(NULL, 0, "%100d", 1));
}

static void reals(void)
{
    double infinite = 1e308 * 10, nothing = 0;
    printf("%.3f %.0f %.0f %.0f %#.0f %f %e %g %G %E\n", 1.0005, 0.5, 1.5, 2.5, 2.0, 1e22, 12345.678, 1e-5, 1e-10,
           1e100);
    printf("%g %g %g %g %g %g %#g %g %.3g %.10g %#.3g\n", 100000., 1000000., 0.0001, 0.00001, 0., 123456789., 1., 0.5,
           1234.5, 1. / 3, 1.);
    printf("%+.2f|% .2f|%010.2f|%-10.2f|%10.2e|%010.2e|%+e\n", 1.5, 1.5, -1.5, 1.5, 1.5, -1.5, 0.);
    printf("%f %F %5f|%-5f|%05f|%+f|% f %e %g %a\n", infinite, -infinite, infinite, infinite, infinite, infinite,
           infinite, -infinite, infinite, infinite);
    printf("%f %F\n", __builtin_nan(""), __builtin_nan(""));
    printf("%.50f|%.99g|%.30e|%.1000f\n", 0.1, 0.1, 1. / 3, 5e-324);
    printf("%a %A %.0a %.1a %.3a %20a|%-20a|%020a|%a %a %a %#.0a\n", 1., 255.5, 1.5, 1.96875, 3.14159, 1., 1., -1.,
           nothing, 5e-324, 2.2250738585072014e-308, 1.);
    printf("%.3Lf|%Lg|%Le|%10.4Lf|%.40Lf|%Lg\n", 1.5L, 3.25L, 1e100L, 2.0L, 0.125L, 1e4000L);
    printf("%f %.3f %g\n", 1.7976931348623157e308, 123456789012345678., 5e-324);
    printf("%.0e %.0e %#.0e %.2g %.1g\n", 15., 25., 1., 99.9, 0.0995);
}

int main(void)
{
    integers();
    texts();
    reals();
    for (int i = 0; i < 150; i++) {
        double value = random_double(), half = (double)(long)(next_random() % 2000000) / 128 - 5000;
        int precision = (int)(next_random() % 25);
        printf("%.*g %.*e %a\n", precision, value, precision, value, value);
        printf("%.*f\n", precision, value < 1e30 && value > -1e30 ? value : 1 / value);
        printf("%.0f %.1f %.2f %.3f %g %.3e\n", half, half, half, half, half, half);
    }
    return 0;
}
