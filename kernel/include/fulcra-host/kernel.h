/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The kernel: the table of spaces, the worker threads, the deadlines
 */

#include <fulcra-host/space.h>

G_BEGIN_DECLS

typedef struct {
    unsigned workers; /* threads that run; 0: one per processor, at least 2 */
    unsigned max_workers; /* with replacements for those that wait */
    unsigned max_depth;   /* of requests in requests */
    unsigned timeout_ms;  /* deadline of a root request that sets none */
    unsigned max_queue;   /* requests waiting for workers or in one domain */
    size_t cache_bytes;   /* of answers that are kept; 0: none are */
} FulcraKernelLimits;

#define FULCRA_KERNEL_LIMITS_DEFAULT                                           \
    {                                                                          \
        0, 64, 64, 30000, 65536, (size_t)64 << 20                              \
    }

/** @limits: (nullable): NULL for the defaults. (transfer full) */
FulcraKernel *fulcra_host_kernel_new(const FulcraKernelLimits *limits);

/** Waits until the workers have finished what they run and what is queued for
 * them. What that causes on loops, and they in turn, is not waited for. */
void fulcra_host_kernel_settle(FulcraKernel *self);

/** Waits for the workers to finish what they run, then releases all. Loops must
 * not have been freed before. */
void fulcra_host_kernel_free(FulcraKernel *self);

/**
 * fulcra_host_kernel_publish:
 * @spaces: (array length=n_spaces) (transfer none): sealed; each replaces the
 *     published space of its URI
 * @withdrawn: (array zero-terminated=1) (nullable): URIs to take away
 *
 * Replaces the table of spaces in one atomic step. Requests already in flight
 * finish in the table in which their root began.
 */
void fulcra_host_kernel_publish(FulcraKernel *self, FulcraSpace *const *spaces,
        size_t n_spaces, const char *const *withdrawn);

/* What is published at one time. Whoever holds a table holds its spaces, their
 * endpoints, and what those need of their modules. */
typedef struct _FulcraTable FulcraTable;
FulcraTable *fulcra_host_table_ref(FulcraTable *self);
void fulcra_host_table_unref(FulcraTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraTable, fulcra_host_table_unref)

/** The table that is published now. (transfer full) */
FulcraTable *fulcra_host_kernel_get_table(FulcraKernel *self);

/** The table that fulcra_host_kernel_publish() would publish: to see what would
 * resolve in it. (transfer full) */
FulcraTable *fulcra_host_kernel_try(FulcraKernel *self,
        FulcraSpace *const *spaces, size_t n_spaces,
        const char *const *withdrawn);

/** How many trees of requests are under way that @space was published for,
 * whether they go through it or not; a table that somebody holds counts as
 * well. */
size_t fulcra_host_kernel_count_roots(FulcraKernel *self, FulcraSpace *space);

/** Lets go of answers that are kept though they expired. */
void fulcra_host_kernel_drop_expired(FulcraKernel *self);

/** Counts publishes: what was resolved in another generation is stale. */
uint64_t fulcra_host_kernel_get_generation(FulcraKernel *self);

/* --- threads --- */

/* Work to be done elsewhere, embedded in what it is about. */
typedef struct _FulcraTask FulcraTask;
struct _FulcraTask {
    FulcraTask *next;
    void (*run)(FulcraTask *self);
};

/* Where tasks are done: an event loop, a domain, the worker pool. */
typedef struct _FulcraExecutor FulcraExecutor;
struct _FulcraExecutor {
    void (*post)(FulcraExecutor *self, FulcraTask *task); /* any thread */
};

/** Declares this thread an event loop's: it must never wait. Completions of
 * root requests that it issued are posted to @loop. */
void fulcra_host_thread_enter_loop(FulcraKernel *kernel, FulcraExecutor *loop);
void fulcra_host_thread_leave_loop(FulcraKernel *kernel);

/* On a loop's thread, around what it does between two waits: of all that is
 * posted to workers meanwhile only the first wakes one at once. */
void fulcra_host_thread_begin_turn(void);
/** Whether something was posted to workers. */
bool fulcra_host_thread_end_turn(void);

G_END_DECLS
