/* basic [FILE]: an interpreter of BASIC. Lines with a number are the program; others are done at once.
 *
 *   RUN, LIST, NEW, LOAD "F", SAVE "F", BYE; PRINT, INPUT, LET, IF .. THEN, FOR .. TO .. STEP, NEXT, GOTO, GOSUB, RETURN,
 *   DIM, REM, END. Statements of a line have a : between. Numbers are whole; A to Z are numbers, A$ to Z$ texts, A(I) what DIM A(N) made. RND(N), ABS(N), LEN(S$).
 *
 * Ctrl-C stops a program. With a file it runs that and ends; a program that fails says in which line, and the status is 1 then.
 */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE = 256, LINES = 1000, DEEP = 64, LETTERS = 26, MOST = 100000 };

static struct {
    int number;
    char *text;
} program[LINES];
static int lines;

static long numbers[LETTERS], *arrays[LETTERS], sizes[LETTERS];
static char *texts[LETTERS];
static struct {
    int letter, line;
    long end, step;
    const char *at;
} loops[DEEP];
static struct {
    int line;
    const char *at;
} returns[DEEP];
static int loop_count, return_count;

static int current;             /* index of the line that runs; -1: one that was typed */
static const char *at;
static int jumped, is_over, is_open; /* is_open: what was printed last has no end of line yet */
static jmp_buf given_up;
static volatile sig_atomic_t interrupted;

__attribute__((noreturn)) static void complain(const char *what)
{
    fflush(stdout);
    if (current >= 0)
        fprintf(stderr, "%s in line %d\n", what, program[current].number);
    else
        fprintf(stderr, "%s\n", what);
    longjmp(given_up, 1);
}

__attribute__((noreturn)) static void complain_of_file(const char *path)
{
    static char said[LINE + 64];
    snprintf(said, sizeof said, "%s: %s", path, strerror(errno));
    complain(said);
}

/* Reading a line. */

static char next(void)
{
    at += strspn(at, " \t");
    return *at;
}

static int took(const char *sign)
{
    size_t length = strlen(sign);
    next();
    if (strncasecmp(at, sign, length) || (isalpha((unsigned char)sign[0]) && isalpha((unsigned char)at[length])))
        return 0;
    at += length;
    return 1;
}

static void need(const char *sign)
{
    char what[LINE];
    if (!took(sign)) {
        snprintf(what, sizeof what, "%s is missing", sign);
        complain(what);
    }
}

static int letter(void)
{
    int sign = toupper((unsigned char)next());
    if (sign < 'A' || sign > 'Z' || isalpha((unsigned char)at[1]))
        complain("a variable is one letter");
    at++;
    return sign - 'A';
}

/* Values. */

static long number(void);

static long *element(int name)
{
    need("(");
    long index = number();
    need(")");
    if (!arrays[name] || index < 0 || index > sizes[name])
        complain("there is no such element");
    return arrays[name] + index;
}

static int is_text(void)
{
    char sign = next();
    return sign == '"' || (isalpha((unsigned char)sign) && at[1] == '$');
}

/* A text and what is added to it. */
static void text(char *to)
{
    size_t used = 0;
    do {
        if (next() == '"') {
            size_t length = strcspn(++at, "\"");
            used += (size_t)snprintf(to + used, LINE - used, "%.*s", (int)length, at);
            at += length;
            need("\"");
        } else {
            const char *value = texts[letter()];
            need("$");
            used += (size_t)snprintf(to + used, LINE - used, "%s", value ? value : "");
        }
        if (used >= LINE)
            complain("a text has 255 letters at most");
    } while (took("+"));
}

static long in_brackets(void)
{
    need("(");
    long value = number();
    need(")");
    return value;
}

static long random_below(long limit)
{
    static unsigned long state = 88172645463325252;
    if (limit < 1)
        complain("RND takes a number above 0");
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (long)(state % (unsigned long)limit);
}

static long atom(void)
{
    if (isdigit((unsigned char)next()))
        return strtol(at, (char **)&at, 10);
    if (took("-"))
        return -atom();
    if (next() == '(')
        return in_brackets();
    if (took("RND"))
        return random_below(in_brackets());
    if (took("ABS"))
        return labs(in_brackets());
    if (took("LEN")) {
        char what[LINE];
        need("(");
        text(what);
        need(")");
        return (long)strlen(what);
    }
    int name = letter();
    return next() == '(' ? *element(name) : numbers[name];
}

static long term(void)
{
    long value = atom(), other;
    for (;;)
        if (took("*"))
            value *= atom();
        else if (next() == '/' || *at == '%') {
            int sign = *at++;
            if (!(other = atom()))
                complain("a division by zero");
            value = other == -1 ? (sign == '/' ? -value : 0) : sign == '/' ? value / other : value % other;
        } else
            return value;
}

static long sum(void)
{
    long value = term();
    for (;;)
        if (took("+"))
            value += term();
        else if (took("-"))
            value -= term();
        else
            return value;
}

