/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Event loops
 *
 * One thread, one epoll. Everything about a connection is touched by its loop
 * alone; other threads reach it by fulcra_loop_post(). A turn of the loop is:
 * wait, run what is ready, run what was posted, fire timers that are due, then
 * call the turn-end hooks, where transports write out what the turn produced.
 */

#include <fulcra-host/kernel.h>
#include <sys/epoll.h>

G_BEGIN_DECLS

typedef struct _FulcraLoop FulcraLoop;

/* A descriptor in the loop's epoll, embedded in what it belongs to. */
typedef struct _FulcraWatch FulcraWatch;
struct _FulcraWatch {
    void (*ready)(FulcraWatch *self, uint32_t events); /* EPOLL* bits */
    int fd;
};

/* A timer, embedded; zero-initialised means not set. */
typedef struct _FulcraTimer FulcraTimer;
struct _FulcraTimer {
    void (*fire)(FulcraTimer *self);
    int64_t due_ns;  /* CLOCK_MONOTONIC */
    size_t position; /* in the loop's heap, from 1; 0: not set */
};

/* Called at the end of each turn, in the order in which they were added. */
typedef struct _FulcraTurnEnd FulcraTurnEnd;
struct _FulcraTurnEnd {
    void (*run)(FulcraTurnEnd *self);
    FulcraTurnEnd *next;
};

/** @index: counts the loops of a server from 0. (transfer full) (nullable) */
FulcraLoop *fulcra_loop_new(
        FulcraKernel *kernel, unsigned index, GError **error);
void fulcra_loop_free(FulcraLoop *self); /* after it was stopped */

/** Starts the thread. */
void fulcra_loop_start(FulcraLoop *self);

/** Ends the thread after the turn in which it notices, and waits for it. What
 * was posted before is run. Any thread but the loop's. */
void fulcra_loop_stop(FulcraLoop *self);

unsigned fulcra_loop_get_index(FulcraLoop *self);
FulcraKernel *fulcra_loop_get_kernel(FulcraLoop *self);
FulcraExecutor *fulcra_loop_get_executor(FulcraLoop *self);

/** The loop whose thread this is. (nullable) */
FulcraLoop *fulcra_loop_current(void);

/** Any thread: tasks run on the loop, in the order in which they were posted.
 * Wakes the loop at most once for all that it has not yet seen. */
void fulcra_loop_post(FulcraLoop *self, FulcraTask *task);

/** Runs @function on the loop, after what was posted before, and waits for it.
 * Any thread but a loop's. */
void fulcra_loop_call(
        FulcraLoop *self, void (*function)(void *data), void *data);

/**
 * fulcra_loop_call_within:
 *
 * As fulcra_loop_call(), but a loop that does not get to it in time is not
 * waited for: @function will not be called then.
 *
 * Returns: whether it was called
 */
bool fulcra_loop_call_within(FulcraLoop *self, unsigned milliseconds,
        void (*function)(void *data), void *data);

/* --- on the loop's thread (or before it was started) only --- */

/** @events: level-triggered unless EPOLLET is given */
bool fulcra_loop_watch(
        FulcraLoop *self, FulcraWatch *watch, uint32_t events, GError **error);
void fulcra_loop_rewatch(FulcraLoop *self, FulcraWatch *watch, uint32_t events);

/** Takes @watch out before its descriptor is closed; events of it that this
 * turn has already collected are dropped. */
void fulcra_loop_unwatch(FulcraLoop *self, FulcraWatch *watch);

void fulcra_loop_set_timer(
        FulcraLoop *self, FulcraTimer *timer, unsigned milliseconds);
void fulcra_loop_clear_timer(FulcraLoop *self, FulcraTimer *timer);
void fulcra_loop_add_turn_end(FulcraLoop *self, FulcraTurnEnd *hook);

/** When this turn began, CLOCK_MONOTONIC: no system call. */
int64_t fulcra_loop_now_ns(FulcraLoop *self);

/** The receive buffer that all connections of the loop share: valid until
 * control goes back to the loop. */
uint8_t *fulcra_loop_get_buffer(FulcraLoop *self, size_t *size);

/* Something of a transport's own, one for each loop. */
void fulcra_loop_set_data(FulcraLoop *self, const char *key, void *data);
void *fulcra_loop_get_data(FulcraLoop *self, const char *key);

G_END_DECLS
