/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Conditional requests (RFC 9110 section 13), as pure functions
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

/* What tells one state of a representation from another. */
typedef struct {
    const char *etag;     /* (nullable): quoted */
    const char *modified; /* (nullable): as Last-Modified was sent */
    bool weak_by_nature;  /* @modified is too recent to be a strong one */
} FulcraHttpValidators;

/* Header fields of a request; each (nullable). */
typedef struct {
    const char *if_match;
    const char *if_none_match;
    const char *if_modified_since;
    const char *if_unmodified_since;
    const char *if_range;
} FulcraHttpConditions;

/** 304, 412, or 0: the conditions, as GET and HEAD have them, hold. */
unsigned fulcra__http_conditions_judge(
        const FulcraHttpConditions *self, const FulcraHttpValidators *current);

/** Whether a Range may be looked at: If-Range is absent or holds. */
bool fulcra__http_conditions_allow_range(
        const FulcraHttpConditions *self, const FulcraHttpValidators *current);

/** Seconds since 1970 of a date in any of the three forms that RFC 9110
 * section 5.6.7 has; false for anything else. */
bool fulcra__http_date_parse(const char *text, int64_t *seconds);

G_END_DECLS
