/* SPDX-License-Identifier: MIT */
/*
 * errand.c - what may hang is done by somebody else
 *
 * Held by whoever waits and by the thread itself, so that either may be the
 * last.
 */

#include "errand.h"

#include <fulcra-host/sync.h>

#include <glib.h>
#include <time.h>

struct _FulcraErrand {
    FulcraRefs refs;
    void (*run)(void *data);
    void *data;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended; /* guarded by lock */
};

static void *
errand_main(void *data)
{
    FulcraErrand *self = data;

    self->run(self->data);
    pthread_mutex_lock(&self->lock);
    self->ended = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    fulcra__errand_unref(self);
    return NULL;
}

FulcraErrand *
fulcra__errand_start(void (*run)(void *data), void *data)
{
    FulcraErrand *self = g_new0(FulcraErrand, 1);
    pthread_t thread;

    fulcra_refs_init(&self->refs);
    self->run = run;
    self->data = data;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    fulcra_refs_take(&self->refs);
    if (pthread_create(&thread, NULL, errand_main, self) == 0)
        pthread_detach(thread);
    else
        errand_main(self); /* no thread to be had: then without a deadline */
    return self;
}

bool
fulcra__errand_await(FulcraErrand *self, unsigned timeout_ms)
{
    struct timespec until;
    int result = 0;
    bool ended;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&self->lock);
    while (!self->ended && result == 0)
        result = pthread_cond_clockwait(
                &self->changed, &self->lock, CLOCK_MONOTONIC, &until);
    ended = self->ended;
    pthread_mutex_unlock(&self->lock);
    return ended;
}

void
fulcra__errand_unref(FulcraErrand *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}
