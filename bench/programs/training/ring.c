/* Packets through a ring of bytes: lengths and checksums written and checked, kinds told apart by a switch. */
#include "program.h"

enum { SIZE = 512, LONGEST = 60 };
enum kind { PING, DATA, ADD, CLOSE, KINDS };
struct ring {
    uint32_t head, tail; /* counts of bytes ever written and read */
    uint8_t bytes[SIZE];
};
struct receiver {
    uint32_t pings, bytes, closed, damaged;
    int64_t sum;
};

static void put(struct ring *ring, uint8_t byte)
{
    ring->bytes[ring->head++ % SIZE] = byte;
}

static uint8_t get(struct ring *ring)
{
    return ring->bytes[ring->tail++ % SIZE];
}

static int send(struct ring *ring, enum kind kind, const uint8_t *payload, uint32_t length)
{
    if (SIZE - (ring->head - ring->tail) < length + 3)
        return 0;
    uint8_t sum = (uint8_t)kind;
    put(ring, (uint8_t)kind);
    put(ring, (uint8_t)length);
    for (uint32_t i = 0; i < length; i++) {
        put(ring, payload[i]);
        sum = (uint8_t)(sum + payload[i]);
    }
    put(ring, sum);
    return 1;
}

static void receive(struct ring *ring, struct receiver *receiver)
{
    uint8_t payload[LONGEST];
    uint8_t kind = get(ring), length = get(ring), sum = kind;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + (payload[i] = get(ring)));
    if (sum != get(ring)) {
        receiver->damaged++;
        return;
    }
    switch ((enum kind)kind) {
    case PING: receiver->pings++; break;
    case DATA: receiver->bytes += length; break;
    case ADD: receiver->sum += length < 2 ? 0 : payload[0] << 8 | payload[1]; break;
    case CLOSE: receiver->closed ^= 1; break;
    default: receiver->damaged++;
    }
}

uint64_t program(uint32_t scale)
{
    struct ring ring = {0};
    struct receiver receiver = {0};
    uint8_t payload[LONGEST];
    uint32_t random = 43;
    for (int i = 0; i < LONGEST; i++)
        payload[i] = (uint8_t)next_random(&random);
    for (uint32_t i = 0; i < 100 * scale; i++) {
        uint32_t value = next_random(&random);
        payload[value >> 8 & 31] ^= (uint8_t)value;
        while (!send(&ring, (enum kind)(value >> 16) % KINDS, payload, (value >> 20) % LONGEST))
            receive(&ring, &receiver);
    }
    uint64_t check = mixed(receiver.pings, receiver.bytes);
    return mixed(check + receiver.closed + receiver.damaged, (uint64_t)receiver.sum);
}
