/* SPDX-License-Identifier: MIT */

/* topic_kept.c - see private/topic_kept.h */

#include "private/topic_kept.h"
#include <fulcra-host/stats.h>

void
fulcra__topic_kept_init(FulcraTopicKept *self)
{
    g_queue_init(&self->messages);
    self->bytes = 0;
}

static void
forget_oldest(FulcraTopicKept *self)
{
    GVariant *oldest = g_queue_pop_head(&self->messages);

    self->bytes -= g_variant_get_size(oldest);
    g_variant_unref(oldest);
}

void
fulcra__topic_kept_clear(FulcraTopicKept *self)
{
    while (self->messages.length > 0)
        forget_oldest(self);
}

void
fulcra__topic_kept_add(FulcraTopicKept *self, GVariant *message, unsigned most)
{
    g_queue_push_tail(&self->messages, g_variant_ref(message));
    self->bytes += g_variant_get_size(message);
    while (self->messages.length > most)
        forget_oldest(self);
    while (self->bytes > FULCRA__TOPIC_KEPT_BYTES) {
        forget_oldest(self);
        fulcra_host_stats_add(FULCRA_STAT_KEPT_FORGOTTEN, 1);
    }
}

GVariant *
fulcra__topic_kept_list(FulcraTopicKept *self)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("av"));
    for (GList *at = self->messages.head; at != NULL; at = at->next)
        g_variant_builder_add(&list, "v", at->data);
    return g_variant_builder_end(&list);
}
