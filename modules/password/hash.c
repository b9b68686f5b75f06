/* SPDX-License-Identifier: MIT */

/* hash.c - see hash.h; the one file that knows libcrypt */

#include "hash.h"

#include <crypt.h>
#include <errno.h>
#include <fulcra/error.h>
#include <stdatomic.h>
#include <string.h>

G_STATIC_ASSERT(HASH_MAX_PASSWORD == CRYPT_MAX_PASSPHRASE_SIZE - 1);
G_STATIC_ASSERT(HASH_MAX_HASH == CRYPT_OUTPUT_SIZE - 1);

/* crypt(5): the method whose hashes begin with this. */
#define YESCRYPT "$y$"

static atomic_uint_fast64_t n_hashed;

uint64_t
hash_count(void)
{
    return atomic_load(&n_hashed);
}

/* The hash of @password with the method, cost and salt of @setting; NULL with
 * errno. (transfer full) (nullable) */
static char *
compute(const char *password, const char *setting)
{
    struct crypt_data *data = g_new0(struct crypt_data, 1);
    const char *output = crypt_rn(password, setting, data, sizeof *data);
    char *hash = g_strdup(output);
    int failure = errno;

    explicit_bzero(data, sizeof *data);
    g_free(data);
    if (hash != NULL)
        atomic_fetch_add(&n_hashed, 1);
    errno = failure;
    return hash;
}

static void
forget(char *hash)
{
    if (hash != NULL)
        explicit_bzero(hash, strlen(hash));
    g_free(hash);
}

char *
hash_new(const char *password, unsigned cost, GError **error)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    char *hash = NULL;

    if (crypt_gensalt_rn(
                YESCRYPT, cost, NULL, 0, setting, (int)sizeof setting) != NULL)
        hash = compute(password, setting);
    if (hash == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "libcrypt cannot hash: %s", g_strerror(errno));
    return hash;
}

/* In a time that does not tell where they differ. */
static bool
equal(const char *a, const char *b)
{
    size_t length = strlen(a);
    volatile unsigned char difference = 0;

    if (length != strlen(b))
        return false;
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return difference == 0;
}

static HashResult
pretend(const char *password, unsigned cost)
{
    char *hash = hash_new(password, cost, NULL);
    bool hashed = hash != NULL;

    forget(hash);
    return hashed ? HASH_MALFORMED : HASH_FAILED;
}

HashResult
hash_verify(const char *password, const char *hash, unsigned cost)
{
    /* Any two letters would be a salt of the DES method. */
    if (hash[0] != '$' || crypt_checksalt(hash) == CRYPT_SALT_INVALID)
        return pretend(password, cost);

    char *made = compute(password, hash);
    if (made == NULL)
        return errno == EINVAL ? pretend(password, cost) : HASH_FAILED;
    bool same = equal(made, hash);
    forget(made);
    return same ? HASH_SAME : HASH_OTHER;
}
