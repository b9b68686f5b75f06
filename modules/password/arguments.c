/* SPDX-License-Identifier: MIT */

/* arguments.c - see arguments.h; no message says what an argument holds */

#include "arguments.h"

#include <string.h>

FulcraRepresentation *
argument_text(
        FulcraRequest *request, const char *name, size_t most, GError **error)
{
    g_autoptr(FulcraRepresentation) value = fulcra_request_source_argument(
            request, name, FULCRA_TYPE_TEXT, error);
    size_t length;

    if (value == NULL)
        return NULL;
    const char *text = fulcra_representation_get_bytes(value, &length);
    if (length > most) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "the argument '%s' has more than %" G_GSIZE_FORMAT " bytes",
                name, most);
        return NULL;
    }
    if (memchr(text, '\0', length) != NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "the argument '%s' has a NUL in it", name);
        return NULL;
    }
    return g_steal_pointer(&value);
}

FulcraRepresentation *
argument_secret(
        FulcraRequest *request, const char *name, size_t most, GError **error)
{
    if (fulcra_request_get_argument(request, name) == NULL)
        return argument_text(request, name, most, error);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "the argument '%s' stands in the identifier, where logs and traces "
            "show it; pass it by value (fulcra_request_add_value()) or by "
            "reference",
            name);
    return NULL;
}

bool
setting_int(FulcraRequest *request, FulcraIdentifier *setting, int64_t *value,
        GError **error)
{
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_source(request, setting, FULCRA_TYPE_INT, error);

    if (answer == NULL)
        return false;
    *value = fulcra_representation_get_int(answer);
    return true;
}
