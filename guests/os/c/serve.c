/* serve [-p PORT] [-n REQUESTS] [DIRECTORY]: a server of files, as on the web, for `fetch` on the same machine.
 *
 * Each connection is a process of its own. A directory is answered with links to what is in it. Nothing above DIRECTORY
 * is given out: it is the server's root.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH = 256 };

static void fail(const char *what)
{
    fprintf(stderr, "serve: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void answer(FILE *to, const char *status, const char *type, long length)
{
    fprintf(to, "HTTP/1.0 %s\r\nContent-Type: %s\r\n", status, type);
    if (length >= 0)
        fprintf(to, "Content-Length: %ld\r\n", length);
    fprintf(to, "\r\n");
}

static void refuse(FILE *to, const char *status)
{
    answer(to, status, "text/plain", (long)strlen(status) + 1);
    fprintf(to, "%s\n", status);
}

static void list(FILE *to, const char *path)
{
    DIR *directory = opendir(path);
    if (!directory) {
        refuse(to, "403 Forbidden");
        return;
    }
    answer(to, "200 OK", "text/html", -1);
    fprintf(to, "<h1>%s</h1>\n", path);
    for (struct dirent *row; (row = readdir(directory));)
        if (strcmp(row->d_name, "."))
            fprintf(to, "<a href=\"%s%s\">%s</a>\n", row->d_name, row->d_type == DT_DIR ? "/" : "", row->d_name);
    closedir(directory);
}

static void give(FILE *to, const char *path)
{
    char part[2048];
    struct stat status;
    if (stat(path, &status) < 0) {
        refuse(to, "404 Not Found");
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        list(to, path);
        return;
    }
    FILE *from = fopen(path, "rb");
    if (!from) {
        refuse(to, "403 Forbidden");
        return;
    }
    size_t length = strlen(path);
    int is_page = length > 5 && strcmp(path + length - 5, ".html") == 0;
    answer(to, "200 OK", is_page ? "text/html" : "text/plain", status.st_size);
    for (size_t got; (got = fread(part, 1, sizeof part, from)) > 0;)
        fwrite(part, 1, got, to);
    fclose(from);
}

/* One request of one connection. */
static void serve(int connection)
{
    char line[PATH + 16], path[PATH], rest[128];
    FILE *from = fdopen(connection, "r"), *to = fdopen(dup(connection), "w");
    if (!from || !to || !fgets(line, sizeof line, from))
        return;
    while (fgets(rest, sizeof rest, from) && rest[0] != '\r' && rest[0] != '\n')
        ;
    if (sscanf(line, "GET %255s", path) == 1 && path[0] == '/')
        give(to, path);
    else
        refuse(to, "400 Bad Request");
    line[strcspn(line, "\r\n")] = 0;
    fprintf(stderr, "serve: %s\n", line);
    fclose(to);
    fclose(from);
}

static int listen_at(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {INADDR_ANY}};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 5) < 0)
        fail("the port");
    return listener;
}

int main(int argc, char **argv)
{
    int port = 80, requests = -1;
    for (int option; (option = getopt(argc, argv, "p:n:")) != -1;)
        switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'n': requests = atoi(optarg); break;
        default: fprintf(stderr, "usage: serve [-p PORT] [-n REQUESTS] [DIRECTORY]\n"); return 2;
        }
    int listener = listen_at(port);
    const char *root = optind < argc ? argv[optind] : ".";
    if (chdir(root) < 0 || chroot(".") < 0)
        fail(root);
    for (; requests; requests -= requests > 0) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0)
            fail("accept");
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (child == 0) {
            close(listener);
            serve(connection);
            _exit(0);
        }
        close(connection);
        while (waitpid(-1, NULL, requests == 1 ? 0 : WNOHANG) > 0)
            ;
    }
    return 0;
}
