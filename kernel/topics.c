/* SPDX-License-Identifier: MIT */

/*
 * topics.c - the topics of a server, by key
 *
 * A topic's lock may be taken inside the lock of the list, never the other way
 * round. References are given out under the list's lock, so a topic of which it
 * holds the only one cannot come into use while it is looked at.
 */

#include "private/topics.h"
#include "private/kernel.h"
#include <fulcra-host/request.h>
#include <fulcra-host/topic.h>
#include <fulcra/error.h>

struct _FulcraTopics {
    pthread_mutex_t lock;
    GHashTable *topics; /* key -> FulcraTopic; guarded by lock */
    GHashTable *own;    /* of those, held: that are never forgotten; so too */
};

FulcraTopics *
fulcra__topics_new(void)
{
    FulcraTopics *self = g_new0(FulcraTopics, 1);

    pthread_mutex_init(&self->lock, NULL);
    self->topics = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
            (GDestroyNotify)fulcra_topic_unref);
    self->own = g_hash_table_new_full(
            NULL, NULL, (GDestroyNotify)fulcra_topic_unref, NULL);
    return self;
}

void
fulcra__topics_free(FulcraTopics *self)
{
    g_hash_table_unref(self->own);
    g_hash_table_unref(self->topics);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* With the lock held. (nullable) */
static const char *
find_unused(FulcraTopics *self)
{
    const char *found = NULL;
    int64_t oldest = INT64_MAX;
    GHashTableIter all;
    void *key, *topic;

    g_hash_table_iter_init(&all, self->topics);
    while (g_hash_table_iter_next(&all, &key, &topic)) {
        int64_t at = fulcra_topic_get_published_at(topic);

        if (at >= oldest || !fulcra__topic_is_unused(topic))
            continue;
        oldest = at;
        found = key;
    }
    return found;
}

static bool
make_room(FulcraTopics *self, unsigned most)
{
    const char *unused;

    if (g_hash_table_size(self->topics) < most)
        return true;
    unused = find_unused(self);
    return unused != NULL && g_hash_table_remove(self->topics, unused);
}

/* With the lock held. (transfer full) (nullable) */
static FulcraTopic *
open_locked(FulcraTopics *self, const char *key, unsigned most)
{
    FulcraTopic *topic = g_hash_table_lookup(self->topics, key);

    if (topic == NULL && make_room(self, most)) {
        topic = fulcra_topic_new(key);
        g_hash_table_insert(self->topics, g_strdup(key), topic);
    }
    return topic == NULL ? NULL : fulcra_topic_ref(topic);
}

FulcraTopic *
fulcra_topic_open(
        FulcraRequest *request, const char *key, unsigned most, GError **error)
{
    g_return_val_if_fail(request != NULL && key != NULL, NULL);
    FulcraTopics *self = fulcra_host_request_get_kernel(request)->topics;

    pthread_mutex_lock(&self->lock);
    FulcraTopic *topic = open_locked(self, key, most);
    pthread_mutex_unlock(&self->lock);
    if (topic == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_OVERLOADED,
                "there are %u topics already, and all of them are in use",
                most);
    return topic;
}

FulcraTopic *
fulcra_topic_get(FulcraRequest *request, const char *key)
{
    g_return_val_if_fail(request != NULL && key != NULL, NULL);
    FulcraTopics *self = fulcra_host_request_get_kernel(request)->topics;

    pthread_mutex_lock(&self->lock);
    FulcraTopic *topic = open_locked(self, key, UINT_MAX);
    g_hash_table_add(self->own, topic); /* takes the reference, once */
    pthread_mutex_unlock(&self->lock);
    return topic;
}

FulcraTopic *
fulcra_topic_find(FulcraRequest *request, const char *key)
{
    g_return_val_if_fail(request != NULL && key != NULL, NULL);
    FulcraTopics *self = fulcra_host_request_get_kernel(request)->topics;

    pthread_mutex_lock(&self->lock);
    FulcraTopic *topic = g_hash_table_lookup(self->topics, key);
    if (topic != NULL)
        fulcra_topic_ref(topic);
    pthread_mutex_unlock(&self->lock);
    return topic;
}

void
fulcra_host_kernel_foreach_topic(FulcraKernel *kernel,
        void (*each)(const char *key, FulcraTopic *topic, void *user_data),
        void *user_data)
{
    FulcraTopics *self = kernel->topics;
    GHashTableIter all;
    void *key, *topic;

    pthread_mutex_lock(&self->lock);
    g_hash_table_iter_init(&all, self->topics);
    while (g_hash_table_iter_next(&all, &key, &topic))
        each(key, topic, user_data);
    pthread_mutex_unlock(&self->lock);
}
