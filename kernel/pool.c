/* SPDX-License-Identifier: MIT */

/*
 * pool.c - the worker threads
 *
 * Everything is guarded by `lock`. A worker ends when it finds nothing to do
 * and more than `target` of them run, which happens after waits have ended; it
 * leaves its handle in `ended` to be joined.
 */

#include "private/pool.h"
#include "private/task.h"
#include "private/thread.h"
#include <fulcra-host/stats.h>
#include <sys/prctl.h>

struct _FulcraPool {
    FulcraKernel *kernel;
    unsigned target, max;
    pthread_mutex_t lock;
    pthread_cond_t work;  /* something was queued, or stopping */
    pthread_cond_t quiet; /* nothing runs any more, or no worker is left */
    FulcraTaskQueue queues[FULCRA__N_STAGES];
    atomic_uint queued;
    unsigned total, waiting, idle;
    unsigned owed; /* tasks for which a worker was not woken yet */
    bool stopping;
    GArray *ended; /* of pthread_t */
};

static void pool_join_ended(FulcraPool *self);

static unsigned
pool_running(const FulcraPool *self)
{
    return self->total - self->waiting;
}

/* The queue to be served next. (nullable) */
static FulcraTaskQueue *
pool_next_queue(FulcraPool *self)
{
    if (self->queues[FULCRA__CONTINUE].head != NULL)
        return &self->queues[FULCRA__CONTINUE];
    if (self->queues[FULCRA__BEGIN].head != NULL &&
            (self->waiting <= self->max / 2 || self->stopping))
        return &self->queues[FULCRA__BEGIN];
    return NULL;
}

/* With the lock held: one of those who are owed is woken, and sees to the next.
 */
static void
pool_wake_owed(FulcraPool *self)
{
    if (pool_next_queue(self) == NULL)
        self->owed = 0;
    if (self->owed == 0 || self->idle == 0)
        return;
    self->owed--;
    pthread_cond_signal(&self->work);
}

static FulcraTask *
pool_pop(FulcraPool *self)
{
    FulcraTaskQueue *queue = pool_next_queue(self);

    if (queue == NULL)
        return NULL;
    atomic_fetch_sub_explicit(&self->queued, 1, memory_order_relaxed);
    FulcraTask *task = fulcra__task_queue_pop(queue);
    pool_wake_owed(self);
    return task;
}

/* The next task, or NULL where the worker is to end. */
static FulcraTask *
pool_wait_for_task(FulcraPool *self)
{
    for (;;) {
        FulcraTask *task = pool_pop(self);
        if (task != NULL)
            return task;
        if (self->stopping || pool_running(self) > self->target)
            return NULL;
        self->idle++;
        if (self->idle == self->total)
            pthread_cond_broadcast(&self->quiet);
        pthread_cond_wait(&self->work, &self->lock);
        self->idle--;
    }
}

static void *
pool_work(void *data)
{
    FulcraPool *self = data;

    prctl(PR_SET_NAME, "fulcra-worker");
    fulcra__thread_enter_worker(self->kernel);
    pthread_mutex_lock(&self->lock);
    for (FulcraTask *task; (task = pool_wait_for_task(self)) != NULL;) {
        pthread_mutex_unlock(&self->lock);
        task->run(task);
        pthread_mutex_lock(&self->lock);
    }
    self->total--;
    fulcra_host_stats_add(FULCRA_STAT_WORKERS, -1);
    pthread_t me = pthread_self();
    g_array_append_val(self->ended, me);
    if (self->idle == self->total)
        pthread_cond_broadcast(&self->quiet);
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

/* With the lock held: one more worker if there is work for it. */
static void
pool_grow(FulcraPool *self)
{
    if (pool_next_queue(self) == NULL || self->idle > 0 ||
            self->total >= self->max || pool_running(self) >= self->target)
        return;

    pthread_t thread;
    pool_join_ended(self);
    self->total++;
    if (pthread_create(&thread, NULL, pool_work, self) != 0) {
        self->total--;
        if (self->total == 0)
            g_error("cannot start a single worker thread");
        g_warning("cannot start another worker thread: %u run", self->total);
        return;
    }
    fulcra_host_stats_add(FULCRA_STAT_WORKERS, 1);
}

FulcraPool *
fulcra__pool_new(FulcraKernel *kernel, unsigned target, unsigned max)
{
    FulcraPool *self = g_new0(FulcraPool, 1);

    self->kernel = kernel;
    self->target = target;
    self->max = MAX(max, target);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->work, NULL);
    pthread_cond_init(&self->quiet, NULL);
    for (int stage = 0; stage < FULCRA__N_STAGES; stage++)
        fulcra__task_queue_init(&self->queues[stage]);
    self->ended = g_array_new(false, false, sizeof(pthread_t));
    return self;
}