/* 1 or 0, of how two things are to each other: below 0, 0, above 0. */
static long relation(int (*order)(const void *), const void *one)
{
    static const struct {
        const char *sign;
        int below, equal, above;
    } relations[] = {{"<=", 1, 1, 0}, {">=", 0, 1, 1}, {"<>", 1, 0, 1}, {"<", 1, 0, 0}, {">", 0, 0, 1}, {"=", 0, 1, 0}};
    for (unsigned i = 0; i < sizeof relations / sizeof *relations; i++)
        if (took(relations[i].sign)) {
            int way = order(one);
            return way < 0 ? relations[i].below : way ? relations[i].above : relations[i].equal;
        }
    return -1;
}

static int order_of_number(const void *one)
{
    long other = sum();
    return (*(const long *)one > other) - (*(const long *)one < other);
}

static int order_of_text(const void *one)
{
    char other[LINE];
    text(other);
    return strcmp(one, other);
}

static long comparison(void)
{
    char what[LINE];
    if (is_text()) {
        text(what);
        long way = relation(order_of_text, what);
        if (way < 0)
            complain("texts can only be compared here");
        return way;
    }
    long value = sum(), way = relation(order_of_number, &value);
    return way < 0 ? value : way;
}

static long number(void)
{
    long value = comparison(), other;
    for (;;)
        if (took("AND"))
            other = comparison(), value = value && other;
        else if (took("OR"))
            other = comparison(), value = value || other;
        else
            return value;
}

static void set_text(int name, const char *value)
{
    free(texts[name]);
    if (!(texts[name] = strdup(value)))
        complain("no memory left");
}

/* The program. */

/* Index of the first line of this number or above. */
static int find(int wanted)
{
    int index = 0;
    while (index < lines && program[index].number < wanted)
        index++;
    return index;
}

static void edit_line(int wanted, const char *what)
{
    int index = find(wanted), is_there = index < lines && program[index].number == wanted;
    if (!is_there && *what && lines == LINES)
        complain("the program has too many lines");
    if (is_there) {
        free(program[index].text);
        memmove(program + index, program + index + 1, (size_t)(--lines - index) * sizeof *program);
    }
    if (*what) {
        memmove(program + index + 1, program + index, (size_t)(lines++ - index) * sizeof *program);
        program[index].number = wanted;
        if (!(program[index].text = strdup(what)))
            complain("no memory left");
    }
}

static void new_program(void)
{
    while (lines)
        free(program[--lines].text);
}

static void go_to(long wanted)
{
    int index = find((int)wanted);
    if (index == lines || program[index].number != wanted)
        complain("there is no such line");
    current = index;
    at = program[index].text;
    jumped = 1;
}

static void load(const char *path)
{
    char line[LINE];
    FILE *from = fopen(path, "r");
    if (!from)
        complain_of_file(path);
    new_program();
    while (fgets(line, sizeof line, from)) {
        char *behind;
        long wanted = strtol(line, &behind, 10);
        line[strcspn(line, "\r\n")] = 0;
        if (behind != line)
            edit_line((int)wanted, behind + strspn(behind, " "));
    }
    fclose(from);
}

static void list(FILE *to)
{
    for (int i = 0; i < lines; i++)
        fprintf(to, "%d %s\n", program[i].number, program[i].text);
}

static void save(const char *path)
{
    FILE *to = fopen(path, "w");
    if (!to)
        complain_of_file(path);
    list(to);
    if (fclose(to))
        complain_of_file(path);
}

static void statement(void);

static void run(void)
{
    memset(numbers, 0, sizeof numbers);
    loop_count = return_count = 0;
    is_over = 0;
    for (current = 0; current < lines && !is_over;) {
        at = program[current].text;
        do {
            jumped = 0;
            statement();
        } while ((jumped && !is_over) || took(":"));
        if (!is_over && next())
            complain("that makes no sense");
        current++;
    }
    current = -1;
    at = "";
}

/* Statements. */

static void do_print(void)
{
    char what[LINE];
    int ends = 1;
    while (next() && *at != ':') {
        ends = 1;
        if (is_text())
            text(what), fputs(what, stdout);
        else
            printf("%ld", number());
        is_open = 1;
        if (took(";"))
            ends = 0;
        else if (took(","))
            ends = 0, putchar('\t');
        else
            break;
    }
    if (ends)
        putchar('\n'), is_open = 0;
}

static void do_input(void)
{
    char line[LINE];
    if (next() == '"') {
        size_t length = strcspn(++at, "\"");
        printf("%.*s", (int)length, at);
        at += length;
        need("\"");
        need(";");
    } else
        printf("? ");
    int name = letter();
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        complain("the input has ended");
    line[strcspn(line, "\r\n")] = 0;
    if (took("$"))
        set_text(name, line);
    else
        numbers[name] = strtol(line, NULL, 10);
}

static void do_if(void)
{
    if (!number()) {
        at = "";
        return;
    }
    need("THEN");
    if (isdigit((unsigned char)next()))
        go_to(number());
    else
        statement();
}

