/* SPDX-License-Identifier: MIT */

/*
 * topic.c - topics: what is published to one goes to all who listen
 *
 * Listeners are few, one for each event loop that has subscribers. They are
 * told under the lock, so all of them see one order; they only take note.
 * Keys are cut after the lock was given up: whoever is woken by a cut finds
 * what was published.
 */

#include "private/topic.h"
#include "private/cut.h"
#include "private/json.h"
#include "private/representation.h"
#include "private/topic_kept.h"
#include "private/topic_names.h"
#include "private/topics.h"
#include <fulcra-host/socket.h>
#include <fulcra-host/stats.h>
#include <fulcra-host/topic.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>
#include <fulcra/request.h>

#define SUBSCRIPTION "subscription" /* the header that marks one */

struct _FulcraTopic {
    FulcraRefs refs;
    char *key, *presence_key;
    pthread_mutex_t lock; /* guards what follows */
    FulcraTopicListener *listeners;
    FulcraRepresentation *last; /* (nullable) */
    uint64_t n_published;
    int64_t published_at;    /* microseconds since 1970; 0: never */
    GHashTable *subscribers; /* FulcraSocket, held -> how often */
    FulcraTopicKept kept;
    FulcraTopicNames names;
};

FulcraTopic *
fulcra__topic_new(const char *key)
{
    FulcraTopic *self = g_new0(FulcraTopic, 1);

    fulcra_refs_init(&self->refs);
    if (key != NULL) {
        self->key = g_strdup(key);
        self->presence_key = g_strconcat(key, ":presence", NULL);
    }
    pthread_mutex_init(&self->lock, NULL);
    self->subscribers = g_hash_table_new_full(g_direct_hash, g_direct_equal,
            (GDestroyNotify)fulcra_socket_unref, NULL);
    fulcra__topic_kept_init(&self->kept);
    return self;
}

FulcraTopic *
fulcra_topic_new(const char *key)
{
    g_return_val_if_fail(key != NULL, NULL);
    return fulcra__topic_new(key);
}

