/* SPDX-License-Identifier: MIT */

/*
 * password.c - hashing passwords and verifying them
 *
 *     SOURCE active:passwordHash      password by value or by reference
 *     SOURCE active:passwordVerify    password likewise, hash
 *
 * FULCRA_RUN_CONCURRENT: a hash takes tens of milliseconds of a processor. No
 * message of these says anything of a password or a hash.
 */

#include "arguments.h"
#include "hash.h"
#include "login.h"

#include <json-glib/json-glib.h>
#include <stdatomic.h>

/* How often what was verified was no hash. */
static atomic_uint_fast64_t n_unknown;

static FulcraRepresentation *
fresh(FulcraRepresentation *answer)
{
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

static bool
read_password(FulcraRequest *request, FulcraRepresentation **password,
        unsigned *cost, GError **error)
{
    int64_t value;

    if (!setting_int(request, FULCRA_ID("setting:/cost"), &value, error))
        return false;
    *cost = (unsigned)value;
    *password = argument_secret(request, "password", HASH_MAX_PASSWORD, error);
    return *password != NULL;
}

static FulcraRepresentation *
hash_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) password = NULL;
    unsigned cost;

    if (!read_password(request, &password, &cost, error))
        return NULL;
    g_autofree char *hash =
            hash_new(fulcra_representation_get_text(password), cost, error);
    return hash == NULL ? NULL : fresh(fulcra_representation_new_text(hash));
}

/* --- verifying --- */

/* What there is to compare with: "" where there is no such user. (transfer
 * full) (nullable): NULL with @error */
static FulcraRepresentation *
read_hash(FulcraRequest *request, GError **error)
{
    g_autoptr(GError) failure = NULL;

    if (fulcra_request_get_n_arguments(request, "hash") == 0)
        return fulcra_representation_new_text("");
    FulcraRepresentation *hash =
            argument_text(request, "hash", HASH_MAX_HASH, &failure);
    if (hash != NULL)
        return hash;
    if (g_error_matches(failure, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND))
        return fulcra_representation_new_text("");
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
}

static FulcraRepresentation *
verify(FulcraRequest *request, const char *password, const char *hash,
        unsigned cost, GError **error)
{
    HashResult result = hash_verify(password, hash, cost);

    if (result == HASH_FAILED) {
        g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "libcrypt cannot hash: is there enough memory?");
        return NULL;
    }
    if (result == HASH_MALFORMED) {
        atomic_fetch_add(&n_unknown, 1);
        if (hash[0] != '\0')
            fulcra_log_warning(request,
                    "a stored hash is of no kind that libcrypt knows: nobody "
                    "can log in with it");
    }
    return fresh(fulcra_representation_new_bool(result == HASH_SAME));
}

/* The password first: what is wrong with it must not depend on the user. */
static FulcraRepresentation *
verify_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) password = NULL, hash = NULL;
    unsigned cost;

    if (!read_password(request, &password, &cost, error) ||
            (hash = read_hash(request, error)) == NULL)
        return NULL;
    return verify(request, fulcra_representation_get_text(password),
            fulcra_representation_get_text(hash), cost, error);
}

/* --- what was done --- */

static FulcraRepresentation *
statistics_source(FulcraRequest *request, GError **error)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "hashed", (gint64)hash_count());
    json_object_set_int_member(
            object, "withoutUser", (gint64)atomic_load(&n_unknown));
    json_node_take_object(node, object);
    return fresh(fulcra_representation_new_json(node));
}

static const FulcraEndpointOps hash_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = hash_source,
};

static const FulcraEndpointOps verify_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = verify_source,
};

static const FulcraEndpointOps statistics_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = statistics_source,
};

static bool
password_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(module, "hash", &hash_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "verify", &verify_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "statistics", &statistics_ops, NULL, error) &&
           login_load(module, error);
}

FULCRA_MODULE_DEFINE("password", password_load)