static void
pool_join_ended(FulcraPool *self)
{
    for (unsigned i = 0; i < self->ended->len; i++)
        pthread_join(g_array_index(self->ended, pthread_t, i), NULL);
    g_array_set_size(self->ended, 0);
}

void
fulcra__pool_free(FulcraPool *self)
{
    pthread_mutex_lock(&self->lock);
    self->stopping = true;
    pthread_cond_broadcast(&self->work);
    while (self->total > 0)
        pthread_cond_wait(&self->quiet, &self->lock);
    pthread_mutex_unlock(&self->lock);
    pool_join_ended(self);
    g_array_unref(self->ended);
    pthread_cond_destroy(&self->quiet);
    pthread_cond_destroy(&self->work);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

static bool
pool_has_queued(const FulcraPool *self)
{
    for (int stage = 0; stage < FULCRA__N_STAGES; stage++)
        if (self->queues[stage].head != NULL)
            return true;
    return false;
}

void
fulcra__pool_settle(FulcraPool *self)
{
    pthread_mutex_lock(&self->lock);
    while (self->idle < self->total || pool_has_queued(self))
        pthread_cond_wait(&self->quiet, &self->lock);
    pthread_mutex_unlock(&self->lock);
}

/* With the lock held: whether a worker is to be woken now. A loop that reads
 * from a hundred sockets would wake one for each, and be interrupted as often
 * where they share a processor. */
static bool
pool_wakes(FulcraPool *self)
{
    FulcraThread *thread = fulcra__thread_self();

    if (!thread->in_turn || !thread->woke) {
        thread->woke = thread->in_turn;
        return true;
    }
    thread->owes = true;
    self->owed++;
    return false;
}

/* With the lock held. Whether a worker is to be woken: once it is free, as the
 * first that a worker does is to take it. */
static bool
pool_append(FulcraPool *self, FulcraTask *task, FulcraStage stage)
{
    fulcra__task_queue_append(&self->queues[stage], task);
    if (self->idle > 0)
        return pool_wakes(self);
    pool_grow(self);
    return false;
}

void
fulcra__pool_repay(FulcraPool *self)
{
    pthread_mutex_lock(&self->lock);
    pool_wake_owed(self);
    pthread_mutex_unlock(&self->lock);
}

void
fulcra__pool_post(FulcraPool *self, FulcraTask *task, FulcraStage stage)
{
    pthread_mutex_lock(&self->lock);
    atomic_fetch_add_explicit(&self->queued, 1, memory_order_relaxed);
    bool wakes = pool_append(self, task, stage);
    pthread_mutex_unlock(&self->lock);
    if (wakes)
        pthread_cond_signal(&self->work);
}

void
fulcra__pool_hasten(FulcraPool *self, FulcraTask *task)
{
    pthread_mutex_lock(&self->lock);
    bool wakes =
            fulcra__task_queue_remove(&self->queues[FULCRA__BEGIN], task) &&
            pool_append(self, task, FULCRA__CONTINUE);
    pthread_mutex_unlock(&self->lock);
    if (wakes)
        pthread_cond_signal(&self->work);
}

unsigned
fulcra__pool_get_queued(FulcraPool *self)
{
    return atomic_load_explicit(&self->queued, memory_order_relaxed);
}

bool
fulcra__pool_begin_wait(FulcraPool *self, bool for_code)
{
    pthread_mutex_lock(&self->lock);
    bool allowed =
            for_code || self->total < self->max || pool_running(self) > 1;
    if (allowed) {
        self->waiting++;
        fulcra_host_stats_add(FULCRA_STAT_WORKERS_WAITING, 1);
        pool_grow(self);
    }
    pthread_mutex_unlock(&self->lock);
    return allowed;
}

void
fulcra__pool_end_wait(FulcraPool *self)
{
    pthread_mutex_lock(&self->lock);
    self->waiting--;
    fulcra_host_stats_add(FULCRA_STAT_WORKERS_WAITING, -1);
    if (self->idle > 0 && pool_next_queue(self) != NULL)
        pthread_cond_signal(&self->work); /* something may begin again */
    pthread_mutex_unlock(&self->lock);
}
