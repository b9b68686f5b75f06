/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a topic keeps of what was published, for who comes later. Its topic's
 * lock guards it.
 */

#include <glib.h>
#include <stdbool.h>

#define FULCRA__TOPIC_KEPT_BYTES (1024 * 1024)

typedef struct {
    GQueue messages; /* of GVariant, oldest first */
    size_t bytes;    /* of all of them */
} FulcraTopicKept;

void fulcra__topic_kept_init(FulcraTopicKept *self);
void fulcra__topic_kept_clear(FulcraTopicKept *self);
void fulcra__topic_kept_add(
        FulcraTopicKept *self, GVariant *message, unsigned most);

/** Of type "av". (transfer full): floating */
GVariant *fulcra__topic_kept_list(FulcraTopicKept *self);
