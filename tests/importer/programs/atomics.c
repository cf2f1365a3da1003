/* Atomic operations of C11, and gcc's older ones, at every size; the output is the same on any machine. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static void say(long value)
{
    printf(" %ld", value);
}

#define TRY(type)                                                                                                    \
    do {                                                                                                             \
        _Atomic type at = 200;                                                                                       \
        type expected = 5, wrong = 6, old = 40;                                                                      \
        printf("%s:", #type);                                                                                        \
        say(atomic_fetch_add(&at, 100)), say(at), say(atomic_fetch_sub(&at, 3)), say(at);                            \
        say(atomic_fetch_or(&at, 0x55)), say(at), say(atomic_fetch_and(&at, 0x7e)), say(at);                         \
        say(atomic_fetch_xor(&at, 0xff)), say(at), say(atomic_exchange(&at, 5));                                     \
        say(atomic_compare_exchange_strong(&at, &wrong, 9)), say(wrong);                                             \
        say(atomic_compare_exchange_strong(&at, &expected, 9)), say(expected);                                       \
        say(++at), say(at--), say(at *= 3), say(atomic_is_lock_free(&at));                                           \
        say(__sync_fetch_and_add(&old, 250)), say(__sync_sub_and_fetch(&old, 7));                                    \
        say(__sync_bool_compare_and_swap(&old, 1, 2)), say(__sync_val_compare_and_swap(&old, old, 17));              \
        say(__sync_lock_test_and_set(&old, 4)), say(__atomic_nand_fetch(&old, 6, __ATOMIC_SEQ_CST));                 \
        say(__sync_fetch_and_nand(&old, 3)), say(old);                                                               \
        printf("\n");                                                                                                \
    } while (0)

struct large {
    long parts[3];
};

int main(void)
{
    TRY(signed char);
    TRY(unsigned char);
    TRY(short);
    TRY(unsigned);
    TRY(int);
    TRY(long);
    struct large one = {{1, 2, 3}}, other = {{4, 5, 6}}, before, expected = {{1, 2, 3}};
    _Atomic struct large at;
    atomic_init(&at, one);
    before = atomic_exchange(&at, other);
    printf("large:"), say(before.parts[2]), say(atomic_compare_exchange_strong(&at, &expected, one));
    say(expected.parts[1]), say(atomic_compare_exchange_strong(&at, &expected, one)), printf("\n");
    atomic_flag flag = ATOMIC_FLAG_INIT;
    printf("flag: %d", atomic_flag_test_and_set(&flag));
    printf(" %d\n", atomic_flag_test_and_set(&flag));
    atomic_thread_fence(memory_order_seq_cst);
    __sync_synchronize();
    return 0;
}
