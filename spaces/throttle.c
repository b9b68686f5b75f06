/* SPDX-License-Identifier: MIT */

/*
 * throttle.c - the kind "throttle": so many at a time, so many that wait
 */

#include "spaces/kinds.h"
#include "spaces/turnstile.h"
#include <fulcra/fulcra.h>

#include <string.h>

#define DEFAULT_QUEUE 500

static const char *const per_choices[] = { "address", "identifier", NULL };
static const char *const reject_choices[] = { "fail", "close", NULL };

static const FulcraSchemaKey throttle_keys[] = {
    { "concurrency", FULCRA_SCHEMA_INT, .required = true, .min = 1,
            .max = 100000,
            .help = "how many requests may be inside at a time" },
    { "queue", FULCRA_SCHEMA_INT, .fallback = "500", .max = 1000000,
            .help = "how many more may wait, in order; beyond that they are "
                    "refused as overloaded" },
    { "per", FULCRA_SCHEMA_TEXT, .choices = per_choices,
            .help = "counts each client's address, or each identifier, by "
                    "itself" },
    { "key", FULCRA_SCHEMA_TEXT,
            .help = "counts by itself each value that this identifier has for "
                    "the request" },
    { "onReject", FULCRA_SCHEMA_TEXT, .fallback = "fail",
            .choices = reject_choices,
            .help = "close: an open WebSocket whose message is refused is "
                    "closed with 1013" },
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "what it stands in front of" },
    { NULL },
};

static const FulcraSchema throttle_schema = { "throttle", throttle_keys, NULL,
    "Lets so many requests in at a time, and so many wait." };

/* What names the lanes; whatever is wrong is reported. */
static void
settle_lanes(FulcraTurnstile *self, FulcraEntry *entry)
{
    JsonObject *definition = entry->definition;
    JsonNode *key = json_object_get_member(definition, "key");
    const char *per = fulcra_host_json_get_text(definition, "per", NULL);

    if (key != NULL && per != NULL)
        fulcra_host_entry_problem(entry, key,
                "\"per\" says already what is counted by itself; take one of "
                "the two out");
    else if (key != NULL)
        self->key = fulcra_host_entry_get_identifier(entry, key);
    else if (g_strcmp0(per, "address") == 0)
        self->key =
                fulcra_identifier_ref(FULCRA_ID("httpRequest:/remote-host"));
    self->by_identifier = g_strcmp0(per, "identifier") == 0;
}

static void *
throttle_build(FulcraEntry *entry)
{
    const FulcraGateLimits limits = {
        .concurrency = (unsigned)fulcra_host_json_get_int(
                entry->definition, "concurrency", 1),
        .queue = (unsigned)fulcra_host_json_get_int(
                entry->definition, "queue", DEFAULT_QUEUE),
    };
    FulcraTurnstile *self = fulcra__turnstile_new(&limits);

    settle_lanes(self, entry);
    self->close_rejected = strcmp(fulcra_host_json_get_text(entry->definition,
                                          "onReject", "fail"),
                                   "close") == 0;
    return fulcra__turnstile_install(self, entry);
}

const FulcraKind fulcra_kind_throttle = {
    .size = sizeof(FulcraKind),
    .name = "throttle",
    .schema = &throttle_schema,
    .help = "lets so many requests in at a time, and so many wait",
    .build = throttle_build,
    .free = fulcra__turnstile_close,
};
