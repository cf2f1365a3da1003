/* Pointers and unpredictable branches: a binary search tree, filled, searched, and walked. */
#include "program.h"

enum { NODES = 4096 };
struct node {
    struct node *left, *right;
    uint32_t key, count;
};
static struct node nodes[NODES];
static uint32_t used;

static struct node *insert(struct node *root, uint32_t key)
{
    struct node **place = &root;
    while (*place && (*place)->key != key)
        place = key < (*place)->key ? &(*place)->left : &(*place)->right;
    if (!*place) {
        nodes[used] = (struct node){.key = key};
        *place = &nodes[used++];
    }
    (*place)->count++;
    return root;
}

static uint64_t walk(const struct node *node, uint64_t check)
{
    if (!node)
        return check;
    check = walk(node->left, check);
    return walk(node->right, mixed(check, node->key + node->count));
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t round = 0; round < scale; round++) {
        struct node *root = NULL;
        uint32_t random = 123456789u + round;
        used = 0;
        for (int i = 0; i < NODES; i++)
            root = insert(root, next_random(&random) % (2 * NODES));
        check = walk(root, check);
    }
    return check;
}
