/* SPDX-License-Identifier: MIT */

/*
 * call.c - calls that are waited for, but not for ever
 *
 * The call is on the heap, held by who asks and by the loop: a loop that gets
 * to it too late finds that nobody wants it any more, and does not touch what
 * it was about.
 */

#include "loop/loop.h"

#include <errno.h>
#include <time.h>

typedef enum { PENDING, RUNNING, DONE, ABANDONED } State;

typedef struct {
    FulcraTask task;
    FulcraRefs refs;
    void (*function)(void *data);
    void *data;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    State state; /* guarded by lock */
} Call;

static void
call_unref(Call *self)
{
    if (!fulcra_refs_drop(&self->refs))
        return;
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

static void
call_set_state(Call *self, State state)
{
    pthread_mutex_lock(&self->lock);
    self->state = state;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void
call_run(FulcraTask *task)
{
    Call *self = (Call *)task;

    pthread_mutex_lock(&self->lock);
    bool wanted = self->state == PENDING;
    if (wanted)
        self->state = RUNNING;
    pthread_mutex_unlock(&self->lock);
    if (wanted) {
        self->function(self->data);
        call_set_state(self, DONE);
    }
    call_unref(self);
}

static Call *
call_new(void (*function)(void *data), void *data)
{
    Call *self = g_new0(Call, 1);
    pthread_condattr_t attributes;

    fulcra_refs_init(&self->refs);
    self->task.run = call_run;
    self->function = function;
    self->data = data;
    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&self->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return self;
}

static struct timespec
time_after(unsigned milliseconds)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += milliseconds / 1000;
    at.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* One that has begun is waited for: it uses what is the caller's. */
static bool
call_wait(Call *self, unsigned milliseconds)
{
    const struct timespec until = time_after(milliseconds);

    pthread_mutex_lock(&self->lock);
    while (self->state == PENDING && pthread_cond_timedwait(&self->changed,
                                             &self->lock, &until) != ETIMEDOUT)
        ;
    if (self->state == PENDING)
        self->state = ABANDONED;
    while (self->state == RUNNING)
        pthread_cond_wait(&self->changed, &self->lock);
    bool done = self->state == DONE;
    pthread_mutex_unlock(&self->lock);
    return done;
}

bool
fulcra_loop_call_within(FulcraLoop *self, unsigned milliseconds,
        void (*function)(void *data), void *data)
{
    g_return_val_if_fail(fulcra_loop_current() == NULL, false);

    Call *call = call_new(function, data);
    fulcra_refs_take(&call->refs);
    fulcra_loop_post(self, &call->task);
    bool done = call_wait(call, milliseconds);
    call_unref(call);
    return done;
}
