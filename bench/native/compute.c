/* guests/workloads/compute.s in C: the native side of the pair that says what interpretation costs.
 *
 * Called as `compute ROUNDS`, it prints the CPU nanoseconds that the rounds took, and ends with 1 if a checksum is wrong.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIEVE_SIZE = 4096, CRC_SIZE = 256, MATRIX_SIDE = 12, SORT_COUNT = 256, TEXT_COUNT = 100, FIB_OF = 11 };

static const uint64_t CHECKSUM = 0x4a221f5eecaf0593, FNV_PRIME = 0x100000001b3;

static union {
    uint8_t bytes[SIEVE_SIZE];
    int64_t values[SORT_COUNT];
    struct {
        uint64_t a[MATRIX_SIDE][MATRIX_SIDE], b[MATRIX_SIDE][MATRIX_SIDE];
    } matrices;
} buffers;

/* Knuth's linear congruential generator. */
static uint64_t next_value(uint64_t value) { return value * 6364136223846793005u + 1442695040888963407u; }

static uint64_t sieve(void)
{
    uint64_t count = 0;
    memset(buffers.bytes, 0, SIEVE_SIZE);
    for (uint64_t candidate = 2; candidate < SIEVE_SIZE; candidate++) {
        if (buffers.bytes[candidate])
            continue;
        count++;
        for (uint64_t multiple = candidate * candidate; multiple < SIEVE_SIZE; multiple += candidate)
            buffers.bytes[multiple] = 1;
    }
    return count;
}

static uint64_t crc(void)
{
    uint64_t value = 1, sum = 0xffffffff;
    for (int i = 0; i < CRC_SIZE; i++) {
        value = next_value(value);
        buffers.bytes[i] = (uint8_t)(value >> 56);
    }
    for (int i = 0; i < CRC_SIZE; i++) {
        sum ^= buffers.bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (-(sum & 1) & 0xedb88320);
    }
    return sum ^ 0xffffffff;
}

static uint64_t matrix(void)
{
    uint64_t all = 0;
    for (uint64_t i = 0; i < MATRIX_SIDE; i++)
        for (uint64_t j = 0; j < MATRIX_SIDE; j++) {
            buffers.matrices.a[i][j] = 13 * i + 7 * j + 1;
            buffers.matrices.b[i][j] = (i ^ j) + 3;
        }
    for (int i = 0; i < MATRIX_SIDE; i++)
        for (int j = 0; j < MATRIX_SIDE; j++) {
            uint64_t sum = 0;
            for (int k = 0; k < MATRIX_SIDE; k++)
                sum += buffers.matrices.a[i][k] * buffers.matrices.b[k][j];
            all ^= sum;
        }
    return all;
}

/* Shell's sort, gaps halved. */
static uint64_t sort(void)
{
    uint64_t value = 1, sum = 0;
    for (int i = 0; i < SORT_COUNT; i++) {
        value = next_value(value);
        buffers.values[i] = (int64_t)value;
    }
    for (int gap = SORT_COUNT / 2; gap; gap /= 2)
        for (int i = gap; i < SORT_COUNT; i++) {
            int64_t element = buffers.values[i];
            int place = i;
            for (; place >= gap && buffers.values[place - gap] > element; place -= gap)
                buffers.values[place] = buffers.values[place - gap];
            buffers.values[place] = element;
        }
    for (int i = 0; i < SORT_COUNT; i++)
        sum += (uint64_t)i * (uint64_t)buffers.values[i];
    return sum;
}

static uint64_t text(void)
{
    uint64_t hash = 0xcbf29ce484222325, number = 0;
    for (int i = 0; i < TEXT_COUNT; i++, number += 7919) {
        uint8_t *end = buffers.bytes + 32, *digit = end;
        uint64_t rest = number;
        do
            *--digit = (uint8_t)('0' + rest % 10);
        while (rest /= 10);
        while (digit < end)
            hash = (hash ^ *digit++) * FNV_PRIME;
    }
    return hash;
}

/* noinline and the asm keep the compiler from folding the calls that the guest makes too. */
static __attribute__((noinline)) uint64_t fibonacci(uint64_t n)
{
    __asm__ volatile("" : "+r"(n));
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint64_t round_of_all(void)
{
    uint64_t (*const parts[])(void) = {sieve, crc, matrix, sort, text};
    uint64_t checksum = 0;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        checksum = checksum * FNV_PRIME + parts[i]();
    return checksum * FNV_PRIME + fibonacci(FIB_OF);
}

int main(int count, char **arguments)
{
    long rounds = count > 1 ? atol(arguments[1]) : 1;
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (long i = 0; i < rounds; i++)
        if (round_of_all() != CHECKSUM)
            return 1;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    printf("%lld\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
    return 0;
}
