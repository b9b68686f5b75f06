/* SPDX-License-Identifier: MIT */

/* cache.c - what the cache holds, and cutting keys */

#include "admin_private.h"

#include <fulcra-host/inspect.h>
#include <fulcra-host/stats.h>

#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MOST    10000

/* Answers that are looked at for the largest among them. */
#define LOOK_MOST 200000

void
fulcra_admin_cache(FulcraAdminCall *call)
{
    static const FulcraStat stats[] = { FULCRA_STAT_CACHE_ENTRIES,
        FULCRA_STAT_CACHE_BYTES, FULCRA_STAT_CACHE_HITS,
        FULCRA_STAT_CACHE_MISSES, FULCRA_STAT_CACHE_SHARED,
        FULCRA_STAT_CACHE_EXPIRED, FULCRA_STAT_CACHE_EVICTED,
        FULCRA_STAT_CACHE_TURNED_AWAY, FULCRA_STAT_KEYS_CUT };
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    JsonBuilder *builder = fulcra_admin_builder_new();

    fulcra_admin_put_int(builder, "limit_bytes",
            fulcra_settings_get_int(server->settings, FULCRA_SETTING_CACHE));
    for (size_t i = 0; i < G_N_ELEMENTS(stats); i++)
        fulcra_admin_put_int(builder, fulcra_host_stats_name(stats[i]),
                fulcra_host_stats_get(stats[i]));
    fulcra_admin_call_respond(call, builder);
}

void
fulcra_admin_expire(FulcraAdminCall *call)
{
    const char *key = fulcra_admin_call_get(call, "key");

    if (*key == '\0') {
        fulcra_admin_call_refuse(call,
                "the key is empty; \"*\" would cut every key of every "
                "application");
        return;
    }
    fulcra_request_cut_key(fulcra_admin_call_get_request(call), key);

    JsonBuilder *builder = fulcra_admin_builder_new();
    fulcra_admin_put_text(builder, "key", key);
    fulcra_admin_call_respond(call, builder);
}

/* --- entries --- */

/* A copy: the cache is locked while it tells of them. */
typedef struct {
    FulcraCachedInfo info;
    char **keys; /* NULL-terminated */
} Kept;

typedef struct {
    const char *match; /* (nullable): a part of the identifier */
    GArray *kept;      /* of Kept */
    int64_t matching;
} List;

static void
kept_clear(void *data)
{
    Kept *self = data;

    fulcra_identifier_unref(self->info.identifier);
    g_strfreev(self->keys);
}

static void
take(const FulcraCachedInfo *info, void *user_data)
{
    List *self = user_data;
    Kept kept = { .info = *info };

    if (self->match != NULL &&
            strstr(fulcra_identifier_get_text(info->identifier), self->match) ==
                    NULL)
        return;
    if (self->matching++ >= LOOK_MOST)
        return;
    fulcra_identifier_ref(info->identifier);
    kept.keys = g_new0(char *, info->n_keys + 1);
    for (unsigned i = 0; i < info->n_keys; i++)
        kept.keys[i] = g_strdup(info->keys[i]);
    g_array_append_val(self->kept, kept);
}

static int
compare_bytes(const void *a, const void *b)
{
    size_t first = ((const Kept *)a)->info.bytes;
    size_t second = ((const Kept *)b)->info.bytes;

    return (first < second) - (first > second);
}

static void
put_kept(JsonBuilder *builder, const Kept *kept)
{
    const FulcraCachedInfo *info = &kept->info;

    json_builder_begin_object(builder);
    fulcra_admin_put_text(builder, "verb", fulcra_verb_to_string(info->verb));
    fulcra_admin_put_text(builder, "identifier",
            fulcra_identifier_get_text(info->identifier));
    fulcra_admin_put_bool(builder, "arguments", info->given);
    fulcra_admin_put_text(builder, "wanted", info->wanted);
    fulcra_admin_put_text(builder, "type", info->type);
    fulcra_admin_put_int(builder, "bytes", (int64_t)info->bytes);
    fulcra_admin_put_int(builder, "cost_us", info->cost_us);
    fulcra_admin_put_int(builder, "uses", info->uses);
    fulcra_admin_put_bool(builder, "expired", info->expired);
    fulcra_admin_put_time(builder, "expires_at", info->expires_at);
    fulcra_admin_put_texts(builder, "keys", (const char *const *)kept->keys);
    fulcra_admin_put_bool(builder, "more_keys", info->more_keys);
    json_builder_end_object(builder);
}

void
fulcra_admin_cache_entries(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    List list = { .match = fulcra_admin_call_get(call, "match") };
    int64_t limit;

    if (!fulcra_admin_call_get_number(
                call, "limit", LIMIT_DEFAULT, LIMIT_MOST, &limit))
        return;
    list.kept = g_array_new(FALSE, FALSE, sizeof(Kept));
    g_array_set_clear_func(list.kept, kept_clear);
    fulcra_host_kernel_list_cache(server->kernel, take, &list);
    g_array_sort(list.kept, compare_bytes);

    JsonBuilder *builder = fulcra_admin_builder_new();
    fulcra_admin_put_int(builder, "matching", list.matching);
    fulcra_admin_begin_list(builder, "entries");
    for (unsigned i = 0; i < list.kept->len && (int64_t)i < limit; i++)
        put_kept(builder, &g_array_index(list.kept, Kept, i));
    json_builder_end_array(builder);
    g_array_unref(list.kept);
    fulcra_admin_call_respond(call, builder);
}
