/* Decoding and encoding are exact inverses: over all 2**32 words, or over every n-th with an argument. */
#include <stdio.h>
#include <stdlib.h>

#include "isa/decode.h"

static bool comes_back(u32 word)
{
    struct t64_decoded in = decode(word);
    return in.insn == INSN_ILLEGAL || encode(in) == word;
}

int main(int count, char **arguments)
{
    u64 step = count > 1 ? strtoull(arguments[1], NULL, 0) : 1, legal = 0;
    if (!step)
        return fputs("words: the step is a positive number\n", stderr), 2;
    for (u64 word = 0; word <= UINT32_MAX; word += step) {
        if (!comes_back((u32)word))
            return printf("word %#010x does not come back\n", (u32)word), 1;
        legal += decode((u32)word).insn != INSN_ILLEGAL;
    }
    return printf("all words come back; %llu of them are legal\n", (unsigned long long)legal), 0;
}
