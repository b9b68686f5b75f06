/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Traces: trees of requests, kept in a ring of bounded size
 *
 * While tracing is on, each tree whose root fits the filter is recorded: every
 * request of it, who answered, what the cache did, how long it took. What is
 * kept, and what is being recorded, takes at most the bytes that were allowed;
 * the oldest trees go first. While it is off a request costs one load more.
 */

#include <fulcra-host/kernel.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct _FulcraTraces FulcraTraces;

/* All that is set must fit. */
typedef struct {
    const char *identifier; /* (nullable): the root's, to the letter */
    const char *pattern;    /* (nullable): a regular expression found in it */
    const char *socket;     /* (nullable): id of the socket it is for */
    bool failed;            /* only trees whose root failed */
} FulcraTraceFilter;

/**
 * fulcra_traces_new:
 * @max_bytes: of all that is kept
 *
 * To be called once for a kernel, before it has requests. What it returned is
 * released after the kernel was freed.
 *
 * Returns: (transfer full)
 */
FulcraTraces *fulcra_traces_new(FulcraKernel *kernel, size_t max_bytes);
void fulcra_traces_free(FulcraTraces *self);

/** Traces what fits @filter from now on; what fitted another one before is
 * kept. Fails with FULCRA_ERROR_BAD_ARGUMENT where the pattern is none. */
bool fulcra_traces_start(
        FulcraTraces *self, const FulcraTraceFilter *filter, GError **error);
void fulcra_traces_stop(FulcraTraces *self);

/** Forgets what is kept. */
void fulcra_traces_clear(FulcraTraces *self);

/**
 * fulcra_traces_build:
 * @after: number of a tree: only those after it; 0: all
 * @max: at most so many, the newest
 * @builder: in an object that has been begun
 *
 * Adds "tracing", "bytes", "max_bytes", "lost" and "trees". Each tree has its
 * "number", "at" (ISO 8601), "us", "error", and "requests" in the order in
 * which they began: "depth", "verb", "identifier", "endpoint", "space",
 * "cache", "explanation" (why it is kept or not, until when, for whom),
 * "error", "thread", "start_us" (since the tree began), "us".
 */
void fulcra_traces_build(
        FulcraTraces *self, uint64_t after, unsigned max, JsonBuilder *builder);

G_END_DECLS
