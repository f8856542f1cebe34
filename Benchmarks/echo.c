// The least that echoes cost: server and client processes in pairs, one epoll instance each, and the
// same system calls a message as runner (receive, send, and a part of a wait at either end).
//
//   echo CONNECTIONS SECONDS PROCESSES [RATE [AWAKE]]
//
// Each connection sends 64 bytes, and the next 64 when they are back. With a RATE (of all processes
// together; 0 for none) messages are due at fixed instants, and whichever connection has been idle
// for the longest sends the next one. A client does not sleep when its next message is due in less
// than AWAKE nanoseconds (0). Measuring begins a second after the last connection was opened.
//
// Prints one line of JSON: round trips a second, the processor time of one at both ends, and with a
// RATE the time from the instant that a message was due to its answer, in seconds.
#include "plain.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENDPOINT = 9600, SIZE = 64, SOURCES = 16, FIRST_PORT = 1024,
       BUCKETS = 100000 /* of a microsecond */ };

// What a pair of processes tells the others.
struct pair {
  _Alignas(64) atomic_int listens, connected, measured;
  double processor[2]; // of both ends, while it was measured
  uint64_t total;
  uint32_t counts[BUCKETS];
};

static struct pair *pairs;
static _Atomic uint64_t *start; // of measuring; 0 until every connection is open
static int processes, connections;
static double duration, rate;
static long awake;

static double processor(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return used.tv_sec + used.tv_nsec / 1e9;
}

static void serve(int index, struct pair *pair) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct linger reset = {1, 0};
  struct sockaddr_in at = address(INADDR_LOOPBACK, ENDPOINT + index);
  static char bytes[65536];
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  require(bind(listener, (struct sockaddr *)&at, sizeof at) == 0, "bind");
  require(listen(listener, 4096) == 0, "listen");
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  atomic_store(&pair->listens, 1);
  double before = 0;
  while (!atomic_load_explicit(&pair->measured, memory_order_relaxed)) {
    int count = epoll_wait(epoll, events, 256, 50);
    // What it used before the first message came after the start is none of its messages'.
    uint64_t started = atomic_load_explicit(start, memory_order_relaxed);
    if (before == 0 && started && nanoseconds() >= started) before = processor();
    for (int i = 0; i < count; i++) {
      int socket = events[i].data.fd;
      if (socket != listener) {
        ssize_t size = recv(socket, bytes, sizeof bytes, 0);
        if (size <= 0) close(socket);
        else if (send(socket, bytes, size, MSG_NOSIGNAL) != size) close(socket);
        continue;
      }
      while ((socket = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event added = {.events = SERVED, .data.fd = socket};
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &added);
      }
    }
  }
  pair->processor[0] = processor() - before;
}

static int connected(int index) {
  static long tried = 0;
  struct sockaddr_in to = address(INADDR_LOOPBACK, ENDPOINT + index);
  struct linger reset = {1, 0};
  int on = 1, s = socket(AF_INET, SOCK_STREAM, 0);
  require(s >= 0, "socket");
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  for (;;) {
    long slot = index + tried++ * processes;
    struct sockaddr_in from =
        address(INADDR_LOOPBACK + 1 + slot % SOURCES, (int)(FIRST_PORT + slot / SOURCES));
    if (bind(s, (struct sockaddr *)&from, sizeof from) == 0) break;
    require(errno == EADDRINUSE, "bind"); // somebody's port: take the next
  }
  require(connect(s, (struct sockaddr *)&to, sizeof to) == 0, "connect");
  setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return s;
}

