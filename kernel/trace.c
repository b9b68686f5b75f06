/* SPDX-License-Identifier: MIT */

/*
 * trace.c - telling a tracer what each request of a tree did
 */

#include "private/cache.h"
#include "private/context.h"
#include "private/kernel.h"
#include "private/request.h"
#include <string.h>
#include <time.h>

struct _FulcraTracing {
    FulcraTracing *next;
    FulcraTracer tracer;
    void *user_data;
    GDestroyNotify release; /* (nullable) */
};

void
fulcra_host_request_add_tracer(FulcraRequest *self, FulcraTracer tracer,
        void *user_data, GDestroyNotify release)
{
    g_return_if_fail(self->parent == NULL && !self->issued);
    FulcraTracing *tracing = g_new(FulcraTracing, 1);

    *tracing =
            (FulcraTracing){ self->root->tracers, tracer, user_data, release };
    self->root->tracers = tracing;
}

char *
fulcra_host_trace_shorten(const char *text, size_t most)
{
    if (text == NULL || *text == '\0')
        return NULL;

    /* What follows is not looked at: it may be long. */
    g_autofree char *valid =
            g_utf8_make_valid(text, (gssize)strnlen(text, most + 1));
    if (strlen(valid) <= most)
        return g_steal_pointer(&valid);
    *g_utf8_find_prev_char(valid, valid + most + 1) = '\0';
    return g_strconcat(valid, "\xe2\x80\xa6", NULL);
}

void
fulcra__tracings_free(FulcraTracing *self)
{
    while (self != NULL) {
        FulcraTracing *next = self->next;

        if (self->release != NULL)
            self->release(self->user_data);
        g_free(self);
        self = next;
    }
}

void
fulcra_host_kernel_watch_roots(FulcraKernel *kernel,
        void (*watch)(FulcraRequest *root, void *user_data), void *user_data)
{
    g_return_if_fail(kernel->watch == NULL);
    kernel->watch = watch;
    kernel->watch_data = user_data;
}

void
fulcra_host_kernel_set_watching(FulcraKernel *kernel, bool watching)
{
    g_return_if_fail(kernel->watch != NULL);
    atomic_store(&kernel->watching, watching);
}

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

void
fulcra__trace_end(FulcraRequest *self)
{
    g_autoptr(FulcraExplanation) explanation =
            fulcra_host_request_explain_answer(self);
    char thread[16] = "";

    pthread_getname_np(pthread_self(), thread, sizeof(thread));
    FulcraTraceRecord record = {
        .depth = self->depth,
        .verb = self->verb,
        .identifier = fulcra_identifier_get_text(self->identifier),
        .endpoint = self->endpoint == NULL ? NULL : self->endpoint->id,
        .space = request_where(self),
        .error = self->error == NULL ? NULL : self->error->message,
        .cache = explanation->cache,
        .explanation = explanation,
        .order = self->order,
        .started_ns = self->started_ns,
        .ended_ns = now_ns(),
        .thread = thread,
    };

    for (FulcraTracing *tracing = self->root->tracers; tracing != NULL;
            tracing = tracing->next)
        tracing->tracer(&record, tracing->user_data);
}
