/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The worker pool
 *
 * `target` workers run at a time. One that waits for an answer is replaced, up
 * to `max` threads in all; at least one worker always runs, so a wait that
 * would leave none is refused (overloaded) and workers that wait for workers
 * cannot exhaust the pool.
 */

#include <fulcra-host/kernel.h>

typedef struct _FulcraPool FulcraPool;

FulcraPool *fulcra__pool_new(
        FulcraKernel *kernel, unsigned target, unsigned max);

/** Runs what is queued, then ends the threads. */
void fulcra__pool_free(FulcraPool *self);

/** Any thread. Never refuses: callers that serve outsiders ask
 * fulcra__pool_get_queued() first. */
void fulcra__pool_post(FulcraPool *self, FulcraTask *task);
unsigned fulcra__pool_get_queued(FulcraPool *self);

/** On a worker that is about to wait: false where it must not. */
bool fulcra__pool_begin_wait(FulcraPool *self);
void fulcra__pool_end_wait(FulcraPool *self);
