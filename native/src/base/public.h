/* The public header. It has no guard of its own, for cffi takes no directives. */
#ifndef T64_PUBLIC_H
#define T64_PUBLIC_H

#include <stdint.h>

#include "toyvm.h"

#endif
