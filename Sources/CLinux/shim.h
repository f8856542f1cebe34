// What Swift's importer cannot see of Linux: fork, accept4, the packed epoll_event, and macros
// that expand to casts. Everything here is inline, so there is nothing to compile or link.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// `struct epoll_event` with its 64 bits of user data in plain sight. The kernel packs the
/// structure on x86-64 only; the assertions hold this copy to the real layout everywhere.
#if defined(__x86_64__)
#define RUNNER_EPOLL_PACKED __attribute__((packed))
#else
#define RUNNER_EPOLL_PACKED
#endif
struct runner_epoll_event {
  uint32_t events;
  uint64_t data;
} RUNNER_EPOLL_PACKED;
_Static_assert(sizeof(struct runner_epoll_event) == sizeof(struct epoll_event),
               "epoll_event has another size here");
_Static_assert(__builtin_offsetof(struct runner_epoll_event, data) ==
                   __builtin_offsetof(struct epoll_event, data),
               "epoll_event keeps its data elsewhere here");

static inline int runner_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events,
                                   uint64_t data) {
  struct runner_epoll_event event = {.events = events, .data = data};
  return epoll_ctl(epoll, operation, descriptor, (struct epoll_event *)(void *)&event);
}

static inline int runner_epoll_wait(int epoll, struct runner_epoll_event *events, int capacity,
                                    int timeout_ms) {
  return epoll_wait(epoll, (struct epoll_event *)(void *)events, capacity, timeout_ms);
}

static inline int runner_accept(int listener) {
  return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/// Swift refuses to import fork. It is safe here: the runner forks before any thread exists.
static inline pid_t runner_fork(void) { return fork(); }

static inline int runner_close_from(unsigned first) {
  return (int)syscall(SYS_close_range, first, ~0u, 0u);
}

static inline int runner_setrlimit_nofile(const struct rlimit *limit) {
  return setrlimit(RLIMIT_NOFILE, limit);
}

static inline int runner_getrlimit_nofile(struct rlimit *limit) {
  return getrlimit(RLIMIT_NOFILE, limit);
}

static inline int runner_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

static inline int runner_exited(int status) { return WIFEXITED(status); }
static inline int runner_exit_code(int status) { return WEXITSTATUS(status); }
static inline int runner_death_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

static inline int runner_terminal_width(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
