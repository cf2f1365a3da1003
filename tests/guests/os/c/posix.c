/* What a C program asks of a Unix, in the directory that it is started in: on this system as on Linux. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAY(call) (errno = 0, say(#call, (long)(call)))

static void say(const char *call, long value)
{
    printf("%s: %ld%s%s\n", call, value, errno ? " " : "", errno ? strerror(errno) : "");
    fflush(stdout);
}

static int heard;

static void handler(int number)
{
    heard = number;
}

static void files(void)
{
    char text[20] = "";
    struct stat status;
    int file = open("a", O_RDWR | O_CREAT | O_EXCL, 0644);
    SAY(write(file, "hello, world", 12));
    SAY(lseek(file, 7, SEEK_SET));
    SAY(read(file, text, 19));
    SAY(strcmp(text, "world"));
    SAY(pwrite(file, "J", 1, 0));
    SAY(pread(file, text, 5, 0));
    SAY(text[0]);
    SAY(ftruncate(file, 100));
    SAY(fstat(file, &status));
    SAY(status.st_size);
    SAY(S_ISREG(status.st_mode));
    SAY(status.st_mode & 0777);
    SAY(fcntl(file, F_GETFL) & O_ACCMODE);
    SAY(fsync(file));
    SAY(close(file));
    SAY(close(file));
    SAY(open("a", O_WRONLY | O_CREAT | O_EXCL, 0644));
    SAY(link("a", "b"));
    SAY(stat("b", &status));
    SAY(status.st_nlink);
    SAY(rename("b", "c"));
    SAY(symlink("c", "d"));
    SAY(readlink("d", text, 19));
    SAY(lstat("d", &status));
    SAY(S_ISLNK(status.st_mode));
    SAY(chmod("c", 0600));
    SAY(access("c", R_OK | W_OK));
    SAY(unlink("a"));
    SAY(unlink("a"));
    SAY(truncate("c", 5));
    SAY(stat("d", &status));
    SAY(status.st_size);
    SAY(mkdir("e", 0755));
    SAY(mkdir("e", 0755));
    SAY(rmdir("c"));
    SAY(remove("e"));
    SAY(umask(022));
    SAY(umask(022));
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void directories(void)
{
    static char *names[100];
    int count = 0;
    char path[200];
    SAY(mkdir("deep", 0755));
    SAY(chdir("deep"));
    for (int i = 0; i < 50; i++) {
        snprintf(path, sizeof path, "file-%02d", i);
        close(open(path, O_WRONLY | O_CREAT, 0644));
    }
    SAY(strcmp(strrchr(getcwd(path, sizeof path), '/'), "/deep"));
    SAY(chdir(".."));
    DIR *directory = opendir("deep");
    for (struct dirent *row; (row = readdir(directory));)
        names[count++] = strdup(row->d_name);
    SAY(closedir(directory));
    qsort(names, count, sizeof *names, compare);
    SAY(count);
    printf("%s %s %s %s\n", names[0], names[1], names[2], names[count - 1]);
    SAY(rmdir("deep"));
    SAY(opendir("nothing") == NULL);
    SAY(opendir("c") == NULL);
}

static void streams(void)
{
    char line[100];
    FILE *stream = fopen("text", "w");
    for (int i = 0; i < 1000; i++)
        fprintf(stream, "line %d\n", i);
    SAY(fclose(stream));
    stream = fopen("text", "a+");
    fputs("the end\n", stream);
    SAY(ftell(stream));
    SAY(fseek(stream, 0, SEEK_SET));
    int count = 0;
    while (fgets(line, sizeof line, stream))
        count++;
    SAY(count);
    SAY(strcmp(line, "the end\n"));
    fclose(stream);
    stream = tmpfile();
    fputs("kept nowhere", stream);
    rewind(stream);
    SAY(fgetc(stream));
    fclose(stream);
}

static void processes(void)
{
    int ends[2], status;
    char text[100] = "";
    SAY(pipe(ends));
    if (fork() == 0) {
        close(ends[0]);
        dup2(ends[1], 1);
        execl("/bin/echo", "echo", "another", "program", NULL);
        _exit(9);
    }
    close(ends[1]);
    int length = 0, more;
    while ((more = read(ends[0], text + length, sizeof text - length - 1)) > 0)
        length += more;
    close(ends[0]);
    printf("the child says: %s", text);
    SAY(wait(&status) > 0);
    SAY(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    SAY(wait(&status));
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    SAY(kill(child, 0));
    SAY(kill(child, SIGUSR1));
    SAY(waitpid(child, &status, 0) == child);
    SAY(WIFSIGNALED(status) ? WTERMSIG(status) == SIGUSR1 : -1);
    SAY(execl("nothing", "nothing", NULL));
    SAY(execlp("nothing-at-all", "nothing", NULL));
    SAY(getppid() >= 0);
    SAY(getpgrp() > 0);
}

static void signals(void)
{
    sigset_t set, before;
    struct sigaction action = {.sa_handler = handler}, old;
    SAY(sigaction(SIGUSR2, &action, &old));
    SAY(raise(SIGUSR2));
    SAY(heard == SIGUSR2);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    SAY(sigprocmask(SIG_BLOCK, &set, &before));
    heard = 0;
    SAY(raise(SIGUSR2));
    SAY(heard);
    sigemptyset(&set);
    SAY(sigpending(&set));
    SAY(sigismember(&set, SIGUSR2));
    SAY(sigprocmask(SIG_SETMASK, &before, NULL));
    SAY(heard == SIGUSR2);
    signal(SIGCHLD, handler);
    heard = 0;
    int status, ends[2];
    pipe(ends);
    if (fork() == 0)
        _exit(0);
    wait(&status);
    SAY(heard == SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    SAY(write(ends[1], "x", 1));
    struct pollfd polled = {ends[1], POLLOUT, 0};
    SAY(poll(&polled, 1, 0));
    close(ends[1]);
}

int main(void)
{
    files();
    directories();
    streams();
    processes();
    signals();
    return 0;
}
