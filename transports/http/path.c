/* SPDX-License-Identifier: MIT */

/*
 * path.c - request targets to paths; pure functions
 */

#include "http/path.h"

#include <fulcra/error.h>
#include <string.h>

static void
refuse(GError **error, const char *what)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "the path of the URL is not acceptable: %s", what);
}

/* What a decoded byte must not be; NULL where it is fine. */
static const char *
objection(unsigned char byte, bool encoded)
{
    if (byte < 0x20 || byte == 0x7f)
        return "it has a control character";
    if (byte == '\\')
        return "it has a backslash";
    if (byte == '/' && encoded)
        return "it has an encoded slash (%2F)";
    if (byte == '#' && !encoded)
        return "it has a fragment";
    return NULL;
}

static bool
decode(const char *target, size_t length, GString *into, GError **error)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)target[i];
        bool encoded = byte == '%';

        if (encoded) {
            if (i + 2 >= length || !g_ascii_isxdigit(target[i + 1]) ||
                    !g_ascii_isxdigit(target[i + 2])) {
                refuse(error, "a \"%\" is not followed by two hex digits");
                return false;
            }
            byte = (unsigned char)(g_ascii_xdigit_value(target[i + 1]) * 16 +
                                   g_ascii_xdigit_value(target[i + 2]));
            i += 2;
        }

        const char *bad = objection(byte, encoded);
        if (bad != NULL) {
            refuse(error, bad);
            return false;
        }
        g_string_append_c(into, (char)byte);
    }
    if (g_utf8_validate_len(into->str, into->len, NULL))
        return true;
    refuse(error, "it is not UTF-8");
    return false;
}

/* Appends one segment, "/name"; "/." adds nothing and "/.." takes the last
 * one away. A dot segment at the end leaves its slash: /a/. is /a/. */
static bool
append_segment(GString *path, const char *segment, size_t length, bool last)
{
    bool dot = length == 1 && segment[0] == '.';
    bool dots = length == 2 && segment[0] == '.' && segment[1] == '.';

    if (dots) {
        const char *slash = strrchr(path->str, '/');

        if (slash == NULL)
            return false;
        g_string_truncate(path, (size_t)(slash - path->str));
    }
    if (!dot && !dots) {
        g_string_append_c(path, '/');
        g_string_append_len(path, segment, (gssize)length);
    } else if (last) {
        g_string_append_c(path, '/');
    }
    return true;
}

static bool
resolve_dots(const char *decoded, GString *path, GError **error)
{
    const char *segment = decoded + 1; /* it begins with "/" */

    for (;;) {
        size_t length = strcspn(segment, "/");
        bool last = segment[length] == '\0';

        if (!append_segment(path, segment, length, last)) {
            refuse(error, "\"..\" leads above the root");
            return false;
        }
        if (last)
            return true;
        segment += length + 1;
    }
}

char *
fulcra__http_path_new(const char *target, size_t length, GError **error)
{
    g_autoptr(GString) decoded = g_string_sized_new(length + 1);
    g_autoptr(GString) path = g_string_sized_new(length + 1);

    if (length == 0 || target[0] != '/') {
        refuse(error, "it does not begin with \"/\"");
        return NULL;
    }
    if (!decode(target, length, decoded, error))
        return NULL;
    if (strstr(decoded->str, "/.") == NULL)
        return g_string_free(g_steal_pointer(&decoded), FALSE);
    if (!resolve_dots(decoded->str, path, error))
        return NULL;
    return g_string_free(g_steal_pointer(&path), FALSE);
}
