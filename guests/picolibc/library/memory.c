/* Memory: the heap's end for malloc, and pages that are no file's, which are had from malloc. */
#include "system.h"
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* The heap is between `heap_begin`, where brk began, and `heap_end`. */
void *__toyvm_sbrk(ptrdiff_t bytes)
{
    static char *heap_begin, *heap_end;
    if (!heap_end)
        heap_begin = heap_end = (char *)call4(CALL_BRK, 0, 0, 0, 0);
    char *before = heap_end, *after = before + bytes;
    if (after < heap_begin || (char *)call4(CALL_BRK, (long)after, 0, 0, 0) != after) {
        errno = ENOMEM;
        return (void *)-1;
    }
    heap_end = after;
    return before;
}
ALSO_NAMED(sbrk);

int __toyvm_getpagesize(void)
{
    return PAGE;
}
ALSO_NAMED(getpagesize);

/* What is mapped, in a chain: a part of it that is unmapped stays. */
static struct mapping {
    char *pages;
    size_t length;
    struct mapping *next;
} *all_mapped;

void *__toyvm_mmap(void *where, size_t length, int protection, int flags, int file, off_t offset)
{
    (void)where, (void)protection, (void)file, (void)offset;
    errno = length == 0 || flags & MAP_FIXED ? EINVAL : ENODEV;
    if (length == 0 || flags & MAP_FIXED || !(flags & MAP_ANONYMOUS))
        return MAP_FAILED;
    struct mapping *mapping = malloc(sizeof *mapping);
    char *pages = mapping && length <= PTRDIFF_MAX - PAGE ? memalign(PAGE, (length + PAGE - 1) / PAGE * PAGE) : NULL;
    if (!pages) {
        free(mapping);
        errno = ENOMEM;
        return MAP_FAILED;
    }
    *mapping = (struct mapping){pages, length, all_mapped};
    all_mapped = mapping;
    return memset(pages, 0, length);
}
ALSO_NAMED(mmap);

int __toyvm_munmap(void *where, size_t length)
{
    if ((uintptr_t)where % PAGE || length == 0)
        return (int)failure(EINVAL);
    struct mapping **link = &all_mapped;
    while (*link && ((*link)->pages != where || (*link)->length > length))
        link = &(*link)->next;
    struct mapping *found = *link;
    if (found) {
        *link = found->next;
        free(found->pages);
        free(found);
    }
    return 0;
}
ALSO_NAMED(munmap);

int __toyvm_mprotect(void *where, size_t length, int protection)
{
    (void)where, (void)length;
    return (int)result(protection & PROT_EXEC ? -EACCES : 0);
}
ALSO_NAMED(mprotect);

int __toyvm_madvise(void *where, size_t length, int advice)
{
    (void)where, (void)length, (void)advice;
    return 0;
}
ALSO_NAMED(madvise);

int __toyvm_msync(void *where, size_t length, int flags)
{
    (void)where, (void)length, (void)flags;
    return 0;
}
ALSO_NAMED(msync);
