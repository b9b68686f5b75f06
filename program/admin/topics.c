/* SPDX-License-Identifier: MIT */

/* topics.c - the topics that were opened by their keys */

#include "admin_private.h"

#include <fulcra-host/topic.h>
#include <fulcra/topic.h>
#include <string.h>

#define LIMIT_DEFAULT 1000
#define LIMIT_MOST    1000000

typedef struct {
    const char *key;
    FulcraTopic *topic;
} Topic;

static void
topic_clear(void *data)
{
    Topic *self = data;

    g_free((char *)self->key);
    fulcra_topic_unref(self->topic);
}

static void
take_topic(const char *key, FulcraTopic *topic, void *topics)
{
    Topic taken = { g_strdup(key), fulcra_topic_ref(topic) };

    g_array_append_val(topics, taken);
}

static int
by_key(const void *a, const void *b)
{
    return strcmp(((const Topic *)a)->key, ((const Topic *)b)->key);
}

static void
put_topic(JsonBuilder *builder, const Topic *self)
{
    json_builder_begin_object(builder);
    fulcra_admin_put_text(builder, "key", self->key);
    fulcra_admin_put_int(builder, "subscribers",
            fulcra_topic_get_n_subscribers(self->topic));
    fulcra_admin_put_int(builder, "published",
            (int64_t)fulcra_topic_get_n_published(self->topic));
    fulcra_admin_put_int(builder, "published_at_ms",
            fulcra_topic_get_published_at(self->topic) / 1000);
    json_builder_end_object(builder);
}

void
fulcra_admin_topics(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    int64_t limit;

    if (!fulcra_admin_call_get_number(
                call, "limit", LIMIT_DEFAULT, LIMIT_MOST, &limit))
        return;
    g_autoptr(GArray) topics = g_array_new(FALSE, FALSE, sizeof(Topic));
    g_array_set_clear_func(topics, topic_clear);
    fulcra_host_kernel_foreach_topic(server->kernel, take_topic, topics);
    g_array_sort(topics, by_key);

    JsonBuilder *builder = fulcra_admin_builder_new();
    fulcra_admin_begin_list(builder, "topics");
    for (unsigned i = 0; i < topics->len && i < limit; i++)
        put_topic(builder, &g_array_index(topics, Topic, i));
    json_builder_end_array(builder);
    fulcra_admin_put_int(builder, "matching", topics->len);
    fulcra_admin_call_respond(call, builder);
}
