// OpenSSL 3, and functions for what Swift cannot import from it: macros, and functions with a variable
// number of arguments. Everything here is inline, so there is nothing to compile.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <time.h>

#if OPENSSL_VERSION_MAJOR < 3
#error "runner needs OpenSSL 3 or later"
#endif

static inline int runner_ssl_set_versions(SSL_CTX *context, int lowest, int highest) {
  return SSL_CTX_set_min_proto_version(context, lowest) == 1 &&
         SSL_CTX_set_max_proto_version(context, highest) == 1;
}

/// Has OpenSSL free the buffers of a connection that is idle. This matters for TLS 1.2, whose connections stay
/// with OpenSSL after the handshake.
static inline void runner_ssl_release_buffers(SSL_CTX *context) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static inline void runner_ssl_refuse_renegotiation(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
}

static inline void runner_ssl_give_no_tickets(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
}

static inline void runner_ssl_set_session_cache(SSL_CTX *context, int mode) {
  SSL_CTX_set_session_cache_mode(context, mode);
}

/// Seconds since the session was begun, by the host's clock, as the session has no other.
static inline long runner_session_age(const SSL_SESSION *session) {
  return (long)(time((time_t *)0) - SSL_SESSION_get_time(session));
}

static inline int runner_ssl_add_chain(SSL_CTX *context, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline int runner_ssl_set_name(SSL *connection, const char *name) {
  return (int)SSL_set_tlsext_host_name(connection, name);
}

static inline void runner_ssl_set_owner(SSL *connection, void *owner) {
  SSL_set_app_data(connection, owner);
}

static inline void *runner_ssl_owner(const SSL *connection) { return SSL_get_app_data(connection); }

/// What a memory BIO holds; the pointer is good until the BIO is used again.
static inline size_t runner_bio_contents(BIO *bio, const uint8_t **bytes) {
  char *start = (char *)0;
  long count = BIO_get_mem_data(bio, &start);
  *bytes = (const uint8_t *)start;
  return start && count > 0 ? (size_t)count : 0;
}

static inline EVP_PKEY *runner_make_p256_key(void) { return EVP_EC_gen("P-256"); }
