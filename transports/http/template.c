/* SPDX-License-Identifier: MIT */

/*
 * template.c - a bounded table of what heads share
 *
 * `lock` guards the table and every count in it, so that one that is looked up
 * is not freed in between. It is taken once for a handshake and once for the
 * end of a socket.
 */

#include "http/template.h"

#include <pthread.h>
#include <string.h>

/* Bounds the table against clients that make up fields, and with it the cost
 * of a lookup among keys that collide on purpose. */
#define MAX_TEMPLATES 1024

struct _FulcraHttpTemplate {
    unsigned refs; /* guarded by lock */
    uint32_t n_fields;
    char fields[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *templates; /* (nullable) a set; guarded by lock */

static unsigned
hash(const void *key)
{
    const FulcraHttpTemplate *self = key;
    uint64_t sum = self->n_fields, word;
    size_t i = 0;

    for (; i + sizeof word <= self->n_fields; i += sizeof word) {
        memcpy(&word, self->fields + i, sizeof word);
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 32;
    }
    for (; i < self->n_fields; i++)
        sum = sum * 33 + (unsigned char)self->fields[i];
    return (unsigned)sum;
}

static gboolean
equal(const void *a, const void *b)
{
    const FulcraHttpTemplate *first = a, *second = b;

    return first->n_fields == second->n_fields &&
           memcmp(first->fields, second->fields, first->n_fields) == 0;
}

static FulcraHttpTemplate *
template_new(const char *fields, size_t n_fields)
{
    FulcraHttpTemplate *self = g_malloc(sizeof *self + n_fields);

    self->refs = 0;
    self->n_fields = (uint32_t)n_fields;
    memcpy(self->fields, fields, n_fields);
    return self;
}

FulcraHttpTemplate *
fulcra__http_template_get(const char *fields, size_t n_fields)
{
    FulcraHttpTemplate *wanted = template_new(fields, n_fields);

    pthread_mutex_lock(&lock);
    if (templates == NULL)
        templates = g_hash_table_new(hash, equal);
    FulcraHttpTemplate *found = g_hash_table_lookup(templates, wanted);
    if (found == NULL && g_hash_table_size(templates) < MAX_TEMPLATES) {
        found = g_steal_pointer(&wanted);
        g_hash_table_add(templates, found);
    }
    if (found != NULL)
        found->refs++;
    pthread_mutex_unlock(&lock);
    g_free(wanted);
    return found;
}

void
fulcra__http_template_unref(FulcraHttpTemplate *self)
{
    if (self == NULL)
        return;
    pthread_mutex_lock(&lock);
    bool last = --self->refs == 0;
    if (last)
        g_hash_table_remove(templates, self);
    if (last && g_hash_table_size(templates) == 0)
        g_clear_pointer(&templates, g_hash_table_unref);
    pthread_mutex_unlock(&lock);
    if (last)
        g_free(self);
}

const char *
fulcra__http_template_get_fields(FulcraHttpTemplate *self)
{
    return self->fields;
}

unsigned
fulcra__http_template_count(void)
{
    pthread_mutex_lock(&lock);
    unsigned n = templates == NULL ? 0 : g_hash_table_size(templates);
    pthread_mutex_unlock(&lock);
    return n;
}
