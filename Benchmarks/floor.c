// The least that holding N loopback connections costs: the same processes and system calls as a
// runner ramp, and nothing else. No schedule, no statistics, no error handling beyond stopping.
//
//   floor CONNECTIONS PROCESSES [BATCH]
//
// PROCESSES clients connect to as many servers, one epoll instance each; a client opens BATCH
// connections (16) between two looks at its events. Prints one line of JSON: seconds from the first
// connect to the last accept, and the processor time of an end, as the kernel tells it of processes
// that have ended.
#include "plain.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_ENDPOINT = 9500, FIRST_PORT = 1024, PORTS = 64512, SOURCES = 16 };

static int batch = 16;

// One cell a process, a cache line each, so that processes do not slow each other down.
struct cell {
  _Alignas(64) atomic_long held;
  atomic_int done;
};

static struct cell *cells;
static atomic_int *phase; // 0 get ready, 1 connect, 2 close

static void add(struct cell *cell) {
  atomic_fetch_add_explicit(&cell->held, 1, memory_order_relaxed);
}

static void serve(int index, struct cell *cell) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct linger reset = {1, 0};
  struct sockaddr_in at = address(INADDR_LOOPBACK, FIRST_ENDPOINT + index);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  require(bind(listener, (struct sockaddr *)&at, sizeof at) == 0, "server bind");
  require(listen(listener, 4096) == 0, "listen");
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  while (atomic_load(phase) < 2) {
    int count = epoll_wait(epoll, events, 256, 50);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd != listener) continue;
      for (int n = 0; n < 64; n++) {
        int socket = accept4(listener, 0, 0, SOCK_NONBLOCK);
        if (socket < 0) break;
        struct epoll_event added = {.events = SERVED, .data.fd = socket};
        require(epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &added) == 0, "server epoll_ctl");
        add(cell);
      }
    }
  }
}

static void connect_all(int index, int processes, long share, struct cell *cell) {
  int epoll = epoll_create1(0), on = 1;
  struct linger reset = {1, 0};
  struct epoll_event events[256];
  while (atomic_load(phase) < 1) usleep(1000);
  long begun = 0, tried = 0;
  while (atomic_load_explicit(&cell->held, memory_order_relaxed) < share) {
    for (int n = 0; n < batch && begun < share; n++) {
      long slot = index + tried++ * processes;
      struct sockaddr_in from =
          address(INADDR_LOOPBACK + 1 + slot % SOURCES, (int)(FIRST_PORT + slot / SOURCES));
      struct sockaddr_in to = address(INADDR_LOOPBACK, FIRST_ENDPOINT + slot % processes);
      int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      require(s >= 0, "socket");
      setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      if (bind(s, (struct sockaddr *)&from, sizeof from) != 0) {
        require(errno == EADDRINUSE, "bind"); // somebody's port: take the next
        close(s);
        continue;
      }
      require(connect(s, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS,
              "connect");
      struct epoll_event added = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
      require(epoll_ctl(epoll, EPOLL_CTL_ADD, s, &added) == 0, "client epoll_ctl");
      begun++;
    }
    int count = epoll_wait(epoll, events, 256, begun < share ? 0 : 100);
    for (int i = 0; i < count; i++) {
      require(!(events[i].events & EPOLLERR), "handshake");
      add(cell);
    }
  }
  atomic_store(&cell->done, 1);
  while (atomic_load(phase) < 2) usleep(10000);
}

static long held(int from, int to) {
  long sum = 0;
  for (int i = from; i < to; i++) sum += atomic_load(&cells[i].held);
  return sum;
}

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4) return 64;
  long connections = atol(argv[1]);
  int processes = atoi(argv[2]), all = 2 * processes;
  if (argc > 3) batch = atoi(argv[3]);
  if (connections < 1 || processes < 1 || batch < 1) return 64;
  take_descriptors();
  cells = mmap(0, (all + 1) * sizeof *cells, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
               -1, 0);
  phase = (atomic_int *)&cells[all];
  for (int i = 0; i < all; i++) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int client = i - processes;
    if (client < 0) serve(i, &cells[i]);
    else connect_all(client, processes,
                     connections / processes + (client < connections % processes), &cells[i]);
    _exit(0);
  }
  usleep(200000);
  uint64_t start = nanoseconds();
  atomic_store(phase, 1);
  while (held(0, processes) < connections || held(processes, all) < connections) {
    require(nanoseconds() - start < 300000000000, "not finished in 300 s");
    usleep(1000);
  }
  double elapsed = (nanoseconds() - start) / 1e9;
  for (int i = processes; i < all; i++)
    while (!atomic_load(&cells[i].done)) usleep(1000);
  atomic_store(phase, 2);
  double user = 0, system = 0;
  struct rusage usage;
  while (wait4(-1, 0, 0, &usage) > 0) {
    user += usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
    system += usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6;
  }
  printf("{\"connections\": %ld, \"seconds\": %.3f, \"user\": %.3e, \"system\": %.3e}\n",
         connections, elapsed, user / (2 * connections), system / (2 * connections));
  return 0;
}