FulcraTopic *
fulcra_topic_ref(FulcraTopic *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_topic_unref(FulcraTopic *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_assert(self->listeners == NULL); /* each holds a reference */
    fulcra_representation_unref(self->last);
    g_hash_table_unref(self->subscribers);
    fulcra__topic_kept_clear(&self->kept);
    fulcra__topic_names_clear(&self->names);
    pthread_mutex_destroy(&self->lock);
    g_free(self->key);
    g_free(self->presence_key);
    g_free(self);
}

bool
fulcra__topic_is_unused(FulcraTopic *self)
{
    if (!fulcra_refs_unique(&self->refs))
        return false;
    pthread_mutex_lock(&self->lock);
    bool unused = g_hash_table_size(self->subscribers) == 0 &&
                  fulcra__topic_names_count(&self->names) == 0;
    pthread_mutex_unlock(&self->lock);
    return unused;
}

/* @value: (nullable): @message once more, to be kept: the last @most of them */
static void
publish(FulcraTopic *self, FulcraRepresentation *message, GVariant *value,
        unsigned most)
{
    FulcraRepresentation *kept = fulcra_representation_ref(message);
    int64_t now = g_get_real_time();

    pthread_mutex_lock(&self->lock);
    if (value != NULL)
        fulcra__topic_kept_add(&self->kept, value, most);
    for (FulcraTopicListener *listener = self->listeners; listener != NULL;
            listener = listener->next)
        listener->published(listener, message);
    FulcraRepresentation *last = self->last;
    self->last = kept;
    self->n_published++;
    self->published_at = now;
    pthread_mutex_unlock(&self->lock);
    fulcra_representation_unref(last);
    fulcra_host_stats_add(FULCRA_STAT_PUBLISHED, 1);
    if (self->key != NULL)
        fulcra__cut(self->key);
}

void
fulcra_topic_publish(FulcraTopic *self, FulcraRepresentation *message)
{
    g_return_if_fail(self != NULL && message != NULL);
    publish(self, message, NULL, 0);
}

void
fulcra_topic_publish_json(FulcraTopic *self, const char *format, ...)
{
    va_list arguments;

    g_return_if_fail(self != NULL && format != NULL);

    va_start(arguments, format);
    g_autoptr(GVariant) value = fulcra__json_build(format, &arguments);
    va_end(arguments);
    g_autoptr(FulcraRepresentation) message = fulcra__json_print(value);
    publish(self, message, NULL, 0);
}

void
fulcra_topic_publish_kept(
        FulcraTopic *self, unsigned most, const char *format, ...)
{
    va_list arguments;

    g_return_if_fail(self != NULL && format != NULL);

    va_start(arguments, format);
    g_autoptr(GVariant) value = fulcra__json_build(format, &arguments);
    va_end(arguments);
    g_autoptr(FulcraRepresentation) message = fulcra__json_print(value);
    publish(self, message, value, most);
}

GVariant *
fulcra_topic_get_kept(FulcraTopic *self)
{
    g_return_val_if_fail(self != NULL, NULL);

    pthread_mutex_lock(&self->lock);
    GVariant *list = fulcra__topic_kept_list(&self->kept);
    pthread_mutex_unlock(&self->lock);
    return list;
}

void
fulcra_topic_clear(FulcraTopic *self)
{
    pthread_mutex_lock(&self->lock);
    fulcra__topic_kept_clear(&self->kept);
    FulcraRepresentation *last = g_steal_pointer(&self->last);
    self->n_published = 0;
    self->published_at = 0;
    pthread_mutex_unlock(&self->lock);
    fulcra_representation_unref(last);
    if (self->key != NULL)
        fulcra__cut(self->key);
}

void
fulcra__topic_publish_change(
        FulcraTopic *self, FulcraRepresentation *message, bool always)
{
    g_autoptr(FulcraRepresentation) last = fulcra_topic_get_last(self);

    if (always || last == NULL ||
            !fulcra__representation_looks_like(last, message))
        fulcra_topic_publish(self, message);
}

FulcraRepresentation *
fulcra_topic_get_last(FulcraTopic *self)
{
    FulcraRepresentation *last = fulcra_host_topic_lock(self);

    if (last != NULL)
        fulcra_representation_ref(last);
    fulcra_host_topic_unlock(self);
    return last;
}

uint64_t
fulcra_topic_get_n_published(FulcraTopic *self)
{
    pthread_mutex_lock(&self->lock);
    uint64_t n = self->n_published;
    pthread_mutex_unlock(&self->lock);
    return n;
}

int64_t
fulcra_topic_get_published_at(FulcraTopic *self)
{
    pthread_mutex_lock(&self->lock);
    int64_t at = self->published_at;
    pthread_mutex_unlock(&self->lock);
    return at;
}

unsigned
fulcra_topic_get_n_subscribers(FulcraTopic *self)
{
    pthread_mutex_lock(&self->lock);
    unsigned n = g_hash_table_size(self->subscribers);
    pthread_mutex_unlock(&self->lock);
    return n;
}

GPtrArray *
fulcra_topic_list_subscribers(FulcraTopic *self, unsigned max)
{
    GPtrArray *list =
            g_ptr_array_new_with_free_func((GDestroyNotify)fulcra_socket_unref);
    GHashTableIter all;
    void *socket;

    pthread_mutex_lock(&self->lock);
    g_hash_table_iter_init(&all, self->subscribers);
    while (list->len < max && g_hash_table_iter_next(&all, &socket, NULL))
        g_ptr_array_add(list, fulcra_socket_ref(socket));
    pthread_mutex_unlock(&self->lock);
    return list;
}

bool
fulcra_topic_subscribe(FulcraTopic *self, FulcraSocket *socket, GError **error)
{
    g_return_val_if_fail(self != NULL && socket != NULL, false);
    return socket->ops->subscribe(socket, self, error);
}

void
fulcra_topic_unsubscribe(FulcraTopic *self, FulcraSocket *socket)
{
    g_return_if_fail(self != NULL && socket != NULL);
    socket->ops->unsubscribe(socket, self);
}

/* --- names --- */

bool
fulcra_topic_join(FulcraTopic *self, FulcraSocket *socket, const char *name,
        GError **error)
{
    g_return_val_if_fail(self != NULL && socket != NULL && name != NULL, false);

    pthread_mutex_lock(&self->lock);
    bool joined = fulcra__topic_names_add(&self->names, socket, name, error);
    pthread_mutex_unlock(&self->lock);
    return joined;
}

char *
fulcra_topic_leave(FulcraTopic *self, FulcraSocket *socket)
{
    g_return_val_if_fail(self != NULL && socket != NULL, NULL);

    pthread_mutex_lock(&self->lock);
    char *name = fulcra__topic_names_remove(&self->names, socket);
    pthread_mutex_unlock(&self->lock);
    return name;
}

char *
fulcra_topic_get_name(FulcraTopic *self, FulcraSocket *socket, GError **error)
{
    g_return_val_if_fail(self != NULL && socket != NULL, NULL);

    pthread_mutex_lock(&self->lock);
    char *name = g_strdup(fulcra__topic_names_find(&self->names, socket));
    pthread_mutex_unlock(&self->lock);
    if (name == NULL)
        fulcra_error_refuse(error, "not-joined", "join first");
    return name;
}

GVariant *
fulcra_topic_list_names(FulcraTopic *self)
{
    g_return_val_if_fail(self != NULL, NULL);

    pthread_mutex_lock(&self->lock);
    GVariant *list = fulcra__topic_names_list(&self->names);
    pthread_mutex_unlock(&self->lock);
    return list;
}

/* --- for transports --- */

FulcraRepresentation *
fulcra_host_topic_lock(FulcraTopic *self)
{
    pthread_mutex_lock(&self->lock);
    return self->last;
}

void
fulcra_host_topic_unlock(FulcraTopic *self)
{
    pthread_mutex_unlock(&self->lock);
}

void
fulcra_host_topic_listen(FulcraTopic *self, FulcraTopicListener *listener)
{
    listener->previous = NULL;
    listener->next = self->listeners;
    if (self->listeners != NULL)
        self->listeners->previous = listener;
    self->listeners = listener;
}

void
fulcra_host_topic_unlisten(FulcraTopic *self, FulcraTopicListener *listener)
{
    if (listener->previous != NULL)
        listener->previous->next = listener->next;
    else
        self->listeners = listener->next;
    if (listener->next != NULL)
        listener->next->previous = listener->previous;
}

FulcraTopicListener *
fulcra_host_topic_find_listener(FulcraTopic *self, const void *owner)
{
    FulcraTopicListener *listener = self->listeners;

    while (listener != NULL && listener->owner != owner)
        listener = listener->next;
    return listener;
}

static unsigned
count_of(FulcraTopic *self, FulcraSocket *socket)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(self->subscribers, socket));
}

