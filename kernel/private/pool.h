/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The worker pool
 *
 * `target` workers run at a time. One that waits is replaced, up to `max`
 * threads in all. A wait for an answer that would leave no worker to give it is
 * refused (overloaded), so workers that wait for workers cannot exhaust the
 * pool.
 */

#include <fulcra-host/kernel.h>

typedef struct _FulcraPool FulcraPool;

FulcraPool *fulcra__pool_new(
        FulcraKernel *kernel, unsigned target, unsigned max);

/** Runs what is queued, then ends the threads. */
void fulcra__pool_free(FulcraPool *self);

/* What has begun goes before what has not: as long as many workers wait, no
 * new trees of requests are begun that would only wait as well. */
typedef enum {
    FULCRA__CONTINUE, /* part of a tree of requests that is under way */
    FULCRA__BEGIN,    /* a root request */
    FULCRA__N_STAGES
} FulcraStage;

/** Any thread. Never refuses: callers that serve outsiders ask
 * fulcra__pool_get_queued() first. */
/* Waits until nothing is queued and no worker runs anything. */
void fulcra__pool_settle(FulcraPool *self);
void fulcra__pool_post(FulcraPool *self, FulcraTask *task, FulcraStage stage);

/** What a loop's turn posted without waking anybody is seen to. */
void fulcra__pool_repay(FulcraPool *self);

/** Something that has begun waits for @task: where it is queued to begin, it
 * moves to what continues. */
void fulcra__pool_hasten(FulcraPool *self, FulcraTask *task);
unsigned fulcra__pool_get_queued(FulcraPool *self);

/** On a worker that is about to wait. False where it must not: it would be the
 * last that runs, and the answer it waits for may need a worker. @for_code: it
 * waits only for code that runs, which needs none: never false. */
bool fulcra__pool_begin_wait(FulcraPool *self, bool for_code);
void fulcra__pool_end_wait(FulcraPool *self);
