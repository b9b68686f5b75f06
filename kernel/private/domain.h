/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Domains: mutual exclusion for SERIAL endpoints
 *
 * A domain is held by at most one thread, and a thread holds at most one
 * domain: whoever is about to wait gives its domain up and takes it again
 * before the wait returns. Nobody waits while holding one, so domains cannot
 * deadlock.
 */

#include "private/pool.h"

/** Queues @task to run in the domain, after what was queued before in its
 * stage. */
void fulcra__domain_post(
        FulcraDomain *self, FulcraTask *task, FulcraStage stage);

/** By code that runs in the domain: @task is the next of FULCRA__BEGIN. */
void fulcra__domain_post_next(FulcraDomain *self, FulcraTask *task);
unsigned fulcra__domain_get_queued(FulcraDomain *self);

/** As fulcra__pool_hasten(), where @task was queued for the domain. */
void fulcra__domain_hasten(FulcraDomain *self, FulcraTask *task);

#define FULCRA__DOMAIN_FOREVER INT64_MAX

/** Takes the domain for this thread, waiting for whoever holds it until @due
 * (monotonic microseconds). Goes before most of what is queued: code that has
 * begun finishes before other code begins. This thread holds no domain. */
bool fulcra__domain_enter(FulcraDomain *self, int64_t due);

/** Gives up the domain that this thread holds. Returns it, to be handed to
 * fulcra__domain_reenter(); NULL where it holds none. */
FulcraDomain *fulcra__domain_leave(void);

/** Takes the domain again. NULL: does nothing. */
void fulcra__domain_reenter(FulcraDomain *self);
