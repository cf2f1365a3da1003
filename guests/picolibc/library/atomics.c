/* Atomic operations of C11, for the one thread that there is: gcc calls these, as rv64im has no instructions. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The compiler has its own idea of these names, so that they are given to functions that are called otherwise. */
#define NAMED(name) __asm__(name) __attribute__((weak))

#define SIZED(n, type)                                                                                               \
    type load_##n(const volatile type *, int) NAMED("__atomic_load_" #n);                                            \
    type load_##n(const volatile type *from, int order)                                                              \
    {                                                                                                                \
        (void)order;                                                                                                 \
        return *from;                                                                                                \
    }                                                                                                                \
    void store_##n(volatile type *, type, int) NAMED("__atomic_store_" #n);                                          \
    void store_##n(volatile type *to, type value, int order)                                                         \
    {                                                                                                                \
        (void)order;                                                                                                 \
        *to = value;                                                                                                 \
    }                                                                                                                \
    bool compare_exchange_##n(volatile type *, type *, type, bool, int, int) NAMED("__atomic_compare_exchange_" #n); \
    bool compare_exchange_##n(volatile type *at, type *expected, type value, bool weak, int order, int failed)       \
    {                                                                                                                \
        (void)weak, (void)order, (void)failed;                                                                       \
        type before = *at;                                                                                           \
        if (before == *expected) {                                                                                   \
            *at = value;                                                                                             \
            return true;                                                                                             \
        }                                                                                                            \
        *expected = before;                                                                                          \
        return false;                                                                                                \
    }                                                                                                                \
    bool bool_swap_##n(volatile type *, type, type) NAMED("__sync_bool_compare_and_swap_" #n);                       \
    bool bool_swap_##n(volatile type *at, type expected, type value)                                                 \
    {                                                                                                                \
        return compare_exchange_##n(at, &expected, value, false, 0, 0);                                              \
    }                                                                                                                \
    type val_swap_##n(volatile type *, type, type) NAMED("__sync_val_compare_and_swap_" #n);                         \
    type val_swap_##n(volatile type *at, type expected, type value)                                                  \
    {                                                                                                                \
        compare_exchange_##n(at, &expected, value, false, 0, 0);                                                     \
        return expected;                                                                                             \
    }                                                                                                                \
    CHANGE(n, type, exchange, "__atomic_exchange_" #n, value, before)                                                \
    CHANGE(n, type, fetch_add, "__atomic_fetch_add_" #n, before + value, before)                                     \
    CHANGE(n, type, fetch_sub, "__atomic_fetch_sub_" #n, before - value, before)                                     \
    CHANGE(n, type, fetch_and, "__atomic_fetch_and_" #n, before & value, before)                                     \
    CHANGE(n, type, fetch_or, "__atomic_fetch_or_" #n, before | value, before)                                       \
    CHANGE(n, type, fetch_xor, "__atomic_fetch_xor_" #n, before ^ value, before)                                     \
    CHANGE(n, type, fetch_nand, "__atomic_fetch_nand_" #n, ~(before & value), before)                                \
    CHANGE(n, type, add_fetch, "__atomic_add_fetch_" #n, before + value, after)                                      \
    CHANGE(n, type, sub_fetch, "__atomic_sub_fetch_" #n, before - value, after)                                      \
    CHANGE(n, type, and_fetch, "__atomic_and_fetch_" #n, before & value, after)                                      \
    CHANGE(n, type, or_fetch, "__atomic_or_fetch_" #n, before | value, after)                                        \
    CHANGE(n, type, xor_fetch, "__atomic_xor_fetch_" #n, before ^ value, after)                                      \
    CHANGE(n, type, nand_fetch, "__atomic_nand_fetch_" #n, ~(before & value), after)                                 \
    CHANGE(n, type, sync_set, "__sync_lock_test_and_set_" #n, value, before)                                         \
    CHANGE(n, type, sync_fetch_add, "__sync_fetch_and_add_" #n, before + value, before)                              \
    CHANGE(n, type, sync_fetch_sub, "__sync_fetch_and_sub_" #n, before - value, before)                              \
    CHANGE(n, type, sync_fetch_and, "__sync_fetch_and_and_" #n, before & value, before)                              \
    CHANGE(n, type, sync_fetch_or, "__sync_fetch_and_or_" #n, before | value, before)                                \
    CHANGE(n, type, sync_fetch_xor, "__sync_fetch_and_xor_" #n, before ^ value, before)                              \
    CHANGE(n, type, sync_fetch_nand, "__sync_fetch_and_nand_" #n, ~(before & value), before)                         \
    CHANGE(n, type, sync_add_fetch, "__sync_add_and_fetch_" #n, before + value, after)                               \
    CHANGE(n, type, sync_sub_fetch, "__sync_sub_and_fetch_" #n, before - value, after)                               \
    CHANGE(n, type, sync_and_fetch, "__sync_and_and_fetch_" #n, before & value, after)                               \
    CHANGE(n, type, sync_or_fetch, "__sync_or_and_fetch_" #n, before | value, after)                                 \
    CHANGE(n, type, sync_xor_fetch, "__sync_xor_and_fetch_" #n, before ^ value, after)                               \
    CHANGE(n, type, sync_nand_fetch, "__sync_nand_and_fetch_" #n, ~(before & value), after)

/* Replaces the value `before` by another, `after`, and gives one of them. `__sync_` functions have no order. */
#define CHANGE(n, type, operation, name, new, given)                                                                 \
    type operation##_##n(volatile type *, type, int) NAMED(name);                                                    \
    type operation##_##n(volatile type *at, type value, int order)                                                   \
    {                                                                                                                \
        (void)order;                                                                                                 \
        type before = *at, after = (type)(new);                                                                      \
        *at = after;                                                                                                 \
        (void)before, (void)value;                                                                                   \
        return given;                                                                                                \
    }

SIZED(1, unsigned char)
SIZED(2, unsigned short)
SIZED(4, unsigned)
SIZED(8, unsigned long)
SIZED(16, unsigned __int128)

/* Objects of any size. */

void load(size_t, const void *, void *, int) NAMED("__atomic_load");
void load(size_t size, const void *from, void *to, int order)
{
    (void)order;
    memcpy(to, from, size);
}

void store(size_t, void *, const void *, int) NAMED("__atomic_store");
void store(size_t size, void *to, const void *from, int order)
{
    (void)order;
    memcpy(to, from, size);
}

void exchange(size_t, void *, const void *, void *, int) NAMED("__atomic_exchange");
void exchange(size_t size, void *at, const void *value, void *before, int order)
{
    (void)order;
    memcpy(before, at, size);
    memcpy(at, value, size);
}

bool compare_exchange(size_t, void *, void *, const void *, int, int) NAMED("__atomic_compare_exchange");
bool compare_exchange(size_t size, void *at, void *expected, const void *value, int order, int failed)
{
    (void)order, (void)failed;
    if (memcmp(at, expected, size) == 0) {
        memcpy(at, value, size);
        return true;
    }
    memcpy(expected, at, size);
    return false;
}

bool is_lock_free(size_t, const volatile void *) NAMED("__atomic_is_lock_free");
bool is_lock_free(size_t size, const volatile void *at)
{
    (void)size, (void)at;
    return true;
}

void synchronize(void) NAMED("__sync_synchronize");
void synchronize(void)
{
}
