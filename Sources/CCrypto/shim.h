#pragma once
// The low-level hash calls: deprecated in OpenSSL 3 in favour of EVP, but only these have a context that is a plain
// value, which can be copied, stored beside an upload and taken up again after a restart.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline void entrepot_sha256_init(SHA256_CTX *context) { SHA256_Init(context); }
static inline void entrepot_sha256_update(SHA256_CTX *context, const void *bytes, size_t count) {
    SHA256_Update(context, bytes, count);
}
static inline void entrepot_sha256_final(SHA256_CTX *context, unsigned char *out) { SHA256_Final(out, context); }

static inline void entrepot_sha512_init(SHA512_CTX *context) { SHA512_Init(context); }
static inline void entrepot_sha512_update(SHA512_CTX *context, const void *bytes, size_t count) {
    SHA512_Update(context, bytes, count);
}
static inline void entrepot_sha512_final(SHA512_CTX *context, unsigned char *out) { SHA512_Final(out, context); }

// A macro in C, which Swift does not see.
static inline void entrepot_openssl_free(void *memory) { OPENSSL_free(memory); }

// Variadic in C, which Swift cannot call. NULL on failure.
static inline EVP_PKEY *entrepot_generate_rsa(size_t bits) { return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits); }
static inline EVP_PKEY *entrepot_generate_p256(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); }
static inline EVP_PKEY *entrepot_generate_ed25519(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

// The library that is loaded, not the one compiled against: a stored context means something to that one only.
static inline unsigned long entrepot_openssl_version(void) { return OpenSSL_version_num(); }
