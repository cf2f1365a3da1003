/* Recursion with three arguments and a table of what is known: in how many ways some coins make an amount. */
#include "program.h"

enum { AMOUNT = 120, KINDS = 7, COINS = 14 };
struct known {
    uint32_t round, ways;
};
static struct known table[AMOUNT + 1][KINDS + 1][COINS + 1];
static uint32_t coins[KINDS], current;

static uint32_t ways(uint32_t amount, uint32_t kinds, uint32_t left)
{
    if (!amount)
        return 1;
    if (!kinds || !left)
        return 0;
    struct known *known = &table[amount][kinds][left];
    if (known->round == current)
        return known->ways;
    uint32_t found = ways(amount, kinds - 1, left), coin = coins[kinds - 1];
    if (coin <= amount)
        found += ways(amount - coin, kinds, left - 1);
    *known = (struct known){current, found};
    return found;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 71;
    while (scale--) {
        current++;
        coins[0] = 1;
        for (int i = 1; i < KINDS; i++)
            coins[i] = coins[i - 1] + next_random(&random) % 9 + 1;
        for (uint32_t amount = AMOUNT; amount > AMOUNT - 10; amount--)
            check = mixed(check, ways(amount, KINDS, COINS));
    }
    return check;
}
