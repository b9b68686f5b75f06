/* SPDX-License-Identifier: MIT */

/*
 * values.c - see <fulcra-host/values.h>
 */

#include <fulcra-host/request.h>
#include <fulcra-host/sync.h>
#include <fulcra-host/values.h>
#include <fulcra/error.h>
#include <json-glib/json-glib.h>
#include <string.h>

struct _FulcraValues {
    FulcraValuesLimits limits;
    pthread_mutex_t lock;
    GHashTable *values; /* key to FulcraRepresentation */
    size_t bytes;
    bool closed;
};

static void
value_unref(void *value)
{
    fulcra_representation_unref(value);
}

FulcraValues *
fulcra_host_values_new(const FulcraValuesLimits *limits)
{
    FulcraValues *self = g_new0(FulcraValues, 1);

    self->limits = *limits;
    pthread_mutex_init(&self->lock, NULL);
    self->values =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, value_unref);
    return self;
}

void
fulcra_host_values_free(FulcraValues *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->values);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* --- what may be kept, and what it weighs --- */

static size_t
strings_size(const char *const *strings)
{
    size_t size = 0;

    for (; *strings != NULL; strings++)
        size += strlen(*strings) + sizeof(*strings);
    return size;
}

/* Parsed JSON weighs what its text does, times what a node costs. */
static size_t
json_size(FulcraRepresentation *value)
{
    g_autofree char *text =
            json_to_string(fulcra_representation_get_json(value), FALSE);

    return strlen(text) * 4;
}

/* False where it is of a type that may not be kept. */
static bool
value_size(FulcraRepresentation *value, size_t *size)
{
    const char *const *strings = fulcra_representation_get_strings(value);

    if (fulcra_representation_get_bytes(value, size) != NULL)
        return true;
    if (strings != NULL)
        *size = strings_size(strings);
    else if (fulcra_representation_has_type(value, FULCRA_TYPE_JSON))
        *size = json_size(value);
    else
        return false;
    return true;
}

static size_t
kept_size(FulcraValues *self, const char *key)
{
    FulcraRepresentation *value = g_hash_table_lookup(self->values, key);
    size_t size = 0;

    if (value != NULL)
        value_size(value, &size);
    return value == NULL ? 0 : size + strlen(key);
}

/* Bytes are copied: how a module's own are released is the module's code. */
static FulcraRepresentation *
value_to_keep(FulcraRepresentation *value)
{
    FulcraRepresentation *copy;
    size_t length;
    const void *bytes = fulcra_representation_get_bytes(value, &length);

    if (bytes == NULL)
        return fulcra_representation_ref(value);
    copy = fulcra_representation_new_bytes(
            fulcra_representation_get_type(value), bytes, length);
    if (fulcra_representation_is_from_outside(value))
        copy = fulcra_host_representation_from_outside(copy);
    return copy;
}

/* --- the calls --- */

static bool
put_locked(FulcraValues *self, const char *key, FulcraRepresentation *value,
        size_t size, GError **error)
{
    const FulcraValuesLimits *limits = &self->limits;
    size_t before = kept_size(self, key);

    if (self->closed) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_GONE,
                "%s:/%s: %s that has ended keeps nothing", limits->scheme, key,
                limits->owner);
        return false;
    }
    if (self->bytes - before + size > limits->max_bytes) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "%s:/%s: %s keeps at most %zu bytes", limits->scheme, key,
                limits->owner, limits->max_bytes);
        return false;
    }
    if (!g_hash_table_contains(self->values, key) &&
            g_hash_table_size(self->values) >= limits->max_values) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "%s:/%s: %s keeps at most %u values", limits->scheme, key,
                limits->owner, limits->max_values);
        return false;
    }
    g_hash_table_replace(self->values, g_strdup(key), value_to_keep(value));
    self->bytes += size - before;
    return true;
}

bool
fulcra_host_values_put(FulcraValues *self, const char *key,
        FulcraRepresentation *value, GError **error)
{
    size_t size;
    bool put;

    if (!value_size(value, &size)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "%s:/%s: a value of type '%s' cannot be kept; text, bytes, "
                "json, bool, int and strings can",
                self->limits.scheme, key,
                fulcra_representation_get_type(value));
        return false;
    }
    pthread_mutex_lock(&self->lock);
    put = put_locked(self, key, value, size + strlen(key), error);
    pthread_mutex_unlock(&self->lock);
    return put;
}

FulcraRepresentation *
fulcra_host_values_find(FulcraValues *self, const char *key)
{
    FulcraRepresentation *value;

    pthread_mutex_lock(&self->lock);
    value = g_hash_table_lookup(self->values, key);
    if (value != NULL)
        fulcra_representation_ref(value);
    pthread_mutex_unlock(&self->lock);
    return value;
}

bool
fulcra_host_values_remove(FulcraValues *self, const char *key)
{
    bool removed;

    pthread_mutex_lock(&self->lock);
    self->bytes -= kept_size(self, key);
    removed = g_hash_table_remove(self->values, key);
    pthread_mutex_unlock(&self->lock);
    return removed;
}

void
fulcra_host_values_close(FulcraValues *self)
{
    pthread_mutex_lock(&self->lock);
    self->closed = true;
    self->bytes = 0;
    g_hash_table_remove_all(self->values);
    pthread_mutex_unlock(&self->lock);
}