static void converse(int index, struct pair *pair) {
  int own = connections / processes + (index < connections % processes);
  int epoll = epoll_create1(0), *sockets = calloc(own, sizeof *sockets);
  int *idle = calloc(own, sizeof *idle), first = 0, waiting = 0;
  uint64_t *due = calloc(own, sizeof *due), now, sent = 0;
  static char bytes[65536];
  char message[SIZE];
  struct epoll_event events[256];
  memset(message, 'x', SIZE);
  for (int i = 0; i < own; i++) {
    sockets[i] = connected(index);
    struct epoll_event added = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u32 = i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &added);
  }
  atomic_store(&pair->connected, 1);
  while (atomic_load(start) == 0) usleep(1000);
  uint64_t begin = atomic_load(start), end = begin + (uint64_t)(duration * 1e9);
  if (begin > nanoseconds()) usleep((begin - nanoseconds()) / 1000);
  double before = processor();
  for (int i = 0; i < own; i++) {
    if (rate > 0) idle[waiting++] = i;
    else require(send(sockets[i], message, SIZE, MSG_NOSIGNAL) == SIZE, "send");
  }
  while ((now = nanoseconds()) < end) {
    struct timespec patience = {0, 50000000};
    while (rate > 0 && waiting > 0) {
      // Of all processes' messages every nth is this one's.
      uint64_t next = begin + (uint64_t)((index + sent * processes) / rate * 1e9);
      if (next > now) {
        long left = next - now < 50000000 ? next - now : 50000000;
        patience.tv_nsec = left < awake ? 0 : left;
        break;
      }
      int i = idle[first];
      first = (first + 1) % own;
      waiting--;
      due[i] = next;
      sent++;
      require(send(sockets[i], message, SIZE, MSG_NOSIGNAL) == SIZE, "send");
      now = nanoseconds();
    }
    int count = epoll_pwait2(epoll, events, 256, &patience, 0);
    for (int i = 0; i < count; i++) {
      int which = events[i].data.u32;
      require(recv(sockets[which], bytes, sizeof bytes, 0) == SIZE, "recv");
      require(memcmp(bytes, message, SIZE) == 0, "compare");
      pair->total++;
      if (rate > 0) {
        uint64_t late = (nanoseconds() - due[which]) / 1000;
        pair->counts[late < BUCKETS ? late : BUCKETS - 1]++;
        idle[(first + waiting++) % own] = which;
      } else {
        require(send(sockets[which], message, SIZE, MSG_NOSIGNAL) == SIZE, "send");
      }
    }
  }
  pair->processor[1] = processor() - before;
  atomic_store(&pair->measured, 1);
}

static double percentile(double share, uint64_t total) {
  uint64_t seen = 0;
  for (int i = 0; i < BUCKETS; i++) {
    for (int p = 0; p < processes; p++) seen += pairs[p].counts[i];
    if (seen >= share * total) return (i + 1) / 1e6;
  }
  return BUCKETS / 1e6;
}

int main(int argc, char **argv) {
  if (argc < 4 || argc > 6) return 64;
  connections = atoi(argv[1]);
  duration = atof(argv[2]);
  processes = atoi(argv[3]);
  rate = argc > 4 ? atof(argv[4]) : 0;
  awake = argc > 5 ? atol(argv[5]) : 0;
  if (processes < 1 || connections < processes || duration <= 0) return 64;
  take_descriptors();
  size_t size = processes * sizeof *pairs;
  pairs = mmap(0, size + 64, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  start = (void *)&pairs[processes];
  for (int i = 0; i < 2 * processes; i++) {
    if (fork() != 0) continue;
    struct pair *pair = &pairs[i % processes];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1);
    if (i < processes) {
      serve(i, pair);
    } else {
      while (!atomic_load(&pair->listens)) usleep(1000);
      converse(i - processes, pair);
    }
    _exit(0);
  }
  for (int i = 0; i < processes; i++)
    while (!atomic_load(&pairs[i].connected)) {
      usleep(1000);
      require(waitpid(-1, 0, WNOHANG) == 0, "a process ended early");
    }
  atomic_store(start, nanoseconds() + 1000000000);
  double user = 0, both = 0;
  struct rusage usage;
  while (wait4(-1, 0, 0, &usage) > 0) user += usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
  uint64_t total = 0;
  for (int i = 0; i < processes; i++) {
    total += pairs[i].total;
    both += pairs[i].processor[0] + pairs[i].processor[1];
  }
  printf("{\"rate\": %.1f, \"cpu\": %.3e, \"user\": %.3e", total / duration, both / total,
         user / total);
  if (rate > 0)
    printf(", \"p50\": %.6f, \"p90\": %.6f, \"p99\": %.6f", percentile(0.5, total),
           percentile(0.9, total), percentile(0.99, total));
  printf("}\n");
  return 0;
}
