/* SPDX-License-Identifier: MIT */

/*
 * domain.c - mailboxes of SERIAL endpoints
 *
 * `held` says that some thread runs in the domain; `scheduled` that the drain
 * is in the pool's queue. Work that is queued while neither holds schedules
 * the drain. Threads that come back from a wait go before the mailbox, so code
 * that has begun finishes before other code begins.
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
    unsigned returning; /* threads that wait in fulcra__domain_reenter() */
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
    if (self->returning > 0) {
        pthread_cond_signal(&self->freed);
    } else if (self->head != NULL && !self->scheduled) {
        self->scheduled = true;
        fulcra_host_domain_ref(self);
        fulcra__pool_post(self->kernel->pool, &self->drain);
    }
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

static void
domain_drain(FulcraTask *drain)
{
    FulcraDomain *self = (FulcraDomain *)((char *)drain -
            offsetof(FulcraDomain, drain));
    FulcraThread *thread = fulcra__thread_self();

    pthread_mutex_lock(&self->lock);
    self->scheduled = false;
    for (int i = 0; i < BATCH && !self->held && self->returning == 0; i++) {
        FulcraTask *task = domain_pop(self);
        if (task == NULL)
            break;
        self->held = true;
        pthread_mutex_unlock(&self->lock);
        thread->held = self;
        task->run(task);
        thread->held = NULL;
        pthread_mutex_lock(&self->lock);
        self->held = false;
    }
    domain_pass_on(self);
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
fulcra__domain_try_enter(FulcraDomain *self)
{
    FulcraThread *thread = fulcra__thread_self();

    g_assert(thread->held == NULL);
    pthread_mutex_lock(&self->lock);
    bool entered = !self->held && self->returning == 0 && self->head == NULL;
    if (entered)
        self->held = true;
    pthread_mutex_unlock(&self->lock);
    if (entered)
        thread->held = self;
    return entered;
}

FulcraDomain *
fulcra__domain_leave(void)
{
    FulcraThread *thread = fulcra__thread_self();
    FulcraDomain *self = thread->held;

    if (self == NULL)
        return NULL;
    thread->held = NULL;
    pthread_mutex_lock(&self->lock);
    self->held = false;
    domain_pass_on(self);
    pthread_mutex_unlock(&self->lock);
    return self;
}

void
fulcra__domain_reenter(FulcraDomain *self)
{
    if (self == NULL)
        return;
    pthread_mutex_lock(&self->lock);
    self->returning++;
    while (self->held)
        pthread_cond_wait(&self->freed, &self->lock);
    self->returning--;
    self->held = true;
    pthread_mutex_unlock(&self->lock);
    fulcra__thread_self()->held = self;
}
