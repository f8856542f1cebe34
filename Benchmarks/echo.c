// The least that echoes cost: one server process, one client process, one epoll instance each, and
// the same system calls a message as runner (receive, send, and a part of a wait at either end).
//
//   echo CONNECTIONS SECONDS [RATE]
//
// Each connection sends 64 bytes, and the next 64 when they are back. With a RATE messages are due
// at fixed instants, and whichever connection has been idle for the longest sends the next one.
// Prints one line of JSON: round trips a second, the processor time of one, and with a RATE the
// time from the instant that a message was due to its answer, in seconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENDPOINT = 9600, SIZE = 64, BUCKETS = 100000 /* of a microsecond */ };

static struct shared {
  atomic_int ready, over;
  double user[2], system[2];
} *shared;

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void require(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static void report(int end) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  shared->user[end] = usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
  shared->system[end] = usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6;
}

static struct sockaddr_in endpoint(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(ENDPOINT)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

static void serve(void) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct linger reset = {1, 0};
  struct sockaddr_in at = endpoint();
  static char bytes[65536];
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  require(bind(listener, (struct sockaddr *)&at, sizeof at) == 0, "bind");
  require(listen(listener, 4096) == 0, "listen");
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  atomic_store(&shared->ready, 1);
  while (!atomic_load(&shared->over)) {
    int count = epoll_wait(epoll, events, 256, 50);
    for (int i = 0; i < count; i++) {
      int socket = events[i].data.fd;
      if (socket != listener) {
        ssize_t size = recv(socket, bytes, sizeof bytes, 0);
        if (size <= 0) close(socket);
        else if (send(socket, bytes, size, MSG_NOSIGNAL) != size) close(socket);
        continue;
      }
      while ((socket = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event added = {.events = EPOLLIN, .data.fd = socket};
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &added);
      }
    }
  }
  report(0);
}

static uint64_t counts[BUCKETS], total;

static double percentile(double share) {
  uint64_t seen = 0;
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += counts[i]) >= share * total) return (i + 1) / 1e6;
  return BUCKETS / 1e6;
}

static void converse(int connections, double seconds, double rate) {
  int epoll = epoll_create1(0), *sockets = calloc(connections, sizeof *sockets);
  int *idle = calloc(connections, sizeof *idle), first = 0, waiting = 0;
  uint64_t *due = calloc(connections, sizeof *due);
  struct linger reset = {1, 0};
  static char bytes[65536];
  char message[SIZE];
  struct epoll_event events[256];
  memset(message, 'x', SIZE);
  for (int i = 0; i < connections; i++) {
    struct sockaddr_in to = endpoint();
    sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
    require(sockets[i] >= 0, "socket");
    require(connect(sockets[i], (struct sockaddr *)&to, sizeof to) == 0, "connect");
    setsockopt(sockets[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    struct epoll_event added = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u32 = i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &added);
  }
  uint64_t start = nanoseconds(), end = start + seconds * 1e9, now, sent = 0;
  struct rusage before;
  getrusage(RUSAGE_SELF, &before);
  for (int i = 0; i < connections; i++) {
    if (rate > 0) idle[waiting++] = i;
    else require(send(sockets[i], message, SIZE, MSG_NOSIGNAL) == SIZE, "send");
  }
  while ((now = nanoseconds()) < end) {
    struct timespec patience = {0, 50000000};
    while (rate > 0 && waiting > 0) {
      uint64_t next = start + (uint64_t)(sent / rate * 1e9);
      if (next > now) {
        patience.tv_nsec = next - now < 50000000 ? next - now : 50000000;
        break;
      }
      int i = idle[first];
      first = (first + 1) % connections;
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
      total++;
      if (rate > 0) {
        uint64_t late = (nanoseconds() - due[which]) / 1000;
        counts[late < BUCKETS ? late : BUCKETS - 1]++;
        idle[(first + waiting++) % connections] = which;
      } else {
        require(send(sockets[which], message, SIZE, MSG_NOSIGNAL) == SIZE, "send");
      }
    }
  }
  double elapsed = (nanoseconds() - start) / 1e9;
  report(1);
  shared->user[1] -= before.ru_utime.tv_sec + before.ru_utime.tv_usec / 1e6;
  shared->system[1] -= before.ru_stime.tv_sec + before.ru_stime.tv_usec / 1e6;
  printf("{\"connections\": %d, \"rate\": %.1f, \"user\": %.3e, \"system\": %.3e, ", connections,
         total / elapsed, shared->user[1] / total, shared->system[1] / total);
  if (rate > 0) printf("\"p50\": %.6f, \"p99\": %.6f}\n", percentile(0.5), percentile(0.99));
  else printf("\"p50\": null, \"p99\": null}\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4) return 64;
  int connections = atoi(argv[1]);
  double seconds = atof(argv[2]), rate = argc > 3 ? atof(argv[3]) : 0;
  if (connections < 1 || seconds <= 0) return 64;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int end = 0; end < 2; end++) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (end == 0) {
      serve();
    } else {
      prctl(PR_SET_TIMERSLACK, 1);
      while (!atomic_load(&shared->ready)) usleep(1000);
      converse(connections, seconds, rate);
      atomic_store(&shared->over, 1);
    }
    _exit(0);
  }
  while (wait(0) > 0) {}
  return 0;
}
