/* SPDX-License-Identifier: MIT */

/*
 * stats.c - the counters of the process
 *
 * Each thread counts for itself, in a block that it alone writes (relaxed: a
 * load and a store, no locked instruction); who reads adds the blocks up. What
 * a thread has counted stays when it ends.
 */

#include "private/thread.h"
#include <fulcra-host/stats.h>
#include <glib.h>

typedef struct Block Block;
struct Block {
    Block *next; /* guarded by lock */
    atomic_llong values[FULCRA_N_STATS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Block *blocks;                /* guarded by lock: of threads that live */
static int64_t left[FULCRA_N_STATS]; /* guarded by lock: by those that ended */

static FULCRA__THREAD_LOCAL Block *own; /* (nullable): made on first use */
static pthread_key_t own_key;           /* so that it goes with its thread */
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

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

static int64_t
block_get(Block *self, unsigned stat)
{
    return atomic_load_explicit(&self->values[stat], memory_order_relaxed);
}

static void
block_leave(void *data)
{
    Block *self = data, **at = &blocks;

    own = NULL;
    pthread_mutex_lock(&lock);
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    for (unsigned i = 0; i < FULCRA_N_STATS; i++)
        left[i] += block_get(self, i);
    pthread_mutex_unlock(&lock);
    g_free(self);
}

static void
own_key_make(void)
{
    pthread_key_create(&own_key, block_leave);
}

static void
own_make(void)
{
    pthread_once(&own_once, own_key_make);
    own = g_new0(Block, 1);
    pthread_setspecific(own_key, own);
    pthread_mutex_lock(&lock);
    own->next = blocks;
    blocks = own;
    pthread_mutex_unlock(&lock);
}

void
fulcra_host_stats_add(FulcraStat stat, int64_t amount)
{
    if (G_UNLIKELY(own == NULL))
        own_make();
    atomic_store_explicit(&own->values[stat], block_get(own, stat) + amount,
            memory_order_relaxed);
}

int64_t
fulcra_host_stats_get(FulcraStat stat)
{
    pthread_mutex_lock(&lock);
    int64_t sum = left[stat];
    for (Block *block = blocks; block != NULL; block = block->next)
        sum += block_get(block, stat);
    pthread_mutex_unlock(&lock);
    return sum;
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
