/* Streams: what was read ahead, what is flushed when, and how they are closed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char block[100];

int main(void)
{
    char line[10];
    FILE *second = fdopen(1, "w");
    printf("numbers: %d %d %d\n", fileno(stdin), fileno(stdout), fileno(stderr));
    fprintf(second, "kept until the end\n");
    printf("fflush(NULL): %d\n", fflush(NULL));
    fprintf(second, "flushed by exit\n");
    printf("first: %c\n", getchar());
    printf("fflush(stdin): %d, then %c\n", fflush(stdin), getchar());
    printf("fseek: %d %d, then %c\n", fseek(stdin, 0, SEEK_SET), errno == ESPIPE, getchar());
    printf("ftell: %ld\n", ftell(stdin));
    ungetc('u', stdin);
    while (fgets(line, sizeof line, stdin))
        printf("<%s>", line);
    printf("\nend: %d %d\n", feof(stdin) != 0, ferror(stdin) != 0);
    printf("once more: %d\n", fgets(line, sizeof line, stdin) == NULL);
    printf("before ");
    int done = setvbuf(stdout, block, _IOFBF, sizeof block);
    printf("setvbuf: %d\n", done);
    write(1, "now\n", 4);
    fflush(stdout);
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("a");
    write(1, "b", 1);
    printf("c\n");
    printf("freopen: %d\n", freopen("/no/such/file", "r", stdin) == NULL);
    printf("closed: %d\n", getchar());
    printf("fdopen: %d", fdopen(77, "r") == NULL);
    printf(" %d\n", errno == EBADF);
    fclose(stdout);
    printf("nobody sees this\n");
    return 3;
}
