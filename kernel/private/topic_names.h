/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The names of those in a topic: no two sockets have the same. Its topic's lock
 * guards it. All zero is empty.
 */

#include <fulcra/types.h>

#define FULCRA__TOPIC_NAME_BYTES 1024

typedef struct {
    GHashTable *by_socket; /* (nullable) FulcraSocket, held -> name */
    GHashTable *taken;     /* (nullable) the same names */
} FulcraTopicNames;

void fulcra__topic_names_clear(FulcraTopicNames *self);
unsigned fulcra__topic_names_count(FulcraTopicNames *self);

/** See fulcra_topic_join(). */
bool fulcra__topic_names_add(FulcraTopicNames *self, FulcraSocket *socket,
        const char *name, GError **error);

/** (transfer full) (nullable) */
char *fulcra__topic_names_remove(FulcraTopicNames *self, FulcraSocket *socket);

/** (transfer none) (nullable) */
const char *fulcra__topic_names_find(
        FulcraTopicNames *self, FulcraSocket *socket);

/** Of type "as". (transfer full): floating */
GVariant *fulcra__topic_names_list(FulcraTopicNames *self);
