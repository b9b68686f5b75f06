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
#include "private/task.h"
#include "private/thread.h"

#define BATCH 64 /* tasks that one drain runs before it queues up again */

/* What is queued in one stage, and the task that works it off. */
typedef struct {
    FulcraTask drain;
    FulcraDomain *domain;
    bool scheduled; /* the drain is in the pool's queue */
    FulcraTaskQueue tasks;
} Mailbox;

struct _FulcraDomain {
    FulcraRefs refs;
    FulcraKernel *kernel;
    char *name;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    bool held;
    unsigned entering;
    Mailbox mailboxes[FULCRA__N_STAGES];
    atomic_uint queued;
};

static void mailbox_drain(FulcraTask *task);

FulcraDomain *
fulcra_host_domain_new(FulcraKernel *kernel, const char *name)
{
    FulcraDomain *self = g_new0(FulcraDomain, 1);

    fulcra_refs_init(&self->refs);
    self->kernel = kernel;
    self->name = g_strdup(name);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->freed, NULL);
    for (int stage = 0; stage < FULCRA__N_STAGES; stage++) {
        Mailbox *mailbox = &self->mailboxes[stage];

        mailbox->drain.run = mailbox_drain;
        mailbox->domain = self;
        fulcra__task_queue_init(&mailbox->tasks);
    }
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
    g_assert(!self->held);
    pthread_cond_destroy(&self->freed);
    pthread_mutex_destroy(&self->lock);
    g_free(self->name);
    g_free(self);
}

/* With the lock held: whether its drain is to be queued. */
static bool
mailbox_schedules(Mailbox *self)
{
    if (self->tasks.head == NULL || self->scheduled)
        return false;
    self->scheduled = true;
    fulcra_host_domain_ref(self->domain);
    return true;
}

/* With the lock held, which it releases: lets the next one in. Drains are
 * queued without it, as the first that a drain does is to take it. */
static void
domain_pass_on(FulcraDomain *self)
{
    bool schedules[FULCRA__N_STAGES] = { false };

    if (!self->held) {
        if (self->entering > 0)
            pthread_cond_signal(&self->freed);
        for (int stage = 0; stage < FULCRA__N_STAGES; stage++)
            schedules[stage] = mailbox_schedules(&self->mailboxes[stage]);
    }
    pthread_mutex_unlock(&self->lock);
    for (int stage = 0; stage < FULCRA__N_STAGES; stage++)
        if (schedules[stage])
            fulcra__pool_post(self->kernel->pool, &self->mailboxes[stage].drain,
                    (FulcraStage)stage);
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

/* With the lock held, which it releases. */
static void
domain_give_up(FulcraDomain *self)
{
    self->held = false;
    fulcra__thread_self()->held = NULL;
    domain_pass_on(self);
}

/* With the lock held: runs what is queued, as long as nobody else waits. */
static void
mailbox_run_some(Mailbox *self)
{
    FulcraDomain *domain = self->domain;
    FulcraTask *task;

    for (int i = 0; i < BATCH && (i == 0 || domain->entering == 0) &&
                    (task = fulcra__task_queue_pop(&self->tasks)) != NULL;
            i++) {
        atomic_fetch_sub_explicit(&domain->queued, 1, memory_order_relaxed);
        pthread_mutex_unlock(&domain->lock);
        task->run(task); /* may give the domain up and take it again */
        pthread_mutex_lock(&domain->lock);
    }
}

static void
mailbox_drain(FulcraTask *drain)
{
    Mailbox *self = (Mailbox *)(void *)drain;
    FulcraDomain *domain = self->domain;

    pthread_mutex_lock(&domain->lock);
    domain_take(domain, FULCRA__DOMAIN_FOREVER);
    self->scheduled = false; /* if this one comes to wait, another goes on */
    mailbox_run_some(self);
    domain_give_up(domain);
    fulcra_host_domain_unref(domain);
}

void
fulcra__domain_post(FulcraDomain *self, FulcraTask *task, FulcraStage stage)
{
    pthread_mutex_lock(&self->lock);
    fulcra__task_queue_append(&self->mailboxes[stage].tasks, task);
    atomic_fetch_add_explicit(&self->queued, 1, memory_order_relaxed);
    domain_pass_on(self);
}

void
fulcra__domain_post_next(FulcraDomain *self, FulcraTask *task)
{
    pthread_mutex_lock(&self->lock);
    fulcra__task_queue_prepend(&self->mailboxes[FULCRA__BEGIN].tasks, task);
    atomic_fetch_add_explicit(&self->queued, 1, memory_order_relaxed);
    domain_pass_on(self);
}

void
fulcra__domain_hasten(FulcraDomain *self, FulcraTask *task)
{
    pthread_mutex_lock(&self->lock);
    if (fulcra__task_queue_remove(&self->mailboxes[FULCRA__BEGIN].tasks, task))
        fulcra__task_queue_append(
                &self->mailboxes[FULCRA__CONTINUE].tasks, task);
    domain_pass_on(self);
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
    if (entered)
        pthread_mutex_unlock(&self->lock);
    else
        domain_pass_on(self); /* a wake-up may have been meant for us */
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
    return self;
}

void
fulcra__domain_reenter(FulcraDomain *self)
{
    if (self != NULL)
        fulcra__domain_enter(self, FULCRA__DOMAIN_FOREVER);
}

void
fulcra_host_domain_run(FulcraDomain *self, void (*run)(void *data), void *data)
{
    fulcra__domain_enter(self, FULCRA__DOMAIN_FOREVER);
    run(data);
    fulcra__domain_leave();
}
