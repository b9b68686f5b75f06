/* SPDX-License-Identifier: MIT */

/*
 * kernel.c - the published table of spaces, and what serves requests
 *
 * A publish makes a new table from the old one and swaps the pointer (release);
 * a root request takes a reference to whatever table is there when it is made,
 * without a lock. The lock is for those who publish.
 */

#include "private/kernel.h"
#include "private/builtins.h"
#include "private/cache.h"
#include "private/cut.h"
#include "private/follow.h"
#include "private/request.h"
#include "private/topics.h"
#include <fulcra/error.h>
#include <unistd.h>

static unsigned
default_workers(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors < 2 ? 2 : (unsigned)processors;
}

FulcraKernel *
fulcra_host_kernel_new(const FulcraKernelLimits *limits)
{
    FulcraKernel *self = g_new0(FulcraKernel, 1);

    /* GLib's macro stores it on first use, without a lock: do that before
     * there is a second thread. */
    fulcra_error_quark();
    self->limits = limits != NULL
                           ? *limits
                           : (FulcraKernelLimits)FULCRA_KERNEL_LIMITS_DEFAULT;
    if (self->limits.workers == 0)
        self->limits.workers = default_workers();
    self->scheme_arg = fulcra_intern("arg");
    self->builtins = fulcra__builtins_new();
    pthread_mutex_init(&self->table_lock, NULL);
    FulcraTable *empty = fulcra__table_new(NULL, NULL, 0, NULL);
    atomic_init(&self->table, empty);
    atomic_init(&self->generation, empty->generation);
    self->pool = fulcra__pool_new(
            self, self->limits.workers, self->limits.max_workers);
    self->cache = fulcra__cache_new(self->limits.cache_bytes);
    self->topics = fulcra__topics_new();
    self->deadlines = fulcra__deadlines_new(
            fulcra__request_hold_expiring, fulcra__request_expire);
    self->lives = fulcra__lives_new(self);
    return self;
}

void
fulcra_host_kernel_settle(FulcraKernel *self)
{
    fulcra__pool_settle(self->pool);
}

void
fulcra_host_kernel_free(FulcraKernel *self)
{
    if (self == NULL)
        return;
    /* First whoever gives the workers something to do, then they, who may
     * still set deadlines. */
    fulcra__lives_stop(self->lives);
    fulcra__deadlines_stop(self->deadlines);
    fulcra__pool_free(self->pool);
    fulcra__deadlines_free(self->deadlines);
    fulcra__lives_free(self->lives);
    fulcra__cache_free(self->cache);
    fulcra__topics_free(self->topics);
    fulcra_host_table_unref(atomic_load(&self->table));
    fulcra_host_space_unref(self->builtins);
    pthread_mutex_destroy(&self->table_lock);
    g_free(self);
}

void
fulcra_host_kernel_drop_expired(FulcraKernel *self)
{
    fulcra__cache_drop_expired(self->cache);
}

FulcraTable *
fulcra_host_kernel_get_table(FulcraKernel *self)
{
    for (;;) {
        FulcraTable *table =
                atomic_load_explicit(&self->table, memory_order_acquire);

        /* Its memory is that of some table, see table.c, but once there is a
         * reference, it must still be the one that is published. */
        if (!fulcra_refs_take_if_alive(&table->refs))
            continue;
        if (atomic_load_explicit(&self->table, memory_order_acquire) == table)
            return table;
        fulcra_host_table_unref(table);
    }
}

FulcraTable *
fulcra_host_kernel_try(FulcraKernel *self, FulcraSpace *const *spaces,
        size_t n_spaces, const char *const *withdrawn)
{
    FulcraTable *now = fulcra_host_kernel_get_table(self);
    FulcraTable *tried = fulcra__table_new(now, spaces, n_spaces, withdrawn);

    fulcra_host_table_unref(now);
    return tried;
}

size_t
fulcra_host_kernel_count_roots(FulcraKernel *self, FulcraSpace *space)
{
    FulcraTable *now = fulcra_host_kernel_get_table(self);
    size_t n = fulcra__table_count_holders(space);

    if (fulcra__table_find(now, fulcra_host_space_get_uri(space)) == space)
        n -= MIN(n, 2); /* the kernel's own, and that of this function */
    fulcra_host_table_unref(now);
    return n;
}

void
fulcra_host_kernel_publish(FulcraKernel *self, FulcraSpace *const *spaces,
        size_t n_spaces, const char *const *withdrawn)
{
    g_return_if_fail(self != NULL);

    pthread_mutex_lock(&self->table_lock);
    FulcraTable *old = atomic_load(&self->table);
    FulcraTable *fresh = fulcra__table_new(old, spaces, n_spaces, withdrawn);
    atomic_store_explicit(&self->table, fresh, memory_order_release);
    atomic_store_explicit(
            &self->generation, fresh->generation, memory_order_release);
    pthread_mutex_unlock(&self->table_lock);
    for (size_t i = 0; i < n_spaces; i++)
        fulcra__cut_space(fulcra_host_space_get_uri(spaces[i]));
    for (size_t i = 0; withdrawn != NULL && withdrawn[i] != NULL; i++)
        fulcra__cut_space(withdrawn[i]);
    fulcra__cut_space(FULCRA__CUT_PUBLISH);
    fulcra_host_table_unref(old);
}

uint64_t
fulcra_host_kernel_get_generation(FulcraKernel *self)
{
    return atomic_load_explicit(&self->generation, memory_order_acquire);
}
