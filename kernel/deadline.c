/* SPDX-License-Identifier: MIT */

/*
 * deadline.c - one thread and a heap
 *
 * The thread sleeps until the earliest deadline that it knew of. Deadlines that
 * are taken out do not wake it, and one that is added wakes it only if it comes
 * before it would wake by itself; with one default deadline for all requests,
 * adding one is an append and the thread hardly ever wakes, however often the
 * heap becomes empty between. It starts with the first entry.
 */

#include "private/deadline.h"
#include <sys/prctl.h>

struct _FulcraDeadlines {
    void (*hold)(FulcraDeadline *entry);
    void (*expired)(FulcraDeadline *entry);
    pthread_mutex_t lock;
    pthread_cond_t changed;
    GPtrArray *heap;  /* of FulcraDeadline; the earliest first */
    int64_t wakes_at; /* when the thread will look by itself */
    pthread_t thread;
    bool started, stopping;
};

static FulcraDeadline *
heap_get(FulcraDeadlines *self, unsigned place)
{
    return g_ptr_array_index(self->heap, place - 1);
}

static void
heap_put(FulcraDeadlines *self, unsigned place, FulcraDeadline *entry)
{
    self->heap->pdata[place - 1] = entry;
    entry->place = place;
}

static void
heap_rise(FulcraDeadlines *self, unsigned place, FulcraDeadline *entry)
{
    for (; place > 1; place /= 2) {
        FulcraDeadline *above = heap_get(self, place / 2);
        if (above->at <= entry->at)
            break;
        heap_put(self, place, above);
    }
    heap_put(self, place, entry);
}

static void
heap_sink(FulcraDeadlines *self, unsigned place, FulcraDeadline *entry)
{
    for (unsigned child; (child = place * 2) <= self->heap->len;
            place = child) {
        if (child < self->heap->len &&
                heap_get(self, child + 1)->at < heap_get(self, child)->at)
            child++;
        if (entry->at <= heap_get(self, child)->at)
            break;
        heap_put(self, place, heap_get(self, child));
    }
    heap_put(self, place, entry);
}

static void
heap_remove(FulcraDeadlines *self, FulcraDeadline *entry)
{
    unsigned place = entry->place;
    FulcraDeadline *last = heap_get(self, self->heap->len);

    g_ptr_array_set_size(self->heap, (int)self->heap->len - 1);
    entry->place = 0;
    if (last == entry)
        return;
    heap_sink(self, place, last);
    heap_rise(self, last->place, last);
}

static void
deadlines_sleep(FulcraDeadlines *self)
{
    if (self->heap->len == 0) {
        self->wakes_at = INT64_MAX;
        pthread_cond_wait(&self->changed, &self->lock);
        return;
    }
    int64_t at = heap_get(self, 1)->at;
    self->wakes_at = at;
    struct timespec until = { .tv_sec = at / G_USEC_PER_SEC,
        .tv_nsec = at % G_USEC_PER_SEC * 1000 };
    pthread_cond_timedwait(&self->changed, &self->lock, &until);
}

static void *
deadlines_run(void *data)
{
    FulcraDeadlines *self = data;

    prctl(PR_SET_NAME, "fulcra-deadline");
    pthread_mutex_lock(&self->lock);
    while (!self->stopping) {
        if (self->heap->len == 0 ||
                heap_get(self, 1)->at > g_get_monotonic_time()) {
            deadlines_sleep(self);
            continue;
        }
        FulcraDeadline *entry = heap_get(self, 1);
        heap_remove(self, entry);
        self->hold(entry);
        pthread_mutex_unlock(&self->lock);
        self->expired(entry);
        pthread_mutex_lock(&self->lock);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

FulcraDeadlines *
fulcra__deadlines_new(void (*hold)(FulcraDeadline *entry),
        void (*expired)(FulcraDeadline *entry))
{
    FulcraDeadlines *self = g_new0(FulcraDeadlines, 1);
    pthread_condattr_t monotonic;

    self->hold = hold;
    self->expired = expired;
    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    self->heap = g_ptr_array_new();
    return self;
}

void
fulcra__deadlines_stop(FulcraDeadlines *self)
{
    pthread_mutex_lock(&self->lock);
    bool started = self->started;
    self->started = false;
    self->stopping = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    if (started)
        pthread_join(self->thread, NULL);
}

void
fulcra__deadlines_free(FulcraDeadlines *self)
{
    g_assert(!self->started);
    g_ptr_array_unref(self->heap);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

void
fulcra__deadlines_add(FulcraDeadlines *self, FulcraDeadline *entry)
{
    pthread_mutex_lock(&self->lock);
    g_ptr_array_add(self->heap, entry);
    heap_rise(self, self->heap->len, entry);
    if (!self->started && !self->stopping) {
        self->started =
                pthread_create(&self->thread, NULL, deadlines_run, self) == 0;
        if (!self->started)
            g_error("cannot start the thread of the deadlines");
    } else if (entry->at < self->wakes_at) {
        self->wakes_at = entry->at;
        pthread_cond_signal(&self->changed);
    }
    pthread_mutex_unlock(&self->lock);
}

bool
fulcra__deadlines_remove(FulcraDeadlines *self, FulcraDeadline *entry)
{
    pthread_mutex_lock(&self->lock);
    bool there = entry->place != 0;
    if (there)
        heap_remove(self, entry);
    pthread_mutex_unlock(&self->lock);
    return there;
}
