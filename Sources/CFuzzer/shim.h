#pragma once

#include <stddef.h>
#include <stdint.h>

// What libFuzzer offers to a program that has a main of its own: llvm.org/docs/LibFuzzer.html,
// "Using libFuzzer as a library".
int LLVMFuzzerRunDriver(int *argc, char ***argv,
                        int (*callback)(const uint8_t *bytes, size_t count));
