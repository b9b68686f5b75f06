/* SPDX-License-Identifier: MIT */

/*
 * cut_throttle.c - the kind "latest": cut to the chase
 *
 * One request is inside, one waits, and a newer one takes the place of the one
 * that waits. What is asked for again and again is so computed no faster than
 * it can be, and always for who asked last.
 *
 * Only like competes with like: a lane is a verb and an identifier (the path
 * of a WebSocket), so that a read never takes the place of a write. Opening
 * and closing a WebSocket is not chatter and passes.
 */

#include "spaces/kinds.h"
#include "spaces/turnstile.h"
#include <fulcra/fulcra.h>

static const FulcraSchemaKey latest_keys[] = {
    { "key", FULCRA_SCHEMA_TEXT,
            .help = "requests compete for which this identifier has the same "
                    "value; without it, those for the same identifier" },
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "what it stands in front of" },
    { NULL },
};

static const FulcraSchema latest_schema = { "latest", latest_keys, NULL,
    "Lets one request in and one wait; a newer one takes the place of the one "
    "that waits." };

static void *
latest_build(FulcraEntry *entry)
{
    static const FulcraGateLimits limits = { 1, 1, .newest_waits = true };
    JsonNode *key = json_object_get_member(entry->definition, "key");
    FulcraTurnstile *self = fulcra__turnstile_new(&limits);

    if (key != NULL)
        self->key = fulcra_host_entry_get_identifier(entry, key);
    self->by_identifier = self->by_verb = self->opens_freely = true;
    return fulcra__turnstile_install(self, entry);
}

const FulcraKind fulcra_kind_latest = {
    .size = sizeof(FulcraKind),
    .name = "latest",
    .schema = &latest_schema,
    .help = "one request inside, one that waits: the newest",
    .build = latest_build,
    .free = fulcra__turnstile_close,
};
