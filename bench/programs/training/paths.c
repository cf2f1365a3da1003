/* All shortest paths of a dense graph (Floyd and Warshall): two-dimensional indexing and a minimum. */
#include "program.h"

enum { NODES = 40 };
static int32_t distance[NODES][NODES];

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 3;
    while (scale--) {
        for (int i = 0; i < NODES; i++)
            for (int j = 0; j < NODES; j++)
                distance[i][j] = i == j ? 0 : (int32_t)(next_random(&random) % 1000 + 1);
        for (int k = 0; k < NODES; k++)
            for (int i = 0; i < NODES; i++)
                for (int j = 0; j < NODES; j++)
                    if (distance[i][k] + distance[k][j] < distance[i][j])
                        distance[i][j] = distance[i][k] + distance[k][j];
        check = mixed(check, (uint64_t)distance[3][NODES - 1]);
    }
    return check;
}
