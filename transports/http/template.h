/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Templates: fields that the heads of many sockets have in common
 *
 * Ten thousand browsers of one make send the same Accept-Language, Host and
 * User-Agent. A head that is kept for the life of a socket shares one copy of
 * them with all others. Any thread.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct _FulcraHttpTemplate FulcraHttpTemplate;

/**
 * fulcra__http_template_get:
 * @fields: texts, such as names and values, each with its NUL
 *
 * Returns: (transfer full) (nullable): NULL where there are too many different
 * ones already; then the head keeps the fields itself
 */
FulcraHttpTemplate *fulcra__http_template_get(
        const char *fields, size_t n_fields);
void fulcra__http_template_unref(FulcraHttpTemplate *self);

/** As they were given. */
const char *fulcra__http_template_get_fields(FulcraHttpTemplate *self);

/** How many there are. */
unsigned fulcra__http_template_count(void);

G_END_DECLS
