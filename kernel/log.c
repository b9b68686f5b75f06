/* SPDX-License-Identifier: MIT */

/*
 * log.c - log lines with their fields, handed to GLib's structured logging
 */

#include <fulcra-host/request.h>
#include <fulcra/identifier.h>
#include <fulcra/log.h>

static GLogLevelFlags
level_flags(FulcraLogLevel level)
{
    static const GLogLevelFlags flags[] = { G_LOG_LEVEL_CRITICAL,
        G_LOG_LEVEL_WARNING, G_LOG_LEVEL_INFO, G_LOG_LEVEL_DEBUG };

    return flags[level];
}

/* syslog's numbers, as the journal wants them */
static const char *
level_priority(FulcraLogLevel level)
{
    static const char *const priorities[] = { "3", "4", "6", "7" };

    return priorities[level];
}

static void
fields_add(GLogField *fields, size_t *n, const char *key, const char *value)
{
    if (value != NULL)
        fields[(*n)++] = (GLogField){ key, value, -1 };
}

void
fulcra_log(
        FulcraRequest *request, FulcraLogLevel level, const char *format, ...)
{
    GLogField fields[8];
    size_t n = 0;
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fields_add(fields, &n, "MESSAGE", message);
    fields_add(fields, &n, "PRIORITY", level_priority(level));
    fields_add(fields, &n, "GLIB_DOMAIN", "fulcra");
    if (request != NULL) {
        fields_add(fields, &n, "FULCRA_MODULE",
                fulcra_host_request_get_module(request));
        fields_add(fields, &n, "FULCRA_VERB",
                fulcra_verb_to_string(fulcra_request_get_verb(request)));
        fields_add(fields, &n, "FULCRA_REQUEST",
                fulcra_identifier_get_text(
                        fulcra_request_get_identifier(request)));
        fields_add(fields, &n, "FULCRA_SOCKET",
                fulcra_request_get_argument(request, "socketid"));
    }
    g_log_structured_array(level_flags(level), fields, n);
}
