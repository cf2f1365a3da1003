/* tar c|x|t[v]f ARCHIVE [FILE...]: an archiver, of the format that POSIX calls ustar; - is standard input or output.
 *
 *   c  make an archive of files and of all that is in directories   x  take them out again   t  list them   v  name each
 *
 * Names with .. in them, and absolute ones, are not taken out: what is in an archive comes from somebody else.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

enum { BLOCK = 512, NAME = 100, PREFIX = 155, PATH = NAME + PREFIX + 2 };

struct header {
    char name[NAME], mode[8], user[8], group[8], size[12], time[12], checksum[8], type, link[NAME], magic[6], version[2],
        user_name[32], group_name[32], major[8], minor[8], prefix[PREFIX], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static FILE *archive;
static const char *archive_name;
static int talks, status;

static void say(const char *what, const char *why)
{
    fprintf(stderr, "tar: %s: %s\n", what, why);
    status = 1;
}

static void fail(const char *what, const char *why)
{
    say(what, why);
    exit(2);
}

static void put_number(char *field, int size, unsigned long value)
{
    snprintf(field, (size_t)size, "%0*lo", size - 1, value);
}

static unsigned long number(const char *field, int size)
{
    char text[13] = "";
    memcpy(text, field, (size_t)size);
    return strtoul(text, NULL, 8);
}

/* The sum of a header's bytes, with spaces in place of the sum itself. */
static unsigned long sum_of(const struct header *header)
{
    struct header copy = *header;
    unsigned long sum = 0;
    memset(copy.checksum, ' ', sizeof copy.checksum);
    for (int i = 0; i < BLOCK; i++)
        sum += ((unsigned char *)&copy)[i];
    return sum;
}

static void write_block(const void *block)
{
    if (fwrite(block, BLOCK, 1, archive) != 1)
        fail(archive_name, strerror(errno));
}

/* Making. */

/* A long name is divided at a slash. 0: it is too long for that. */
static int set_name(struct header *header, const char *path)
{
    size_t length = strlen(path);
    if (length <= NAME) {
        memcpy(header->name, path, length);
        return 1;
    }
    for (size_t i = length - NAME - 1; i <= PREFIX && path[i]; i++)
        if (path[i] == '/') {
            memcpy(header->prefix, path, i);
            memcpy(header->name, path + i + 1, length - i - 1);
            return 1;
        }
    return 0;
}

static void add_contents(const char *path, unsigned long size)
{
    char block[BLOCK];
    FILE *from = fopen(path, "rb");
    for (; size; size -= size < BLOCK ? size : BLOCK) {
        memset(block, 0, BLOCK);
        if (from && !fread(block, 1, size < BLOCK ? size : BLOCK, from)) {
            say(path, "has become shorter meanwhile");
            fclose(from);
            from = NULL;
        }
        write_block(block);
    }
    if (from)
        fclose(from);
}

static void add(const char *path);

static void add_directory(const char *path)
{
    char below[PATH + NAME];
    DIR *directory = opendir(path);
    if (!directory) {
        say(path, strerror(errno));
        return;
    }
    for (struct dirent *row; (row = readdir(directory));)
        if (strcmp(row->d_name, ".") && strcmp(row->d_name, "..")) {
            snprintf(below, sizeof below, "%s/%s", path, row->d_name);
            add(below);
        }
    closedir(directory);
}

static void add(const char *path)
{
    struct header header = {.magic = "ustar", .version = {'0', '0'}, .type = '0'};
    struct stat file;
    char named[PATH + NAME + 1];
    if (lstat(path, &file) < 0 || access(path, S_ISREG(file.st_mode) ? R_OK : F_OK) < 0) {
        if (errno != ENOENT || !S_ISLNK(file.st_mode)) {
            say(path, strerror(errno));
            return;
        }
    }
    snprintf(named, sizeof named, "%s%s", path + strspn(path, "/"), S_ISDIR(file.st_mode) ? "/" : "");
    if (!set_name(&header, named)) {
        say(path, "has too long a name");
        return;
    }
    unsigned long size = S_ISREG(file.st_mode) ? (unsigned long)file.st_size : 0;
    if (S_ISDIR(file.st_mode)) {
        header.type = '5';
    } else if (S_ISLNK(file.st_mode)) {
        header.type = '2';
        if (readlink(path, header.link, NAME) < 0)
            say(path, strerror(errno));
    } else if (!S_ISREG(file.st_mode)) {
        say(path, "is a device or pipe, and left out");
        return;
    }
    put_number(header.mode, 8, file.st_mode & 07777);
    put_number(header.user, 8, file.st_uid);
    put_number(header.group, 8, file.st_gid);
    put_number(header.size, 12, size);
    put_number(header.time, 12, (unsigned long)file.st_mtime);
    put_number(header.checksum, 7, sum_of(&header));
    header.checksum[7] = ' ';
    write_block(&header);
    if (talks)
        fprintf(archive == stdout ? stderr : stdout, "%s\n", named);
    if (size)
        add_contents(path, size);
    if (S_ISDIR(file.st_mode))
        add_directory(path);
}

