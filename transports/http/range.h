/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Byte ranges (RFC 9110 section 14), as a pure function
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

typedef enum {
    FULCRA_HTTP_RANGE_ALL, /* the field is to be ignored: send the whole */
    FULCRA_HTTP_RANGE_PART,
    FULCRA_HTTP_RANGE_UNSATISFIABLE,
} FulcraHttpRangeKind;

typedef struct {
    FulcraHttpRangeKind kind;
    size_t first, length; /* of a part, in bytes */
} FulcraHttpRange;

/**
 * fulcra__http_range_parse:
 * @field: the value of Range
 * @size: of the representation
 *
 * Several ranges in one field are not answered in parts: the whole is sent,
 * as the RFC allows. So is it where the field is malformed or counts in other
 * units than bytes.
 */
FulcraHttpRange fulcra__http_range_parse(const char *field, size_t size);

G_END_DECLS
