/* pack [-d] [-c] FILE...: a compressor. `pack f` makes f.pk of f, `pack -d f.pk` makes f of it again.
 *
 *   -d  the other way   -c  to standard output, of files that stay; without files of standard input
 *
 * What repeats within the last 32 KiB is said by distance and length (LZ77); literals and these are bits, in groups of
 * eight: a byte of flags, then for each a literal, or two bytes of distance and one of length. A file begins with
 * "PACK1", the size in eight bytes, and ends with a checksum of what was packed (CRC-32), which unpacking verifies.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef unsigned char byte;

enum { WINDOW = 32768, SHORTEST = 4, LONGEST = SHORTEST + 255, CHAINS = 1 << 13, PATIENCE = 32 };
enum { MAGIC = 5, HEAD = MAGIC + 8 };

struct buffer {
    byte *data;
    size_t size, room;
};

static const char *name;

static void fail(const char *what)
{
    fprintf(stderr, "pack: %s: %s\n", name, what);
    exit(1);
}

static void put(struct buffer *to, byte value)
{
    if (to->size == to->room) {
        to->data = realloc(to->data, to->room = to->room ? to->room * 2 : 4096);
        if (!to->data)
            fail("no memory left");
    }
    to->data[to->size++] = value;
}

static void put_number(struct buffer *to, unsigned long value, int bytes)
{
    for (; bytes; bytes--, value >>= 8)
        put(to, (byte)value);
}

static unsigned long number_at(const byte *from, int bytes)
{
    unsigned long value = 0;
    while (bytes--)
        value = value << 8 | from[bytes];
    return value;
}

static unsigned checksum(const byte *data, size_t size)
{
    unsigned sum = ~0u;
    for (size_t i = 0; i < size; i++) {
        sum ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum;
}

/* Packing. */

static unsigned chain_of(const byte *at)
{
    return (at[0] | at[1] << 8 | at[2] << 16 | (unsigned)at[3] << 24) * 2654435761u >> (32 - 13);
}

static size_t length_of_match(const byte *one, const byte *other, size_t limit)
{
    size_t length = 0;
    while (length < limit && one[length] == other[length])
        length++;
    return length;
}

static void pack(const struct buffer *from, struct buffer *to)
{
    static long heads[CHAINS], before[WINDOW]; /* places of equal beginnings, the last first; 1 more than they are */
    size_t flags = 0;
    int bit = 8;
    memset(heads, 0, sizeof heads);
    for (size_t at = 0; at < from->size;) {
        size_t best = 0, distance = 0, limit = from->size - at < LONGEST ? from->size - at : LONGEST;
        if (limit >= SHORTEST) {
            long place = heads[chain_of(from->data + at)];
            for (int tries = PATIENCE; tries && place && at - (size_t)(place - 1) < WINDOW; tries--) {
                size_t length = length_of_match(from->data + place - 1, from->data + at, limit);
                if (length > best)
                    best = length, distance = at - (size_t)(place - 1);
                long earlier = before[(place - 1) % WINDOW];
                place = earlier < place ? earlier : 0;
            }
        }
        if (bit == 8) {
            bit = 0;
            flags = to->size;
            put(to, 0);
        }
        size_t step = best >= SHORTEST ? best : 1;
        if (step > 1) {
            to->data[flags] |= (byte)(1 << bit);
            put_number(to, distance, 2);
            put(to, (byte)(best - SHORTEST));
        } else {
            put(to, from->data[at]);
        }
        bit++;
        for (; step; step--, at++)
            if (from->size - at >= SHORTEST) {
                unsigned chain = chain_of(from->data + at);
                before[at % WINDOW] = heads[chain];
                heads[chain] = (long)at + 1;
            }
    }
}

static void pack_file(const struct buffer *from, struct buffer *to)
{
    for (const char *magic = "PACK1"; *magic; magic++)
        put(to, (byte)*magic);
    put_number(to, from->size, 8);
    pack(from, to);
    put_number(to, checksum(from->data, from->size), 4);
}

