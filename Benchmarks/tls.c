// The least that N connections of TLS 1.3 cost with OpenSSL as it is meant to be used: one process that
// serves, one that connects, an epoll instance each, and an SSL object for each end of a connection.
//
//   tls CONNECTIONS [PERCENT]
//
// What is done is what runner does: the client verifies a certificate that an authority made for this run has
// issued, and begins no connection while 512 handshakes are under way. Of its handshakes PERCENT resume the session
// of an earlier one, once there is one; without it there are no tickets. Prints one line of JSON: handshakes per second
// from the first connect to the last handshake at the client, the processor time of an end, the private memory that an
// end takes while all are held, and the share that was resumed.
#include "plain.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 9701, SOURCE = INADDR_LOOPBACK + 1, UNDER_WAY = 512 };

static atomic_long *accepted;
static atomic_int *phase; // 0 connect, 1 measure, 2 end
static atomic_long *server_memory;

// MARK: Certificates

static X509 *certificate(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *signer) {
  X509 *x = X509_new();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), issuer ? 2 : 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 86400);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer ? issuer : x, x, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(
      NULL, &context, issuer ? NID_subject_alt_name : NID_basic_constraints,
      issuer ? "IP:127.0.0.1" : "critical,CA:TRUE");
  X509_add_ext(x, extension, -1);
  X509_EXTENSION_free(extension);
  require(X509_sign(x, signer, EVP_sha256()) > 0, "X509_sign");
  return x;
}

// MARK: What both ends have in common

static long private_memory(void) {
  FILE *file = fopen("/proc/self/smaps_rollup", "r");
  char line[256];
  long total = 0, kilobytes;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "Private_Dirty: %ld", &kilobytes) == 1) total += kilobytes;
  fclose(file);
  return total * 1024;
}

// 1 when the handshake is over, 0 when it goes on.
static int shake(SSL *ssl) {
  int result = SSL_do_handshake(ssl);
  if (result == 1) return 1;
  int error = SSL_get_error(ssl, result);
  require(error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE, "SSL_do_handshake");
  return 0;
}

static SSL *attach(SSL_CTX *context, int descriptor) {
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
  SSL *ssl = SSL_new(context);
  require(ssl != NULL && SSL_set_fd(ssl, descriptor) == 1, "SSL_new");
  return ssl;
}

static SSL **table(void) { return calloc(take_descriptors(), sizeof(SSL *)); }

// MARK: The server

static void serve(SSL_CTX *context) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  SSL **ends = table();
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct linger reset = {1, 0};
  struct sockaddr_in at = address(INADDR_LOOPBACK, PORT);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  require(bind(listener, (struct sockaddr *)&at, sizeof at) == 0, "bind");
  require(listen(listener, 4096) == 0, "listen");
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  long before = private_memory();
  atomic_store(accepted, 0);
  int measured = 0;
  while (atomic_load(phase) < 2) {
    if (atomic_load(phase) == 1 && !measured) {
      atomic_store(server_memory, private_memory() - before);
      measured = 1;
    }
    int count = epoll_wait(epoll, events, 256, 20);
    for (int i = 0; i < count; i++) {
      int descriptor = events[i].data.fd;
      if (descriptor != listener) {
        if (ends[descriptor] && !SSL_is_init_finished(ends[descriptor]) && shake(ends[descriptor]))
          atomic_fetch_add(accepted, 1);
        continue;
      }
      while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        ends[descriptor] = attach(context, descriptor);
        SSL_set_accept_state(ends[descriptor]);
        event = (struct epoll_event){.events = SERVED, .data.fd = descriptor};
        require(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
      }
    }
  }
  _exit(0);
}

// MARK: The client

static SSL_SESSION *session;

static int keep(SSL *ssl, SSL_SESSION *given) {
  (void)ssl;
  if (session) return 0;
  session = given;
  return 1;
}

// A session of TLS 1.3 that was resumed is marked as not to be resumed again, so each connection gets a copy.
static void resume(SSL *ssl, int percent) {
  static long asked;
  if (!session) return;
  asked++;
  if (asked * percent / 100 == (asked - 1) * percent / 100) return;
  SSL_SESSION *copy = SSL_SESSION_dup(session);
  require(copy != NULL && SSL_set_session(ssl, copy) == 1, "SSL_set_session");
  SSL_SESSION_free(copy);
}

