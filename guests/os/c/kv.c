/* kv STORE put KEY VALUE | get KEY | del KEY | list [PREFIX] | compact | check: a store of keys and values in a file.
 *
 * Every change is a record at the end of the file, with a checksum, on the disk before the command ends; the last record
 * of a key counts. A record that a power cut left half written ends the file, and is cut off by the next change.
 * `compact` keeps what counts, in a new file that takes the old one's place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 1 << 20, BUCKETS = 1024 };
enum kind { PUT = 1, DELETE };

/* In front of key and value. */
struct head {
    unsigned checksum, kind, key, value; /* of all that follows the checksum; lengths */
};

struct pair {
    struct pair *next;
    char *key, *value;
    unsigned key_length, value_length;
};

static struct pair *buckets[BUCKETS];
static const char *path;
static long end;      /* of the records that are whole */
static long records, pairs;

static void fail(const char *what)
{
    fprintf(stderr, "kv: %s: %s\n", path, what);
    exit(2);
}

static void *checked(void *memory)
{
    if (!memory)
        fail("no memory left");
    return memory;
}

/* FNV-1a. */
static unsigned hash(unsigned before, const void *data, size_t length)
{
    for (const unsigned char *byte = data; length; length--, byte++)
        before = (before ^ *byte) * 16777619;
    return before;
}

static unsigned checksum_of(const struct head *head, const char *key, const char *value)
{
    unsigned sum = hash(2166136261u, &head->kind, sizeof *head - sizeof head->checksum);
    return hash(hash(sum, key, head->key), value, head->value);
}

/* Where the pair of a key is, or would be. */
static struct pair **place_of(const char *key, unsigned length)
{
    struct pair **place = buckets + hash(2166136261u, key, length) % BUCKETS;
    while (*place && ((*place)->key_length != length || memcmp((*place)->key, key, length)))
        place = &(*place)->next;
    return place;
}

static void forget(struct pair **place)
{
    struct pair *pair = *place;
    *place = pair->next;
    free(pair->key);
    free(pair);
    pairs--;
}

/* `key` is followed by the value, in memory that is the pair's from now on. */
static void remember(char *key, const struct head *head)
{
    struct pair **place = place_of(key, head->key);
    if (*place)
        forget(place);
    if (head->kind == DELETE) {
        free(key);
        return;
    }
    struct pair *pair = checked(malloc(sizeof *pair));
    *pair = (struct pair){*place, key, key + head->key, head->key, head->value};
    *place = pair;
    pairs++;
}

/* Every record that is whole; a file that is not there is an empty store. */
static void load(void)
{
    FILE *from = fopen(path, "rb");
    struct head head;
    if (!from && errno != ENOENT)
        fail(strerror(errno));
    while (from && fread(&head, sizeof head, 1, from) == 1) {
        if (head.key > LONGEST || head.value > LONGEST || (head.kind != PUT && head.kind != DELETE))
            break;
        char *data = checked(malloc((size_t)head.key + head.value + 1));
        if (fread(data, 1, head.key + head.value, from) < head.key + head.value ||
            checksum_of(&head, data, data + head.key) != head.checksum) {
            free(data);
            break;
        }
        end += (long)(sizeof head + head.key + head.value);
        records++;
        remember(data, &head);
    }
    if (from)
        fclose(from);
}

static void write_record(FILE *to, enum kind kind, const char *key, unsigned key_length, const char *value, unsigned length)
{
    struct head head = {0, kind, key_length, length};
    head.checksum = checksum_of(&head, key, value);
    fwrite(&head, sizeof head, 1, to);
    fwrite(key, 1, key_length, to);
    fwrite(value, 1, length, to);
}

static void finish(FILE *file)
{
    if (fflush(file) || ferror(file) || fsync(fileno(file)) < 0 || fclose(file))
        fail(strerror(errno));
}

static void append(enum kind kind, const char *key, const char *value)
{
    int file = open(path, O_RDWR | O_CREAT, 0644);
    if (strlen(key) > LONGEST || strlen(value) > LONGEST)
        fail("a key or value is longer than 1 MiB");
    if (file < 0 || ftruncate(file, end) < 0 || lseek(file, end, SEEK_SET) < 0)
        fail(strerror(errno));
    FILE *to = fdopen(file, "r+b");
    if (!to)
        fail(strerror(errno));
    write_record(to, kind, key, (unsigned)strlen(key), value, (unsigned)strlen(value));
    finish(to);
}

static void compact(void)
{
    char draft[256];
    snprintf(draft, sizeof draft, "%s.new", path);
    FILE *to = fopen(draft, "wb");
    if (!to)
        fail(strerror(errno));
    for (int i = 0; i < BUCKETS; i++)
        for (struct pair *pair = buckets[i]; pair; pair = pair->next)
            write_record(to, PUT, pair->key, pair->key_length, pair->value, pair->value_length);
    finish(to);
    if (rename(draft, path) < 0)
        fail(strerror(errno));
    printf("%ld records, of which %ld stay\n", records, pairs);
}

static int compare(const void *one, const void *other)
{
    const struct pair *first = *(struct pair *const *)one, *second = *(struct pair *const *)other;
    unsigned both = first->key_length < second->key_length ? first->key_length : second->key_length;
    int order = memcmp(first->key, second->key, both);
    return order ? order : (first->key_length > second->key_length) - (first->key_length < second->key_length);
}

static void list(const char *prefix)
{
    struct pair **all = checked(malloc((size_t)(pairs + 1) * sizeof *all));
    size_t count = 0, length = strlen(prefix);
    for (int i = 0; i < BUCKETS; i++)
        for (struct pair *pair = buckets[i]; pair; pair = pair->next)
            if (pair->key_length >= length && memcmp(pair->key, prefix, length) == 0)
                all[count++] = pair;
    if (count)
        qsort(all, count, sizeof *all, compare);
    for (size_t i = 0; i < count; i++)
        printf("%.*s = %.*s\n", (int)all[i]->key_length, all[i]->key, (int)all[i]->value_length, all[i]->value);
    free(all);
}

static int check(void)
{
    FILE *file = fopen(path, "rb");
    long size = 0;
    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    printf("%ld records, %ld pairs, %ld bytes", records, pairs, end);
    printf(size > end ? ", and %ld that are no whole record\n" : "\n", size - end);
    return size > end;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 2 ? argv[2] : "";
    if (argc > 1) {
        path = argv[1];
        load();
    }
    if (argc == 5 && strcmp(verb, "put") == 0) {
        append(PUT, argv[3], argv[4]);
    } else if (argc == 4 && strcmp(verb, "get") == 0) {
        struct pair *pair = *place_of(argv[3], (unsigned)strlen(argv[3]));
        if (!pair)
            return 1;
        printf("%.*s\n", (int)pair->value_length, pair->value);
    } else if (argc == 4 && strcmp(verb, "del") == 0) {
        if (!*place_of(argv[3], (unsigned)strlen(argv[3])))
            return 1;
        append(DELETE, argv[3], "");
    } else if (argc <= 4 && strcmp(verb, "list") == 0) {
        list(argc == 4 ? argv[3] : "");
    } else if (argc == 3 && strcmp(verb, "compact") == 0) {
        compact();
    } else if (argc == 3 && strcmp(verb, "check") == 0) {
        return check();
    } else {
        fprintf(stderr, "usage: kv STORE put KEY VALUE | get KEY | del KEY | list [PREFIX] | compact | check\n");
        return 2;
    }
    return 0;
}
