/* SPDX-License-Identifier: MIT */

/* cache.c - what the cache holds, and cutting keys */

#include "admin_private.h"

#include <fulcra-host/stats.h>

void
fulcra_admin_cache(FulcraAdminCall *call)
{
    static const FulcraStat stats[] = { FULCRA_STAT_CACHE_ENTRIES,
        FULCRA_STAT_CACHE_BYTES, FULCRA_STAT_CACHE_HITS,
        FULCRA_STAT_CACHE_MISSES, FULCRA_STAT_CACHE_SHARED,
        FULCRA_STAT_CACHE_EXPIRED, FULCRA_STAT_CACHE_EVICTED,
        FULCRA_STAT_KEYS_CUT };
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
