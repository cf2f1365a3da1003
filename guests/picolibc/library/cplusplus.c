/* What g++ asks of its library where the toolchain has none: new and delete, and the names that classes refer to. */
#include <stdlib.h>

__attribute__((weak)) void *__dso_handle;

/* new and new[]: without exceptions there is nobody to tell that memory is short. */
static void *allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        abort();
    return memory;
}

static void *allocate_or_null(size_t size)
{
    return malloc(size ? size : 1);
}

#define NEW(name, function) __attribute__((weak, alias(#function))) void *name(size_t size);
#define DELETE(name) __attribute__((weak)) void name(void *memory) { free(memory); }

NEW(_Znwm, allocate)
NEW(_Znam, allocate)
NEW(_ZnwmRKSt9nothrow_t, allocate_or_null)
NEW(_ZnamRKSt9nothrow_t, allocate_or_null)
DELETE(_ZdlPv)
DELETE(_ZdaPv)
DELETE(_ZdlPvm)
DELETE(_ZdaPvm)
DELETE(_ZdlPvRKSt9nothrow_t)
DELETE(_ZdaPvRKSt9nothrow_t)

__attribute__((weak)) void __cxa_pure_virtual(void)
{
    abort();
}

/* Variables of a function that are made when it is first called. */
__attribute__((weak)) int __cxa_guard_acquire(char *guard)
{
    return !*guard;
}

__attribute__((weak)) void __cxa_guard_release(char *guard)
{
    *guard = 1;
}

__attribute__((weak)) void __cxa_guard_abort(char *guard)
{
    (void)guard;
}

/* What every class with a virtual function refers to, for typeid and dynamic_cast, which are not here. */
#define TYPE_INFORMATION(name) __attribute__((weak)) void *name[8];

TYPE_INFORMATION(_ZTVN10__cxxabiv117__class_type_infoE)
TYPE_INFORMATION(_ZTVN10__cxxabiv120__si_class_type_infoE)
TYPE_INFORMATION(_ZTVN10__cxxabiv121__vmi_class_type_infoE)
