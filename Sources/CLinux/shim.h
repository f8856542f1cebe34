// What Swift's importer cannot see of Linux: fork, accept4, the packed epoll_event, and macros
// that expand to casts. All functions are inline, but for two that glibc has: there is nothing to compile.
//
// _GNU_SOURCE stays undefined. With it the C library's headers declare other types than the ones that
// Swift's Glibc module was built from, and the two do not mix. The calls that _GNU_SOURCE would declare
// are made by system call number instead.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netdb.h>
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
#include <sys/random.h>
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

// glibc declares these two for _GNU_SOURCE only.
const char *strerrorname_np(int number);
const char *strerrordesc_np(int number);

static inline int runner_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events,
                                   uint64_t data) {
  struct runner_epoll_event event = {.events = events, .data = data};
  return epoll_ctl(epoll, operation, descriptor, (struct epoll_event *)(void *)&event);
}

/// `timeout_ns` in milliseconds, as epoll_wait takes it: rounded up, and at most INT_MAX, which is 24 days.
/// -1 (no timeout) where `timeout_ns` is negative.
static inline int runner_milliseconds(int64_t timeout_ns) {
  if (timeout_ns < 0) return -1;
  int64_t milliseconds = timeout_ns / 1000000 + (timeout_ns % 1000000 > 0);
  return milliseconds < INT_MAX ? (int)milliseconds : INT_MAX;
}

/// Waits at most `timeout_ns` nanoseconds; a negative value waits for ever. epoll_pwait2 (Linux 5.11) takes
/// nanoseconds. On an older kernel the timeout is rounded up to milliseconds: a caller that is woken too
/// early would spin. Where a seccomp profile is older than epoll_pwait2, the call may fail with EPERM
/// instead of ENOSYS; the kernel itself never gives EPERM here. Both errors last as long as the process.
static inline int runner_epoll_wait(int epoll, struct runner_epoll_event *events, int capacity,
                                    int64_t timeout_ns) {
#ifdef SYS_epoll_pwait2
  static int is_missing;
  if (!is_missing) {
    struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    long ready = syscall(SYS_epoll_pwait2, epoll, events, capacity,
                         timeout_ns < 0 ? (struct timespec *)0 : &timeout, (void *)0, 0);
    if (ready >= 0 || (errno != ENOSYS && errno != EPERM)) return (int)ready;
    is_missing = 1;
  }
#endif
  return epoll_wait(epoll, (struct epoll_event *)(void *)events, capacity,
                    runner_milliseconds(timeout_ns));
}

/// Inline, because Swift's own `errno` is a call into another library.
static inline int runner_errno(void) { return errno; }

static inline int runner_accept(int listener, struct sockaddr_in6 *peer) {
  socklen_t size = sizeof *peer;
  return (int)syscall(SYS_accept4, listener, peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/// Swift refuses to import fork. Fork is safe here, because runner forks before it has a second thread. The
/// only exception is threads of libdispatch after a recording was read: they wait, and hold no lock.
static inline pid_t runner_fork(void) { return fork(); }

static inline int runner_pipe(int *ends) {
  return (int)syscall(SYS_pipe2, ends, O_NONBLOCK | O_CLOEXEC);
}

static inline int runner_close_from(unsigned first) {
  return (int)syscall(SYS_close_range, first, ~0u, 0u);
}

static inline int runner_setrlimit_nofile(const struct rlimit *limit) {
  return setrlimit(RLIMIT_NOFILE, limit);
}

static inline int runner_getrlimit_nofile(struct rlimit *limit) {
  return getrlimit(RLIMIT_NOFILE, limit);
}

/// RLIMIT_NOFILE of another process; -1 where that process is gone, or this one may not ask.
static inline int runner_getrlimit_nofile_of(pid_t process, struct rlimit *limit) {
  return (int)syscall(SYS_prlimit64, process, RLIMIT_NOFILE, 0, limit);
}

/// Without this the kernel may deliver a timeout 50 us late, to save wake-ups.
static inline int runner_exact_timers(void) { return prctl(PR_SET_TIMERSLACK, 1); }

static inline int runner_set_affinity(const uint64_t *mask, size_t size) {
  return (int)syscall(SYS_sched_setaffinity, 0, size, mask);
}

static inline int runner_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

static inline int runner_duplicate_to(int descriptor, int target) {
  return (int)syscall(SYS_dup3, descriptor, target, O_CLOEXEC);
}

static inline int runner_duplicate_above(int descriptor, int lowest) {
  return fcntl(descriptor, F_DUPFD_CLOEXEC, lowest);
}

/// wait4(2): what waitpid does, and what the child has used.
static inline pid_t runner_wait(pid_t child, int *status, int options, struct rusage *usage) {
  return (pid_t)syscall(SYS_wait4, child, status, options, usage);
}

/// The process ID of a child that has ended and is not reaped yet: of `child`, or of any where `child` is 0. 0
/// where none has ended, with WNOHANG; -1 on errors.
static inline pid_t runner_ended_child(pid_t child, int options) {
  siginfo_t info = {0};
  if (waitid(child == 0 ? P_ALL : P_PID, (id_t)child, &info, WEXITED | WNOWAIT | options) < 0) return -1;
  return info.si_pid;
}

/// The processor time of a process that is not reaped yet, as the kernel counts it at the ticks of its clock. The
/// clock is that of CPUCLOCK_PROF, for which no header of the C library has a name (kernel/time/posix-cpu-timers.c).
static inline int runner_time_at_ticks(pid_t process, struct timespec *time) {
  return clock_gettime((clockid_t)(~(unsigned)process << 3), time);
}

static inline void runner_ignore_signal(int number) { signal(number, SIG_IGN); }
static inline void runner_default_signal(int number) { signal(number, SIG_DFL); }

static inline int runner_exit_code(int status) { return WEXITSTATUS(status); }
static inline int runner_death_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

/// Opens a file without a name: unless it is linked, it vanishes when its descriptor is closed. The flags are
/// O_TMPFILE of open(2), which fcntl.h defines for _GNU_SOURCE only.
static inline int runner_open_unnamed(const char *directory, mode_t mode) {
  return open(directory, 020000000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, mode);
}

/// Moves this thread into the network namespace behind the descriptor `space`. setns(2); CLONE_NEWNET is
/// 0x40000000.
static inline int runner_enter_network(int space) {
  return (int)syscall(SYS_setns, space, 0x40000000);
}

/// Mounts tracefs at no place in the file system, and returns a descriptor of the mount: it lasts until the
/// descriptor is closed. fsopen, fsconfig and fsmount are of Linux 5.2; on an older kernel -1, with errno.
static inline int runner_detached_tracefs(void) {
#ifdef SYS_fsmount
  int context = (int)syscall(SYS_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */);
  if (context < 0) return -1;
  int mount = -1;
  if (syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, (void *)0, (void *)0, 0) == 0)
    mount = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */,
                         14 /* MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC */);
  int reason = errno;
  close(context);
  errno = reason;
  return mount;
#else
  errno = ENOSYS;
  return -1;
#endif
}

/// Bytes that a socket has taken and its peer has not acknowledged; -1 where that cannot be told. Source: SIOCOUTQ in
/// tcp(7), which has the number of TIOCOUTQ.
static inline int runner_unacknowledged(int descriptor) {
  int count;
  return ioctl(descriptor, TIOCOUTQ, &count) == 0 ? count : -1;
}

/// Renames a file where nothing has the new name. Source: RENAME_NOREPLACE (1) in renameat2(2).
static inline int runner_rename_new(const char *path, const char *other) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, 1u);
}

static inline int runner_terminal_width(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
