/* Exploring: every path of up to so many actions, breadth first, each state once. What an action must come to, a judge says, who is
 * asked once for each state of his, action and what he looks at of the result. */
#ifndef T64_WORLDS_EXPLORING_H
#define T64_WORLDS_EXPLORING_H

#include "base/types.h"

/* What a request asks for, done and answered. */
typedef void serve_request(u64 request);

/* As main.c's EXPLORE says. Once in a process; requests are served while the judge thinks. */
void explore(serve_request *serve);

#endif
