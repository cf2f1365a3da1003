/* A state machine fed byte by byte: a scanner of a C-like text that counts words, numbers, strings and comments. */
#include "program.h"

enum { SIZE = 16384 };
enum state { BETWEEN, IN_WORD, IN_NUMBER, IN_STRING, ESCAPED, SLASH, IN_COMMENT, STAR, STATES };
static uint8_t text[SIZE];

static int is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static int is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static enum state begin(uint8_t byte)
{
    if (is_letter(byte))
        return IN_WORD;
    if (is_digit(byte))
        return IN_NUMBER;
    return byte == '"' ? IN_STRING : byte == '/' ? SLASH : BETWEEN;
}

static enum state next(enum state state, uint8_t byte)
{
    switch (state) {
    case IN_WORD: return is_letter(byte) || is_digit(byte) ? IN_WORD : begin(byte);
    case IN_NUMBER: return is_digit(byte) || byte == '.' ? IN_NUMBER : begin(byte);
    case IN_STRING: return byte == '"' ? BETWEEN : byte == '\\' ? ESCAPED : IN_STRING;
    case ESCAPED: return IN_STRING;
    case SLASH: return byte == '*' ? IN_COMMENT : begin(byte);
    case IN_COMMENT: return byte == '*' ? STAR : IN_COMMENT;
    case STAR: return byte == '/' ? BETWEEN : byte == '*' ? STAR : IN_COMMENT;
    default: return begin(byte);
    }
}

uint64_t program(uint32_t scale)
{
    static const char alphabet[] = "int main_x2 = 40+2; /* note */ \"text\\n\" return 3.14/x; ";
    uint64_t check = 0;
    uint32_t random = 1103515245u;
    for (int i = 0; i < SIZE; i++)
        text[i] = (uint8_t)(next_random(&random) % 8 ? alphabet[i % (sizeof alphabet - 1)] : alphabet[random % 50]);
    for (uint32_t round = 0; round < scale; round++) {
        uint32_t entered[STATES] = {0};
        enum state state = BETWEEN;
        for (int i = 0; i < SIZE; i++) {
            enum state after = next(state, text[i]);
            entered[after] += after != state;
            state = after;
        }
        for (int i = 0; i < STATES; i++)
            check = mixed(check, entered[i]);
        text[round % SIZE] ^= 1;
    }
    return check;
}
