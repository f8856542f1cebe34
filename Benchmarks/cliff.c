// What the ports of one source address cost when the kernel chooses them: bind(ip, 0), from the
// first port to SHARE of ip_local_port_range.
//
//   cliff SHARE
//
// Prints one line of JSON: the median time of a bind in seconds, over the first and the last tenth.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int compare(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static double median(uint64_t *values, long count) {
  qsort(values, count, sizeof *values, compare);
  return values[count / 2] / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 2) return 64;
  int low = 32768, high = 60999;
  FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
  if (range) {
    if (fscanf(range, "%d %d", &low, &high) != 2) return 1;
    fclose(range);
  }
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  long count = (high - low + 1) * atof(argv[1]);
  if (count > (long)limit.rlim_cur - 16) {
    fprintf(stderr, "%ld ports, and only %ld descriptors: take a smaller share\n",
            count, (long)limit.rlim_cur);
    return 1;
  }
  uint64_t *took = calloc(count, sizeof *took);
  for (long i = 0; i < count; i++) {
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t before = nanoseconds();
    if (socket_ < 0 || bind(socket_, (struct sockaddr *)&from, sizeof from) != 0) {
      perror("bind");
      return 1;
    }
    took[i] = nanoseconds() - before;
  }
  printf("{\"ports\": %ld, \"first\": %.3e, \"last\": %.3e}\n", count, median(took, count / 10),
         median(took + count - count / 10, count / 10));
  return 0;
}
