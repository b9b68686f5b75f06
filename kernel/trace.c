/* SPDX-License-Identifier: MIT */

/*
 * trace.c - telling a tracer what each request of a tree did
 */

#include "private/cache.h"
#include "private/context.h"
#include "private/request.h"
#include <time.h>

static int64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void
fulcra__trace_begin(FulcraRequest *self)
{
    self->order = atomic_fetch_add(&self->root->n_traced, 1);
    self->started_ns = now_ns();
}

static const char *
request_where(FulcraRequest *self)
{
    if (self->endpoint == NULL)
        return NULL;
    if (self->layer != NULL)
        return self->layer->klass->name;
    return self->evaluation == NULL ? NULL : self->evaluation->space->uri;
}

static const char *
request_cache(FulcraRequest *self)
{
    if (self->ledger == NULL || self->from_cache != NULL)
        return self->from_cache;
    return self->kept_answer ? "kept" : fulcra__cache_why_not(self);
}

void
fulcra__trace_end(FulcraRequest *self)
{
    FulcraTraceRecord record = {
        .depth = self->depth,
        .verb = self->verb,
        .identifier = fulcra_identifier_get_text(self->identifier),
        .endpoint = self->endpoint == NULL ? NULL : self->endpoint->id,
        .space = request_where(self),
        .error = self->error == NULL ? NULL : self->error->message,
        .cache = request_cache(self),
        .order = self->order,
        .started_ns = self->started_ns,
        .ended_ns = now_ns(),
    };

    self->root->tracer(&record, self->root->tracer_data);
}