/* Unpacking: nothing that a damaged file says is believed. */
static void unpack_file(const struct buffer *from, struct buffer *to)
{
    const char *damaged = "is damaged";
    if (from->size < HEAD + 4 || memcmp(from->data, "PACK1", MAGIC))
        fail("is no packed file");
    size_t size = number_at(from->data + MAGIC, 8), end = from->size - 4;
    unsigned flags = 0;
    for (size_t at = HEAD, bit = 8; to->size < size; bit++) {
        if (bit == 8) {
            if (at >= end)
                fail(damaged);
            flags = from->data[at++];
            bit = 0;
        }
        if (flags >> bit & 1) {
            if (at + 3 > end)
                fail(damaged);
            size_t distance = number_at(from->data + at, 2), length = from->data[at + 2] + SHORTEST;
            if (!distance || distance > to->size || length > size - to->size)
                fail(damaged);
            for (; length; length--)
                put(to, to->data[to->size - distance]);
            at += 3;
        } else {
            if (at >= end)
                fail(damaged);
            put(to, from->data[at++]);
        }
    }
    if (checksum(to->data, to->size) != number_at(from->data + end, 4))
        fail("is damaged: its checksum is wrong");
}

/* Files. */

static void read_all(FILE *from, struct buffer *to)
{
    byte part[4096];
    for (size_t got; (got = fread(part, 1, sizeof part, from)) > 0;)
        for (size_t i = 0; i < got; i++)
            put(to, part[i]);
    if (ferror(from))
        fail(strerror(errno));
}

static void write_all(FILE *to, const struct buffer *from)
{
    if (fwrite(from->data, 1, from->size, to) < from->size || fflush(to))
        fail(strerror(errno));
}

static void convert(FILE *from, FILE *to, int unpacks)
{
    struct buffer in = {0}, out = {0};
    read_all(from, &in);
    (unpacks ? unpack_file : pack_file)(&in, &out);
    write_all(to, &out);
    free(in.data);
    free(out.data);
}

/* The new name, or NULL for a file that has none. */
static const char *other_name(int unpacks)
{
    static char other[256];
    size_t length = strlen(name);
    if (!unpacks)
        return snprintf(other, sizeof other, "%s.pk", name) < (int)sizeof other ? other : NULL;
    if (length < 4 || length > sizeof other || strcmp(name + length - 3, ".pk"))
        return NULL;
    snprintf(other, sizeof other, "%.*s", (int)length - 3, name);
    return other;
}

static void replace(FILE *from, int unpacks)
{
    struct stat status;
    const char *other = other_name(unpacks);
    if (!other)
        fail("has no name that ends in .pk");
    if (stat(other, &status) == 0)
        fail("its other name is there already");
    FILE *to = fopen(other, "wb");
    if (!to)
        fail(strerror(errno));
    convert(from, to, unpacks);
    if (fstat(fileno(from), &status) == 0)
        fchmod(fileno(to), status.st_mode & 07777);
    if (fsync(fileno(to)) < 0 || fclose(to) || unlink(name) < 0)
        fail(strerror(errno));
}

int main(int argc, char **argv)
{
    int unpacks = 0, to_output = 0;
    for (int option; (option = getopt(argc, argv, "dc")) != -1;)
        switch (option) {
        case 'd': unpacks = 1; break;
        case 'c': to_output = 1; break;
        default: fprintf(stderr, "usage: pack [-d] [-c] [FILE...]\n"); return 2;
        }
    name = "standard input";
    if (optind == argc)
        convert(stdin, stdout, unpacks);
    for (int i = optind; i < argc; i++) {
        FILE *from = fopen(name = argv[i], "rb");
        if (!from)
            fail(strerror(errno));
        if (to_output)
            convert(from, stdout, unpacks);
        else
            replace(from, unpacks);
        fclose(from);
    }
    return 0;
}
