#pragma once

#include <stdint.h>

/// How often this thread has asked for memory so far.
uint64_t allocations_of_this_thread(void);
