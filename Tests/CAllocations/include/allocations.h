#pragma once

#include <stdbool.h>
#include <stdint.h>

/// How often this thread has asked for memory so far.
uint64_t allocations_of_this_thread(void);

/// Whether anything is counted: not in a build with a sanitizer, which needs these functions itself.
bool allocations_are_counted(void);
