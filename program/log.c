/* SPDX-License-Identifier: MIT */

/*
 * log.c - see log.h
 *
 * What is logged may come from a client, so a line is made safe here, once, and
 * not by those who log: no control character leaves as it is, so no message can
 * look like two; fields stand before the message, so none can be made up in
 * it. A line leaves in one write(), so lines of several threads do not mix.
 */

#include "log.h"
#include "log_ring.h"
#include "settings.h"
#include "terminal.h"

#include <fulcra-host/sync.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIELD_PREFIX "FULCRA_"

/* Longer ones are cut: a line is for reading. */
#define MAX_VALUE 2048

static struct {
    _Atomic(FulcraLogLevel) level;
    bool journal;
} writer;

bool
fulcra_log_level_parse(const char *name, FulcraLogLevel *level)
{
    for (unsigned i = 0; fulcra_log_levels[i] != NULL; i++) {
        if (strcmp(fulcra_log_levels[i], name) == 0) {
            *level = (FulcraLogLevel)i;
            return true;
        }
    }
    return false;
}

static FulcraLogLevel
level_of(GLogLevelFlags flags)
{
    if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
        return FULCRA_LOG_ERROR;
    if (flags & G_LOG_LEVEL_WARNING)
        return FULCRA_LOG_WARNING;
    return flags & G_LOG_LEVEL_DEBUG ? FULCRA_LOG_DEBUG : FULCRA_LOG_INFO;
}

static void
append_escaped(GString *line, const char *text, size_t length, bool quoted)
{
    const char *end = text + MIN(length, MAX_VALUE);

    while (text < end) {
        gunichar c = g_utf8_get_char_validated(text, end - text);
        const char *next = text + 1;

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(line, "\\x%02x", (unsigned char)*text);
        } else if (c == '\n') {
            g_string_append(line, "\\n");
        } else if (quoted && (c == '"' || c == '\\')) {
            g_string_append_printf(line, "\\%c", (int)c);
        } else {
            fulcra_terminal_append(line, c);
            next = g_utf8_next_char(text);
        }
        text = next;
    }
    if (length > MAX_VALUE)
        g_string_append(line, "...");
}

/* " module=urn:x", with quotes where the value could be misread. */
static void
append_field(GString *line, const GLogField *field, size_t length)
{
    const char *value = field->value;
    g_autofree char *name =
            g_ascii_strdown(field->key + strlen(FIELD_PREFIX), -1);
    bool quoted = length == 0 || memchr(value, ' ', length) != NULL ||
                  memchr(value, '"', length) != NULL;

    g_string_append_printf(line, " %s=%s", name, quoted ? "\"" : "");
    append_escaped(line, value, length, quoted);
    if (quoted)
        g_string_append_c(line, '"');
}

static size_t
field_length(const GLogField *field)
{
    return field->length < 0 ? strlen(field->value) : (size_t)field->length;
}

char *
fulcra_log_format(
        GLogLevelFlags level, const GLogField *fields, size_t n_fields)
{
    GString *line = g_string_new(fulcra_log_levels[level_of(level)]);
    const GLogField *message = NULL;

    for (size_t i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            message = &fields[i];
        else if (g_str_has_prefix(fields[i].key, FIELD_PREFIX))
            append_field(line, &fields[i], field_length(&fields[i]));
    }
    g_string_append_c(line, ' ');
    if (message != NULL)
        append_escaped(line, message->value, field_length(message), false);
    return g_string_free(line, FALSE);
}

/* "2026-01-01T12:00:00.123Z" */
static void
format_now(char *text, size_t size)
{
    struct timespec now;
    struct tm utc;
    char seconds[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, size, "%s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
}

static GLogWriterOutput
write_line(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
        gpointer user_data)
{
    (void)user_data;
    if (level_of(level) >
            atomic_load_explicit(&writer.level, memory_order_relaxed))
        return G_LOG_WRITER_HANDLED;

    char now[48];
    g_autofree char *text = fulcra_log_format(level, fields, n_fields);

    format_now(now, sizeof now);
    g_autofree char *kept = g_strconcat(now, " ", text, NULL);
    fulcra_log_ring_add(level_of(level), kept);
    if (writer.journal && g_log_writer_journald(level, fields, n_fields,
                                  NULL) == G_LOG_WRITER_HANDLED)
        return G_LOG_WRITER_HANDLED;
    g_autofree char *line = g_strconcat(kept, "\n", NULL);
    /* nowhere is left to report a failure to */
    ssize_t written = write(STDERR_FILENO, line, strlen(line));
    return written < 0 ? G_LOG_WRITER_UNHANDLED : G_LOG_WRITER_HANDLED;
}

void
fulcra_log_set_level(FulcraLogLevel level)
{
    atomic_store_explicit(&writer.level, level, memory_order_relaxed);
}

void
fulcra_log_init(FulcraLogLevel level)
{
    fulcra_log_set_level(level);
    writer.journal = g_log_writer_is_journald(STDERR_FILENO);
    g_log_set_writer_func(write_line, NULL, NULL);
}
