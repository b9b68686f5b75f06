/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The topics of a server, by key
 */

#include <fulcra/topic.h>

typedef struct _FulcraTopics FulcraTopics;

FulcraTopics *fulcra__topics_new(void);
void fulcra__topics_free(FulcraTopics *self);

/** Whether nobody but the caller holds @self and nobody is subscribed. */
bool fulcra__topic_is_unused(FulcraTopic *self);
