// What the ports of one source address cost when the kernel chooses them: bind(ip, 0), from the
// first port to SHARE of ip_local_port_range.
//
//   cliff SHARE
//
// Prints one line of JSON: the median time of a bind in seconds, over the first and the last tenth.
#include "plain.h"

static double median(uint64_t *values, long count) {
  qsort(values, count, sizeof *values, ascending);
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
  long descriptors = take_descriptors();
  long count = (high - low + 1) * atof(argv[1]);
  if (count > descriptors - 16) {
    fprintf(stderr, "%ld ports, and only %ld descriptors: take a smaller share\n",
            count, descriptors);
    return 1;
  }
  uint64_t *took = calloc(count, sizeof *took);
  for (long i = 0; i < count; i++) {
    struct sockaddr_in from = address(INADDR_LOOPBACK + 1, 0);
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t before = nanoseconds();
    require(bind(socket_, (struct sockaddr *)&from, sizeof from) == 0, "bind");
    took[i] = nanoseconds() - before;
  }
  printf("{\"ports\": %ld, \"first\": %.3e, \"last\": %.3e}\n", count, median(took, count / 10),
         median(took + count - count / 10, count / 10));
  return 0;
}
