/* Functions of POSIX that a program may call: what they say where there are no files and no other process. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#define SAY(call) (errno = 0, say(#call, (long)(call)))

static void say(const char *call, long value)
{
    printf("%s: %ld%s%s\n", call, value, errno ? " " : "", errno ? strerror(errno) : "");
}

static int handled;

static void handler(int number)
{
    handled = 100 * handled + number;
}

static void signals(void)
{
    sigset_t set, before;
    struct sigaction action = {.sa_handler = handler}, old;
    SAY(sigaction(SIGUSR1, &action, &old));
    SAY(old.sa_handler == SIG_DFL);
    SAY(kill(getpid(), SIGUSR1));
    SAY(handled);
    SAY(kill(getpid(), SIGUSR1)); /* it stays */
    SAY(handled);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    SAY(sigprocmask(SIG_BLOCK, &set, &before));
    SAY(raise(SIGUSR1));
    SAY(handled);
    SAY(sigprocmask(SIG_SETMASK, &before, NULL));
    SAY(handled);
    SAY(signal(SIGTERM, SIG_IGN) == SIG_DFL);
    SAY(raise(SIGTERM));
    SAY(kill(getpid(), 0));
    SAY(kill(77, SIGTERM));
    SAY(raise(99));
    SAY(sigaction(SIGKILL, &action, NULL));
}

static void memory(void)
{
    char *pages = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int sum = 0;
    for (int i = 0; i < 10000; i++)
        sum |= pages[i];
    memset(pages, 'x', 10000);
    SAY(sum | ((long)pages & 4095));
    SAY(munmap(pages, 10000));
    SAY(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 1, 0) == MAP_FAILED);
    SAY(mmap(NULL, 1ul << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    SAY(mprotect(pages, 4096, PROT_READ));
}

static void times_passed(void)
{
    struct tms used;
    struct rusage usage;
    for (volatile int i = 0; i < 30000; i++)
        ;
    SAY(getrusage(RUSAGE_SELF, &usage));
    clock_t now = times(&used), later = clock();
    SAY(now > 0 && later >= now && later - now < 1000 && used.tms_utime == now);
    SAY(usage.ru_utime.tv_usec > 0 && usage.ru_utime.tv_usec <= (long)now);
    SAY(sysconf(_SC_CLK_TCK) == CLOCKS_PER_SEC);
}

int main(void)
{
    struct stat status;
    struct termios settings;
    struct winsize size;
    struct utsname names;
    char path[10];
    int word, ends[2];
    struct iovec parts[] = {{"one ", 4}, {"two\n", 4}};
    SAY(writev(1, parts, 2));
    SAY(access("a", R_OK));
    SAY(stat("a", &status));
    SAY(lstat("a", &status));
    SAY(fstat(1, &status));
    SAY(S_ISCHR(status.st_mode));
    SAY(open("a", O_RDONLY));
    SAY(open("a", O_WRONLY | O_CREAT, 0666));
    SAY(rename("a", "b"));
    SAY(unlink("a"));
    SAY(remove("a"));
    SAY(mkdir("a", 0777));
    SAY(rmdir("a"));
    SAY(chmod("a", 0777));
    SAY(link("a", "b"));
    SAY(truncate("a", 1));
    SAY(utime("a", NULL));
    SAY(tmpfile() == NULL);
    SAY(fopen("a", "w") == NULL);
    SAY(fopen("a", "r") == NULL);
    SAY(fopen("a", "q") == NULL);
    SAY(opendir("/") == NULL);
    SAY(readlink("a", path, sizeof path));
    SAY(chdir("a"));
    SAY(chdir("/"));
    SAY(strcmp(getcwd(path, sizeof path), "/"));
    SAY(getcwd(path, 1) == NULL);
    SAY(umask(0));
    SAY(umask(077));
    SAY(fcntl(1, F_GETFL) == O_WRONLY);
    SAY(fcntl(0, F_GETFL) == O_RDONLY);
    SAY(fcntl(7, F_GETFL));
    SAY(dup(1));
    SAY(dup(9));
    SAY(dup2(1, 1));
    SAY(dup2(1, 2));
    SAY(isatty(0));
    SAY(isatty(5));
    SAY(fsync(1));
    SAY(pread(0, path, 1, 0));
    SAY(tcgetattr(0, &settings));
    SAY(ioctl(1, TIOCGWINSZ, &size));
    SAY(poll(NULL, 0, 0));
    SAY(fork());
    SAY(waitpid(-1, &word, 0));
    SAY(pipe(ends));
    SAY(getppid() + getuid() + geteuid() + getgid() + getegid());
    SAY(uname(&names));
    SAY(strcmp(names.machine, "riscv64"));
    SAY(sysconf(_SC_PAGESIZE));
    SAY(sysconf(_SC_NPROCESSORS_ONLN));
    SAY(sysconf(12345));
    SAY(getpagesize());
    SAY(alarm(0));
    signals();
    memory();
    times_passed();
    fflush(NULL);
    return 0;
}
