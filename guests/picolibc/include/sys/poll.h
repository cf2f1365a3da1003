/* As poll.h. */
#include <poll.h>
