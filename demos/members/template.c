/* SPDX-License-Identifier: MIT */
/*
 * template.c - pages with {{names}} in them
 */

#include "template.h"

#include <string.h>

static const char *
find_value(const TemplateValue *values, size_t n, const char *name, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(values[i].name) == size &&
                strncmp(values[i].name, name, size) == 0)
            return values[i].text;
    return "";
}

static char *
fill(const char *text, const TemplateValue *values, size_t n)
{
    GString *page = g_string_new(NULL);
    const char *open, *close;

    while ((open = strstr(text, "{{")) != NULL &&
            (close = strstr(open, "}}")) != NULL) {
        g_autofree char *escaped = g_markup_escape_text(
                find_value(values, n, open + 2, (size_t)(close - open - 2)),
                -1);

        g_string_append_len(page, text, open - text);
        g_string_append(page, escaped);
        text = close + 2;
    }
    g_string_append(page, text);
    return g_string_free(page, FALSE);
}

FulcraRepresentation *
template_fill(FulcraRequest *request, FulcraIdentifier *template,
        const TemplateValue *values, size_t n, GError **error)
{
    g_autoptr(FulcraRepresentation) text =
            fulcra_request_source(request, template, FULCRA_TYPE_HTML, error);

    if (text == NULL)
        return NULL;
    char *page = fill(fulcra_representation_get_text(text), values, n);
    return fulcra_representation_with_expiry(
            fulcra_representation_new_take(
                    FULCRA_TYPE_HTML, page, strlen(page), g_free),
            FULCRA_EXPIRY_ALWAYS, 0);
}

FulcraRepresentation *
template_see_other(const char *path)
{
    FulcraRepresentation *answer = fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "See %s\n", path);

    answer = fulcra_representation_with_header(
            answer, "httpResponse:/redirect", path);
    return fulcra_representation_with_header(
            answer, "httpResponse:/code", "303");
}
