/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Error pages: a line for strangers, all there is to know in a playground
 */

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

typedef struct {
    unsigned status;
    const char *phrase; /* "Not Found" */
    const char *method, *path;
    const char *id;      /* (nullable): of the error, "unresolved" */
    const char *message; /* (nullable) */
    const char *stack;   /* (nullable): requests it came through, a line each */
    const char *trace;   /* (nullable): who was asked and why not, lines */
} FulcraHttpProblem;

/** Every text of @problem is escaped. (transfer full) */
char *fulcra__http_page_html(const FulcraHttpProblem *problem);
char *fulcra__http_page_text(const FulcraHttpProblem *problem);

/**
 * fulcra__http_page_suggest:
 *
 * Returns: (transfer full) (nullable): of the grammars that @trace names, the
 * nearest to @path, with its slots filled from @path; NULL where none is near
 */
char *fulcra__http_page_suggest(const char *trace, const char *path);

G_END_DECLS
