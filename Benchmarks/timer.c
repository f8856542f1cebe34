// How late a process wakes whose wait in epoll ends by its timeout.
//
// Prints one line of JSON: for waits of some lengths the lateness in seconds, median and 90th
// percentile, with the timers as exact as a process can ask for.
#include "plain.h"

#include <sys/prctl.h>

enum { WAITS = 2000 };

int main(void) {
  static const long lengths[] = {20, 50, 100, 500, 1000};
  static uint64_t late[WAITS];
  int epoll = epoll_create1(0);
  prctl(PR_SET_TIMERSLACK, 1);
  printf("{");
  for (int i = 0; i < 5; i++) {
    for (int n = 0; n < WAITS; n++) {
      struct timespec timeout = {0, lengths[i] * 1000};
      struct epoll_event event;
      uint64_t start = nanoseconds();
      epoll_pwait2(epoll, &event, 1, &timeout, 0);
      late[n] = nanoseconds() - start - lengths[i] * 1000;
    }
    qsort(late, WAITS, sizeof *late, ascending);
    printf("%s\"%ld us\": [%.1e, %.1e]", i ? ", " : "", lengths[i], late[WAITS / 2] / 1e9,
           late[WAITS * 9 / 10] / 1e9);
  }
  printf("}\n");
  return 0;
}
