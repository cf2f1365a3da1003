/* Words in a trie: a pointer followed for each letter, and recursion over all the branches. */
#include "program.h"

enum { LETTERS = 8, NODES = 4096, WORDS = 500, LONGEST = 10 };
struct node {
    struct node *children[LETTERS];
    uint32_t words;
};
static struct node nodes[NODES];
static uint32_t used;

static struct node *new_node(void)
{
    struct node *node = &nodes[used++];
    *node = (struct node){.words = 0};
    return node;
}

static void insert(struct node *node, const char *word)
{
    for (; *word; word++) {
        struct node **child = &node->children[*word - 'a'];
        if (!*child)
            *child = new_node();
        node = *child;
    }
    node->words++;
}

static const struct node *find(const struct node *node, const char *word)
{
    for (; node && *word; word++)
        node = node->children[*word - 'a'];
    return node;
}

static uint32_t count(const struct node *node)
{
    uint32_t words = node->words;
    for (int i = 0; i < LETTERS; i++)
        if (node->children[i])
            words += count(node->children[i]);
    return words;
}

static const char *make_word(char *word, uint32_t value)
{
    uint32_t length = value % LONGEST + 1;
    word[length] = 0;
    while (length--)
        word[length] = (char)('a' + (value >> (length + 3)) % LETTERS);
    return word;
}

uint64_t program(uint32_t scale)
{
    char word[LONGEST + 1];
    uint64_t check = 0;
    uint32_t random = 47;
    while (scale--) {
        used = 0;
        struct node *root = new_node();
        for (int i = 0; i < WORDS; i++)
            insert(root, make_word(word, next_random(&random)));
        for (int i = 0; i < WORDS; i++) {
            const struct node *found = find(root, make_word(word, next_random(&random)));
            check = mixed(check, found ? found->words + 1 : 0);
        }
        check += count(find(root, "b"));
    }
    return check;
}
