/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra-host/topic.h>

/** @key: (nullable): NULL where nothing is cut: nobody can ask for it.
 * (transfer full) */
FulcraTopic *fulcra__topic_new(const char *key);

/** Publishes @message where it looks other than the last one, or @always. For
 * one publisher. */
void fulcra__topic_publish_change(
        FulcraTopic *self, FulcraRepresentation *message, bool always);