static void do_for(void)
{
    int name = letter();
    need("=");
    numbers[name] = number();
    need("TO");
    long end = number(), step = took("STEP") ? number() : 1;
    for (int i = 0; i < loop_count; i++)
        if (loops[i].letter == name)
            loop_count = i;
    if (loop_count == DEEP)
        complain("too many FORs");
    loops[loop_count].letter = name;
    loops[loop_count].line = current;
    loops[loop_count].end = end;
    loops[loop_count].step = step;
    loops[loop_count++].at = at;
}

static void do_next(void)
{
    int name = next() && *at != ':' ? letter() : loop_count ? loops[loop_count - 1].letter : 0;
    while (loop_count && loops[loop_count - 1].letter != name)
        loop_count--;
    if (!loop_count)
        complain("a NEXT without its FOR");
    long end = loops[loop_count - 1].end, step = loops[loop_count - 1].step;
    numbers[name] += step;
    if (step >= 0 ? numbers[name] <= end : numbers[name] >= end) {
        current = loops[loop_count - 1].line;
        at = loops[loop_count - 1].at;
    } else
        loop_count--;
}

static void do_gosub(void)
{
    long wanted = number();
    if (return_count == DEEP)
        complain("too many GOSUBs");
    returns[return_count].line = current;
    returns[return_count++].at = at;
    go_to(wanted);
}

static void do_return(void)
{
    if (!return_count)
        complain("a RETURN without its GOSUB");
    current = returns[--return_count].line;
    at = returns[return_count].at;
}

static void do_dim(void)
{
    int name = letter();
    long size = in_brackets();
    if (size < 0 || size > MOST)
        complain("an array has 100000 elements at most");
    free(arrays[name]);
    sizes[name] = -1;
    if (!(arrays[name] = calloc((size_t)size + 1, sizeof(long))))
        complain("no memory left");
    sizes[name] = size;
}

static void do_let(void)
{
    char what[LINE];
    int name = letter();
    if (took("$")) {
        need("=");
        text(what);
        set_text(name, what);
        return;
    }
    long *to = next() == '(' ? element(name) : numbers + name;
    need("=");
    *to = number();
}

static void do_rem(void) { at = ""; }
static void do_goto(void) { go_to(number()); }
static void do_end(void) { is_over = 1, at = ""; }
static void do_list(void) { list(stdout); }

static void do_load(void)
{
    char path[LINE];
    text(path);
    if (current >= 0)
        complain("LOAD is typed");
    load(path);
}

static void do_save(void)
{
    char path[LINE];
    text(path);
    save(path);
}

static void do_new(void)
{
    if (current >= 0)
        complain("NEW is typed");
    new_program();
}

static void do_run(void)
{
    if (current >= 0)
        complain("RUN is typed");
    run();
}

static void do_bye(void)
{
    exit(0);
}

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static void statement(void)
{
    static const struct {
        const char *word;
        void (*service)(void);
    } words[] = {
        {"PRINT", do_print}, {"INPUT", do_input}, {"IF", do_if},     {"FOR", do_for},       {"NEXT", do_next},
        {"GOTO", do_goto},   {"GOSUB", do_gosub}, {"DIM", do_dim},   {"RETURN", do_return}, {"REM", do_rem},
        {"END", do_end},     {"LET", do_let},     {"LIST", do_list}, {"LOAD", do_load},     {"SAVE", do_save},
        {"NEW", do_new},     {"RUN", do_run},     {"BYE", do_bye},
    };
    if (interrupted) {
        interrupted = 0;
        complain("stopped");
    }
    if (!next())
        return;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (took(words[i].word)) {
            words[i].service();
            return;
        }
    do_let();
}

/* What was typed. 0, or 1 where it failed. */
static int direct(char *line)
{
    char *behind;
    long wanted = strtol(line, &behind, 10);
    current = -1;
    if (setjmp(given_up))
        return 1;
    if (behind != line) {
        edit_line((int)wanted, behind + strspn(behind, " "));
        return 0;
    }
    at = line;
    do
        statement();
    while (took(":"));
    if (next())
        complain("that makes no sense");
    return 0;
}

int main(int argc, char **argv)
{
    char line[LINE];
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: basic [FILE]\n");
        return 2;
    }
    if (argc == 2) {
        current = -1;
        if (setjmp(given_up))
            return 1;
        load(argv[1]);
        run();
        return 0;
    }
    sigaction(SIGINT, &(struct sigaction){.sa_handler = interrupt}, NULL);
    for (;;) {
        interrupted = 0;
        printf(is_open ? "\n> " : "> ");
        is_open = 0;
        fflush(stdout);
        if (fgets(line, sizeof line, stdin)) {
            line[strcspn(line, "\r\n")] = 0;
            direct(line);
        } else if (interrupted)
            clearerr(stdin);
        else
            break;
    }
    putchar('\n');
    return 0;
}
