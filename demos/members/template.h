/* SPDX-License-Identifier: MIT */
#pragma once

/* Pages with {{names}} in them. */

#include <fulcra/fulcra.h>

typedef struct {
    const char *name, *text;
} TemplateValue;

/**
 * template_fill:
 * @template: the page, as a resource
 * @values: (array length=n): what the names stand for; escaped
 *
 * Returns: (transfer full) (nullable): HTML for one client, which nobody keeps
 */
FulcraRepresentation *template_fill(FulcraRequest *request,
        FulcraIdentifier *template, const TemplateValue *values, size_t n,
        GError **error);

/** A redirect that turns a POST into a GET. (transfer full) */
FulcraRepresentation *template_see_other(const char *path);
