/* Days to dates and back, written as text and read: divisions by constants, small tables, remainders. */
#include "program.h"

struct date {
    int32_t year;
    uint8_t month, day; /* from 1 */
};

static int is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int32_t length_of(int32_t year, int month)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return lengths[month - 1] + (month == 2 && is_leap(year));
}

/* Days since the first of January of the year 1. */
static int32_t days_before(int32_t year)
{
    int32_t past = year - 1;
    return 365 * past + past / 4 - past / 100 + past / 400;
}

static int32_t to_days(const struct date *date)
{
    int32_t days = days_before(date->year) + date->day - 1;
    for (int month = 1; month < date->month; month++)
        days += length_of(date->year, month);
    return days;
}

static struct date to_date(int32_t days)
{
    struct date date = {days / 366 + 1, 1, 1};
    while (days_before(date.year + 1) <= days)
        date.year++;
    days -= days_before(date.year);
    for (; days >= length_of(date.year, date.month); date.month++)
        days -= length_of(date.year, date.month);
    date.day = (uint8_t)(date.day + days);
    return date;
}

static char *write_digits(char *to, int32_t value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + count;
}

static void write_date(char *to, const struct date *date)
{
    to = write_digits(to, date->year, 4);
    *to++ = '-';
    to = write_digits(to, date->month, 2);
    *to++ = '-';
    *write_digits(to, date->day, 2) = 0;
}

static int32_t read_number(const char **from)
{
    int32_t value = 0;
    for (; **from && **from != '-'; ++*from)
        value = 10 * value + (**from - '0');
    *from += **from == '-';
    return value;
}

static struct date read_date(const char *from)
{
    struct date date = {.year = read_number(&from)};
    date.month = (uint8_t)read_number(&from);
    date.day = (uint8_t)read_number(&from);
    return date;
}

uint64_t program(uint32_t scale)
{
    char text[16];
    uint64_t check = 0;
    uint32_t random = 149;
    for (uint32_t i = 0; i < 100 * scale; i++) {
        int32_t days = (int32_t)(next_random(&random) % 900000);
        struct date date = to_date(days);
        write_date(text, &date);
        date = read_date(text);
        if (to_days(&date) != days)
            return 0;
        check = mixed(check, (uint64_t)((days + 1) % 7 + date.day + text[3]));
    }
    return check;
}
