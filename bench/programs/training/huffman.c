/* Huffman's codes (1952): a tree joined from counts, bits packed into bytes, and the tree walked bit by bit. */
#include "program.h"

enum { SYMBOLS = 24, NODES = 2 * SYMBOLS, LENGTH = 1500 };
struct node {
    uint32_t count;
    uint8_t is_joined;
    int8_t children[2]; /* -1 in a leaf */
};
struct code {
    uint32_t bits, length;
};
static struct node nodes[NODES];
static struct code codes[SYMBOLS];
static uint8_t text[LENGTH], packed[4 * LENGTH], unpacked[LENGTH];

static int take_rarest(int used)
{
    int rarest = -1;
    for (int i = 0; i < used; i++)
        if (!nodes[i].is_joined && (rarest < 0 || nodes[i].count < nodes[rarest].count))
            rarest = i;
    nodes[rarest].is_joined = 1;
    return rarest;
}

static int make_tree(void)
{
    for (int i = 0; i < SYMBOLS; i++)
        nodes[i] = (struct node){1, 0, {-1, -1}};
    for (int i = 0; i < LENGTH; i++)
        nodes[text[i]].count++;
    for (int used = SYMBOLS; used < 2 * SYMBOLS - 1; used++) {
        int one = take_rarest(used), other = take_rarest(used);
        nodes[used] = (struct node){nodes[one].count + nodes[other].count, 0, {(int8_t)one, (int8_t)other}};
    }
    return 2 * SYMBOLS - 2;
}

static void assign(int node, uint32_t bits, uint32_t length)
{
    if (nodes[node].children[0] < 0) {
        codes[node] = (struct code){bits, length};
        return;
    }
    for (uint32_t bit = 0; bit < 2; bit++)
        assign(nodes[node].children[bit], bits << 1 | bit, length + 1);
}

static uint32_t pack(void)
{
    uint32_t bits = 0, held = 0;
    uint8_t *out = packed;
    for (int i = 0; i < LENGTH; i++) {
        const struct code *code = &codes[text[i]];
        bits = bits << code->length | code->bits;
        for (held += code->length; held >= 8; held -= 8)
            *out++ = (uint8_t)(bits >> (held - 8));
    }
    *out++ = (uint8_t)(bits << (8 - held));
    return (uint32_t)(out - packed);
}

static void unpack(int root)
{
    uint32_t at = 0;
    for (int i = 0; i < LENGTH; i++) {
        int node = root;
        for (; nodes[node].children[0] >= 0; at++)
            node = nodes[node].children[packed[at / 8] >> (7 - at % 8) & 1];
        unpacked[i] = (uint8_t)node;
    }
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 107;
    while (scale--) {
        for (int i = 0; i < LENGTH; i++) { /* the low ones are more frequent */
            uint32_t value = next_random(&random);
            text[i] = (uint8_t)(value % SYMBOLS * (value >> 16 & 255) >> 8);
        }
        int root = make_tree();
        assign(root, 0, 0);
        check = mixed(check, pack());
        unpack(root);
        for (int i = 0; i < LENGTH; i++)
            if (unpacked[i] != text[i])
                return 0;
    }
    return check;
}