bool
fulcra_host_topic_enter(FulcraTopic *self, FulcraSocket *socket)
{
    unsigned n = count_of(self, socket);

    g_hash_table_insert(self->subscribers, fulcra_socket_ref(socket),
            GUINT_TO_POINTER(n + 1));
    return n == 0;
}

bool
fulcra_host_topic_leave(FulcraTopic *self, FulcraSocket *socket)
{
    unsigned n = count_of(self, socket);

    if (n > 1)
        g_hash_table_insert(self->subscribers, fulcra_socket_ref(socket),
                GUINT_TO_POINTER(n - 1));
    return n == 1 && g_hash_table_remove(self->subscribers, socket);
}

void
fulcra_host_topic_cut_presence(FulcraTopic *self)
{
    if (self->presence_key != NULL)
        fulcra__cut(self->presence_key);
}

/* --- subscriptions as requests --- */

FulcraRepresentation *
fulcra_representation_new_topic(FulcraTopic *self)
{
    return fulcra_representation_new_boxed(FULCRA_TYPE_TOPIC,
            fulcra_topic_ref(self), (GDestroyNotify)fulcra_topic_unref);
}

bool
fulcra_request_is_subscription(FulcraRequest *request)
{
    return fulcra_request_get_header(request, SUBSCRIPTION) != NULL;
}

void
fulcra_host_request_set_subscription(FulcraRequest *request)
{
    fulcra_request_set_header(request, SUBSCRIPTION, "yes", false);
}
