/* A balanced tree (Adelson-Velsky and Landis, 1962): recursion that returns subtrees, rotations, heights. */
#include "program.h"

enum { NODES = 2048 };
struct node {
    uint64_t key;
    struct node *left, *right;
    int32_t height;
};
static struct node nodes[NODES];
static uint32_t used;

static int32_t height(const struct node *node)
{
    return node ? node->height : 0;
}

static void measure(struct node *node)
{
    int32_t left = height(node->left), right = height(node->right);
    node->height = 1 + (left > right ? left : right);
}

static struct node *rotate_right(struct node *node)
{
    struct node *top = node->left;
    node->left = top->right;
    top->right = node;
    measure(node);
    measure(top);
    return top;
}

static struct node *rotate_left(struct node *node)
{
    struct node *top = node->right;
    node->right = top->left;
    top->left = node;
    measure(node);
    measure(top);
    return top;
}

static struct node *balance(struct node *node)
{
    int32_t lean = height(node->left) - height(node->right);
    if (lean > 1) {
        if (height(node->left->left) < height(node->left->right))
            node->left = rotate_left(node->left);
        return rotate_right(node);
    }
    if (lean < -1) {
        if (height(node->right->right) < height(node->right->left))
            node->right = rotate_right(node->right);
        return rotate_left(node);
    }
    measure(node);
    return node;
}

static struct node *insert(struct node *node, uint64_t key)
{
    if (!node) {
        nodes[used] = (struct node){.key = key, .height = 1};
        return &nodes[used++];
    }
    if (key < node->key)
        node->left = insert(node->left, key);
    else if (key > node->key)
        node->right = insert(node->right, key);
    return balance(node);
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 53;
    while (scale--) {
        struct node *root = NULL;
        used = 0;
        for (int i = 0; i < NODES; i++)
            root = insert(root, next_random(&random) % (4 * NODES));
        check = mixed(check, root->key + (uint64_t)root->height * used);
    }
    return check;
}