static int begin(int epoll) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  require(descriptor >= 0, "socket");
  struct linger reset = {1, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  struct sockaddr_in from = address(SOURCE, 0), to = address(INADDR_LOOPBACK, PORT);
  int on = 1;
  setsockopt(descriptor, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &on, sizeof on);
  require(bind(descriptor, (struct sockaddr *)&from, sizeof from) == 0, "bind");
  require(
      connect(descriptor, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS, "connect");
  struct epoll_event event = {
      .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = descriptor};
  require(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
  return descriptor;
}

int main(int argc, char **argv) {
  require(argc == 2 || argc == 3, "usage: tls CONNECTIONS [PERCENT]");
  long goal = atol(argv[1]), begun = 0, held = 0, resumed = 0;
  int percent = argc == 3 ? atoi(argv[2]) : 0;
  char *shared = mmap(
      NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  accepted = (atomic_long *)shared;
  server_memory = (atomic_long *)(shared + 64);
  phase = (atomic_int *)(shared + 128);
  atomic_store(accepted, -1);

  EVP_PKEY *authority_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
  X509 *authority = certificate(authority_key, "authority", NULL, authority_key);
  X509 *leaf = certificate(key, "server", authority, authority_key);
  SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
  SSL_CTX_use_certificate(server, leaf);
  SSL_CTX_use_PrivateKey(server, key);
  SSL_CTX_set_num_tickets(server, percent > 0 ? 1 : 0);
  SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_cache_mode(
      client, percent > 0 ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_new_cb(client, keep);
  for (int i = 0; i < 2; i++) {
    SSL_CTX *context = i ? server : client;
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  }
  X509_STORE_add_cert(SSL_CTX_get_cert_store(client), authority);
  SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(client), "127.0.0.1");

  if (fork() == 0) serve(server);
  while (atomic_load(accepted) < 0) usleep(1000);

  SSL **ends = table();
  int epoll = epoll_create1(0);
  struct epoll_event events[256];
  long memory = private_memory();
  uint64_t started = nanoseconds();
  while (held < goal) {
    for (int i = 0; i < 64 && begun < goal && begun - held < UNDER_WAY; i++, begun++) begin(epoll);
    int count = epoll_wait(epoll, events, 256, begun < goal && begun - held < UNDER_WAY ? 0 : 1000);
    for (int i = 0; i < count; i++) {
      int descriptor = events[i].data.fd;
      if (!ends[descriptor]) {
        ends[descriptor] = attach(client, descriptor);
        SSL_set_connect_state(ends[descriptor]);
        resume(ends[descriptor], percent);
      }
      if (!SSL_is_init_finished(ends[descriptor]) && shake(ends[descriptor])) {
        held++;
        resumed += SSL_session_reused(ends[descriptor]);
      }
      char byte;
      // The ticket comes behind the handshake.
      if (percent > 0 && !session && SSL_is_init_finished(ends[descriptor]))
        SSL_read(ends[descriptor], &byte, 1);
    }
  }
  double seconds = (nanoseconds() - started) / 1e9;
  while (atomic_load(accepted) < goal) usleep(1000);
  memory = private_memory() - memory;
  atomic_store(phase, 1);
  while (atomic_load(server_memory) == 0) usleep(1000);
  memory += atomic_load(server_memory);
  atomic_store(phase, 2);
  wait(NULL);
  struct rusage own, child;
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &child);
  double time = own.ru_utime.tv_sec + child.ru_utime.tv_sec + own.ru_stime.tv_sec
                + child.ru_stime.tv_sec
                + (own.ru_utime.tv_usec + child.ru_utime.tv_usec + own.ru_stime.tv_usec
                   + child.ru_stime.tv_usec) / 1e6;
  printf("{\"rate\": %.1f, \"time\": %.9f, \"memory\": %.0f, \"resumed\": %.6f}\n",
         goal / seconds, time / (2 * goal), (double)memory / (2 * goal), (double)resumed / goal);
  return 0;
}