static void make(char **paths, int count)
{
    static const char zeros[BLOCK];
    for (int i = 0; i < count; i++)
        add(paths[i]);
    write_block(zeros);
    write_block(zeros);
    if (fflush(archive))
        fail(archive_name, strerror(errno));
}

/* Taking out. */

static int is_safe(const char *path)
{
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || !part[2]))
            return 0;
    }
    return path[0] && path[0] != '/';
}

/* The directories of a path, as far as they are not there. */
static void make_parents(char *path)
{
    for (char *slash = path; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
}

static void pass(unsigned long size, FILE *to)
{
    char block[BLOCK];
    for (; size; size -= size < BLOCK ? size : BLOCK) {
        if (fread(block, BLOCK, 1, archive) != 1)
            fail(archive_name, "ends within a file");
        if (to)
            fwrite(block, 1, size < BLOCK ? size : BLOCK, to);
    }
}

static void take_out(const struct header *header, char *path, unsigned long size)
{
    mode_t mode = (mode_t)number(header->mode, 8) & 07777;
    time_t time = (time_t)number(header->time, 12);
    char link[NAME + 1] = "";
    make_parents(path);
    if (header->type == '5') {
        path[strlen(path) - (path[strlen(path) - 1] == '/')] = 0;
        if (mkdir(path, mode | 0700) < 0 && errno != EEXIST)
            say(path, strerror(errno));
        return;
    }
    unlink(path);
    if (header->type == '2') {
        memcpy(link, header->link, NAME);
        if (symlink(link, path) < 0)
            say(path, strerror(errno));
        return;
    }
    FILE *to = fopen(path, "wb");
    if (!to)
        say(path, strerror(errno));
    pass(size, to);
    if (to) {
        fchmod(fileno(to), mode);
        if (fclose(to))
            say(path, strerror(errno));
        utime(path, &(struct utimbuf){time, time});
    }
}

static void print_entry(const struct header *header, const char *path)
{
    if (talks)
        printf("%c%04lo %10lu ", header->type == '5' ? 'd' : header->type == '2' ? 'l' : '-', number(header->mode, 8),
               number(header->size, 12));
    printf("%s\n", path);
}

static int is_wanted(const char *path, char **wanted, int count)
{
    for (int i = 0; i < count; i++) {
        size_t length = strlen(wanted[i]);
        if (strncmp(path, wanted[i], length) == 0 && (!path[length] || path[length] == '/'))
            return 1;
    }
    return !count;
}

static void read_archive(int lists, char **wanted, int count)
{
    struct header header;
    size_t got;
    int is_first = 1;
    while ((got = fread(&header, 1, BLOCK, archive)) == BLOCK && header.name[0]) {
        char path[PATH];
        is_first = 0;
        if (memcmp(header.magic, "ustar", 5) || number(header.checksum, 8) != sum_of(&header))
            fail(archive_name, "is no archive, or damaged");
        int prefix = (int)strnlen(header.prefix, PREFIX), length = (int)strnlen(header.name, NAME);
        snprintf(path, sizeof path, "%.*s%s%.*s", prefix, header.prefix, prefix ? "/" : "", length, header.name);
        unsigned long size = header.type == '0' || !header.type ? number(header.size, 12) : 0;
        int takes = !lists && is_wanted(path, wanted, count);
        if (lists ? is_wanted(path, wanted, count) : takes && talks)
            lists ? print_entry(&header, path) : (void)puts(path);
        if (takes && !is_safe(path)) {
            say(path, "leads out of here, and is left in");
            takes = 0;
        }
        if (takes)
            take_out(&header, path, size);
        else
            pass(size, NULL);
    }
    if (ferror(archive))
        fail(archive_name, strerror(errno));
    if (got != BLOCK && (got || is_first))
        fail(archive_name, "is no archive, or damaged");
}

static void open_archive(const char *path, int makes)
{
    archive_name = path;
    if (strcmp(path, "-") == 0)
        archive = makes ? stdout : stdin;
    else
        archive = fopen(path, makes ? "wb" : "rb");
    if (!archive)
        fail(path, strerror(errno));
}

int main(int argc, char **argv)
{
    const char *letters = argc > 2 ? argv[1] + (argv[1][0] == '-') : "";
    char verb = letters[0];
    if (!verb || !strchr("cxt", verb) || !strchr(letters, 'f') || (verb == 'c' && argc < 4)) {
        fprintf(stderr, "usage: tar c|x|t[v]f ARCHIVE [FILE...]\n");
        return 2;
    }
    talks = strchr(letters, 'v') != NULL;
    open_archive(argv[2], verb == 'c');
    if (verb == 'c')
        make(argv + 3, argc - 3);
    else
        read_archive(verb == 't', argv + 3, argc - 3);
    if (fclose(archive))
        fail(archive_name, strerror(errno));
    return status;
}
