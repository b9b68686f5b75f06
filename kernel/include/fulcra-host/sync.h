/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What several threads share
 *
 * Locks are pthread mutexes and counters are C11 atomics, not GLib's: GLib is
 * not instrumented, so ThreadSanitizer cannot see its locks and would report
 * every hand-over through them.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Whether a sanitizer looks on: what it could not see is then done plainly. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FULCRA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
        __has_feature(memory_sanitizer)
#define FULCRA_SANITIZED 1
#endif
#endif
#ifndef FULCRA_SANITIZED
#define FULCRA_SANITIZED 0
#endif

/* A reference count: _ref() needs no order, the last _unref() sees all that
 * other holders did before theirs. */
typedef atomic_int FulcraRefs;

static inline void
fulcra_refs_init(FulcraRefs *refs)
{
    atomic_init(refs, 1);
}

static inline void
fulcra_refs_take(FulcraRefs *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Whether this was the last one. */
static inline bool
fulcra_refs_drop(FulcraRefs *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

/* As so many of them at once. */
static inline void
fulcra_refs_take_many(FulcraRefs *refs, int n)
{
    atomic_fetch_add_explicit(refs, n, memory_order_relaxed);
}

static inline bool
fulcra_refs_drop_many(FulcraRefs *refs, int n)
{
    return atomic_fetch_sub_explicit(refs, n, memory_order_acq_rel) == n;
}

/* Whether the caller's is the only one. */
static inline bool
fulcra_refs_unique(FulcraRefs *refs)
{
    return atomic_load_explicit(refs, memory_order_acquire) == 1;
}

/* As fulcra_refs_drop_many(), for what nobody finds who does not hold it, so
 * never together with fulcra_refs_take_if_alive(): the last to let go need not
 * write, which would cost as much as all else that the call does. */
static inline bool
fulcra_refs_let_go(FulcraRefs *refs, int n)
{
    return atomic_load_explicit(refs, memory_order_acquire) == n ||
           fulcra_refs_drop_many(refs, n);
}

/* Takes some where the caller's is the only one. */
static inline void
fulcra_refs_take_alone(FulcraRefs *refs, int n)
{
    atomic_store_explicit(refs, 1 + n, memory_order_relaxed);
}

/* Takes one unless the count has reached zero. */
static inline bool
fulcra_refs_take_if_alive(FulcraRefs *refs)
{
    int now = atomic_load_explicit(refs, memory_order_relaxed);

    while (now > 0)
        if (atomic_compare_exchange_weak_explicit(refs, &now, now + 1,
                    memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}
