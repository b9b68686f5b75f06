/* SPDX-License-Identifier: MIT */

/*
 * domain.c - mailboxes of SERIAL endpoints
 *
 * `held` says that some thread runs in the domain, `entering` how many wait to:
 * callers of synchronous requests, threads that come back from a wait, and the
 * drain of the mailbox, which takes its turn among them. A domain is held by
 * running code only, so those who wait need nobody but the holder.
 */

#include "private/domain.h"
#include "private/kernel.h"
#include "private/thread.h"

#define BATCH 64 /* tasks that one drain runs before it queues up again */

struct _FulcraDomain {
    FulcraRefs refs;
    FulcraKernel *kernel;
    char *name;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    bool held;
    bool scheduled;
    unsigned entering;
    FulcraTask *head, **tail;
    atomic_uint queued;
    FulcraTask drain;
};

static void domain_drain(FulcraTask *task);

FulcraDomain *
fulcra_host_domain_new(FulcraKernel *kernel, const char *name)
{
    FulcraDomain *self = g_new0(FulcraDomain, 1);

    fulcra_refs_init(&self->refs);
    self->kernel = kernel;
    self->name = g_strdup(name);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->freed, NULL);
    self->tail = &self->head;
    self->drain.run = domain_drain;
    return self;
}

FulcraDomain *
fulcra_host_domain_ref(FulcraDomain *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_domain_unref(FulcraDomain *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_assert(self->head == NULL && !self->held);
    pthread_cond_destroy(&self->freed);
    pthread_mutex_destroy(&self->lock);
    g_free(self->name);
    g_free(self);
}

/* With the lock held: lets the next one in. */
static void
domain_pass_on(FulcraDomain *self)
{
    if (self->held)
        return;
    if (self->entering > 0)
        pthread_cond_signal(&self->freed);
    if (self->head != NULL && !self->scheduled) {
        self->scheduled = true;
        fulcra_host_domain_ref(self);
        fulcra__pool_post(self->kernel->pool, &self->drain);
    }
}

/* With the lock held: waits until the domain is free or @due has passed. */
static bool
domain_await(FulcraDomain *self, int64_t due)
{
    struct timespec until = { .tv_sec = due / G_USEC_PER_SEC,
        .tv_nsec = due % G_USEC_PER_SEC * 1000 };
    int result = 0;

    self->entering++;
    while (self->held && result == 0)
        result = due == FULCRA__DOMAIN_FOREVER
                         ? pthread_cond_wait(&self->freed, &self->lock)
                         : pthread_cond_clockwait(&self->freed, &self->lock,
                                   CLOCK_MONOTONIC, &until);
    self->entering--;
    return !self->held;
}

/* With the lock held; it is given up while this thread waits. */
static bool
domain_take(FulcraDomain *self, int64_t due)
{
    FulcraThread *thread = fulcra__thread_self();

    g_assert(thread->held == NULL);
    if (self->held) {
        if (thread->worker)
            fulcra__pool_begin_wait(self->kernel->pool, true);
        bool free = domain_await(self, due);
        if (thread->worker)
            fulcra__pool_end_wait(self->kernel->pool);
        if (!free)
            return false;
    }
    self->held = true;
    thread->held = self;
    return true;
}

static void
domain_give_up(FulcraDomain *self)
{
    self->held = false;
    fulcra__thread_self()->held = NULL;
    domain_pass_on(self);
}

static FulcraTask *
domain_pop(FulcraDomain *self)
{
    FulcraTask *task = self->head;

    if (task != NULL) {
        self->head = task->next;
        if (self->head == NULL)
            self->tail = &self->head;
        atomic_fetch_sub_explicit(&self->queued, 1, memory_order_relaxed);
    }
    return task;
}

/* Runs what is queued, as long as nobody else waits to enter. */
static void
domain_run_some(FulcraDomain *self)
{
    FulcraTask *task;

    for (int i = 0; i < BATCH && (i == 0 || self->entering == 0) &&
                    (task = domain_pop(self)) != NULL;
            i++) {
        pthread_mutex_unlock(&self->lock);
        task->run(task); /* may give the domain up and take it again */
        pthread_mutex_lock(&self->lock);
    }
}

static void
domain_drain(FulcraTask *drain)
{
    FulcraDomain *self =
            (FulcraDomain *)(void *)((char *)drain -
                                     offsetof(FulcraDomain, drain));

    pthread_mutex_lock(&self->lock);
    domain_take(self, FULCRA__DOMAIN_FOREVER);
    domain_run_some(self);
    self->scheduled = false;
    domain_give_up(self);
    pthread_mutex_unlock(&self->lock);
    fulcra_host_domain_unref(self);
}

void
fulcra__domain_post(FulcraDomain *self, FulcraTask *task)
{
    task->next = NULL;
    pthread_mutex_lock(&self->lock);
    *self->tail = task;
    self->tail = &task->next;
    atomic_fetch_add_explicit(&self->queued, 1, memory_order_relaxed);
    domain_pass_on(self);
    pthread_mutex_unlock(&self->lock);
}

unsigned
fulcra__domain_get_queued(FulcraDomain *self)
{
    return atomic_load_explicit(&self->queued, memory_order_relaxed);
}

bool
fulcra__domain_enter(FulcraDomain *self, int64_t due)
{
    pthread_mutex_lock(&self->lock);
    bool entered = domain_take(self, due);
    if (!entered)
        domain_pass_on(self); /* a wake-up may have been meant for us */
    pthread_mutex_unlock(&self->lock);
    return entered;
}

FulcraDomain *
fulcra__domain_leave(void)
{
    FulcraDomain *self = fulcra__thread_self()->held;

    if (self == NULL)
        return NULL;
    pthread_mutex_lock(&self->lock);
    domain_give_up(self);
    pthread_mutex_unlock(&self->lock);
    return self;
}

void
fulcra__domain_reenter(FulcraDomain *self)
{
    if (self != NULL)
        fulcra__domain_enter(self, FULCRA__DOMAIN_FOREVER);
}
