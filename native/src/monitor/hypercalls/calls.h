/* Hypercalls, a function each: those that end with a result in a0. The others are in hypercalls.c. */
#ifndef T64_CALLS_H
#define T64_CALLS_H

#include "monitor/domain/domain.h"

/* What a hypercall comes to, if not to a negated error, or to a stop (enum t64_stop): OUTPUT, INPUT or WORK. What is stopped is under
 * way, and made again when the host has done its part, or others have had their turn. */
enum { CALL_DONE = 0 };

static inline bool call_is_stopped(int come_to) { return come_to > CALL_DONE; }

/* `args`: a0 to a5. Once it is done `result` is what the guest gets: any value at all, 0 unless it is set. */
typedef int hypercall_function(struct t64_guest *guest, const u64 *args, u64 *result);

#define PROTOTYPE(name, ...) hypercall_function call_##name;
T64_CALLS(PROTOTYPE)
#undef PROTOTYPE

/* What the guest sees in the result's place. */
static inline u64 call_result(int come_to, u64 result) { return come_to < 0 ? (u64)(i64)come_to : result; }

/* Those there are for this guest, a bit each. */
u64 call_numbers(const struct t64_guest *guest);

/* What an earlier attempt of this very hypercall has done already stands; another one begins at its beginning. */
struct t64_call_progress *call_progress(struct t64_guest *guest);

/* Call by number, as from a multicall. */
int call_nested(struct t64_guest *guest, u64 number, const u64 *args, u64 *result);

/* Arguments that are lists: 0, or what is wrong with them. */
int call_check_list(u64 list, u64 count);
/* Where `done` asks for it, say how many were. The first error counts. */
int call_report_done(struct t64_guest *guest, u64 done, u64 count, int error);

#endif
