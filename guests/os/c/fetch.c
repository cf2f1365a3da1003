/* fetch [-i] [ADDRESS][:PORT]/PATH: what a server gives out under a name, on standard output; -i also what it says of it.
 *
 * The address is 127.0.0.1 and the port 80 unless said. Ends with 1 where the server does not give it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
    fprintf(stderr, "fetch: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int connect_to(const char *where, size_t length)
{
    char text[64] = "127.0.0.1";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
    size_t host = strcspn(where, ":/");
    if (host && host < sizeof text)
        snprintf(text, sizeof text, "%.*s", (int)host, where);
    if (host < length)
        address.sin_port = htons((uint16_t)atoi(where + host + 1));
    if (!inet_pton(AF_INET, text, &address.sin_addr)) {
        fprintf(stderr, "fetch: %s is no address; they are four numbers, as 127.0.0.1\n", text);
        exit(2);
    }
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) < 0)
        fail(where);
    return connection;
}

int main(int argc, char **argv)
{
    char line[256];
    int shows_head = argc == 3 && strcmp(argv[1], "-i") == 0;
    const char *where = argc == 2 + shows_head ? argv[1 + shows_head] : "", *path = strchr(where, '/');
    if (!path) {
        fprintf(stderr, "usage: fetch [-i] [ADDRESS][:PORT]/PATH\n");
        return 2;
    }
    int connection = connect_to(where, (size_t)(path - where)), status = 0;
    FILE *to = fdopen(dup(connection), "w"), *from = fdopen(connection, "r");
    if (!to || !from || fprintf(to, "GET %s HTTP/1.0\r\n\r\n", path) < 0 || fflush(to))
        fail(where);
    if (!fgets(line, sizeof line, from) || sscanf(line, "HTTP/%*s %d", &status) != 1) {
        fprintf(stderr, "fetch: %s: no answer\n", where);
        return 1;
    }
    do {
        if (shows_head)
            printf("%.*s\n", (int)strcspn(line, "\r\n"), line);
    } while (fgets(line, sizeof line, from) && line[0] != '\r' && line[0] != '\n');
    if (shows_head)
        putchar('\n');
    for (size_t got; (got = fread(line, 1, sizeof line, from)) > 0;)
        fwrite(line, 1, got, stdout);
    return status != 200;
}
