/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The last lines of the log, for those who come later
 *
 * Bounded by lines and by bytes; any thread.
 */

#include <fulcra/log.h>

G_BEGIN_DECLS

#define FULCRA_LOG_RING_LINES 1024u
#define FULCRA_LOG_RING_BYTES (512u << 10)

typedef struct {
    uint64_t number; /* from 1 */
    FulcraLogLevel level;
    const char *text; /* as it was logged, its time in front; no newline */
} FulcraLogLine;

/** @text: copied */
void fulcra_log_ring_add(FulcraLogLevel level, const char *text);

/**
 * fulcra_log_ring_read:
 * @after: the number of a line; 0 for all that are kept
 * @each: called for each later one, under a lock: it must not log
 *
 * Returns: the number of the last line there is
 */
uint64_t fulcra_log_ring_read(uint64_t after,
        void (*each)(const FulcraLogLine *line, void *user_data),
        void *user_data);

/** Has @wake called once, on whatever thread logs next. NULL: not any more. */
void fulcra_log_ring_set_wake(void (*wake)(void *user_data), void *user_data);

G_END_DECLS
