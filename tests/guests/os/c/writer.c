/* Puts standard input into the file that the first argument names, tells the environment, and ends with the second. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char place[100];
    FILE *to = fopen(argv[1], "wb");
    for (int byte; to && (byte = getchar()) != EOF;)
        putc(byte, to);
    if (!to || fclose(to))
        return 99;
    const char *said = getenv("SAID");
    printf("%d %s %s\n", argc, getcwd(place, sizeof place), said ? said : "nothing");
    return atoi(argv[2]);
}
