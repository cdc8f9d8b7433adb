#pragma once
// The low-level hash calls: deprecated in OpenSSL 3 in favour of EVP, but only these have a context that is a plain
// value, which can be copied, stored beside an upload and taken up again after a restart.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

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

// The library that is loaded, not the one compiled against: a stored context means something to that one only.
static inline unsigned long entrepot_openssl_version(void) { return OpenSSL_version_num(); }
