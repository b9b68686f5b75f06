/* SPDX-License-Identifier: MIT */

/*
 * stats.c - the counters of the process
 *
 * Relaxed atomics, each on a cache line of its own: loops count side by side.
 */

#include <fulcra-host/stats.h>
#include <glib.h>

typedef struct {
    _Alignas(64) atomic_llong value;
} Counter;

static Counter counters[FULCRA_N_STATS];

static const char *const names[] = {
#define X(enumerator, name, help) name,
    FULCRA_STATS_TABLE(X)
#undef X
};

static const char *const helps[] = {
#define X(enumerator, name, help) help,
    FULCRA_STATS_TABLE(X)
#undef X
};

void
fulcra_host_stats_add(FulcraStat stat, int64_t amount)
{
    atomic_fetch_add_explicit(
            &counters[stat].value, amount, memory_order_relaxed);
}

int64_t
fulcra_host_stats_get(FulcraStat stat)
{
    return atomic_load_explicit(&counters[stat].value, memory_order_relaxed);
}

const char *
fulcra_host_stats_name(FulcraStat stat)
{
    g_return_val_if_fail(stat < FULCRA_N_STATS, NULL);
    return names[stat];
}

const char *
fulcra_host_stats_help(FulcraStat stat)
{
    g_return_val_if_fail(stat < FULCRA_N_STATS, NULL);
    return helps[stat];
}

bool
fulcra_host_stats_is_gauge(FulcraStat stat)
{
    static const bool gauges[FULCRA_N_STATS] = {
#define X(enumerator) [FULCRA_STAT_##enumerator] = true,
        FULCRA_STATS_GAUGES(X)
#undef X
    };

    g_return_val_if_fail(stat < FULCRA_N_STATS, false);
    return gauges[stat];
}
