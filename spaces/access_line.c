/* SPDX-License-Identifier: MIT */

/*
 * access_line.c - see access_line.h
 *
 * The combined format is Apache's, and so is its way to escape: a backslash in
 * front of quotes and backslashes, \xHH for all that is not printable ASCII.
 * Readers split at spaces and quotes and need nothing else. Times are UTC.
 */

#include "spaces/access_line.h"

#include <json-glib/json-glib.h>
#include <string.h>
#include <time.h>

#define MAX_TEXT 2048 /* bytes of one field that are shown */

FulcraAccess *
fulcra__access_new(FulcraAccessEvent event)
{
    FulcraAccess *self = g_new0(FulcraAccess, 1);

    self->event = event;
    self->at = g_get_real_time();
    self->bytes = self->messages = -1;
    return self;
}

void
fulcra__access_free(FulcraAccess *self)
{
    if (self == NULL)
        return;
    g_free(self->host);
    g_free(self->user);
    g_free(self->method);
    g_free(self->target);
    g_free(self->referer);
    g_free(self->agent);
    g_free(self->socket);
    g_free(self->reason);
    g_free(self->error);
    g_free(self);
}

static size_t
text_size(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

size_t
fulcra__access_get_size(const FulcraAccess *self)
{
    return sizeof *self + text_size(self->host) + text_size(self->user) +
           text_size(self->method) + text_size(self->target) +
           text_size(self->referer) + text_size(self->agent) +
           text_size(self->socket) + text_size(self->reason) +
           text_size(self->error);
}

/* --- combined --- */

/* @bare: outside quotes, where a space would end the field */
static void
append_escaped(GString *line, const char *text, bool bare)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < MIN(length, MAX_TEXT); i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\')
            g_string_append_printf(line, "\\%c", c);
        else if (c < 0x20 || c > 0x7e || (bare && c == ' '))
            g_string_append_printf(line, "\\x%02x", c);
        else
            g_string_append_c(line, (char)c);
    }
    if (length > MAX_TEXT)
        g_string_append(line, "...");
}

static void
append_field(GString *line, const char *text)
{
    if (text == NULL || *text == '\0')
        g_string_append_c(line, '-');
    else
        append_escaped(line, text, true);
}

static void
append_quoted(GString *line, const char *text)
{
    g_string_append_c(line, '"');
    if (text == NULL || *text == '\0')
        g_string_append_c(line, '-');
    else
        append_escaped(line, text, false);
    g_string_append_c(line, '"');
}

/* " [22/Nov/2026:13:15:08 +0000] ": names of months in no locale's language */
static void
append_time(GString *line, int64_t at)
{
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = at / G_USEC_PER_SEC;
    struct tm utc;

    gmtime_r(&seconds, &utc);
    g_string_append_printf(line, " [%02d/%s/%d:%02d:%02d:%02d +0000] ",
            utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour,
            utc.tm_min, utc.tm_sec);
}

static const char *
request_word(const FulcraAccess *self)
{
    switch (self->event) {
    case FULCRA_ACCESS_MESSAGE:
        return "MESSAGE";
    case FULCRA_ACCESS_CLOSE:
        return "CLOSE";
    case FULCRA_ACCESS_REQUEST:
    case FULCRA_ACCESS_OPEN:
        break;
    }
    return self->method != NULL ? self->method : "-";
}

static void
append_request(GString *line, const FulcraAccess *self)
{
    bool http = self->event == FULCRA_ACCESS_REQUEST ||
                self->event == FULCRA_ACCESS_OPEN;

    g_string_append_c(line, '"');
    append_escaped(line, request_word(self), true);
    g_string_append_c(line, ' ');
    append_field(line, self->target);
    g_string_append(line, http ? " HTTP/1.1\"" : " WebSocket\"");
}

char *
fulcra__access_to_combined(const FulcraAccess *self)
{
    GString *line = g_string_sized_new(256);

    append_field(line, self->host);
    g_string_append(line, " - ");
    append_field(line, self->user);
    append_time(line, self->at);
    append_request(line, self);
    g_string_append_printf(line, " %u ", self->status);
    if (self->bytes >= 0)
        g_string_append_printf(line, "%" G_GINT64_FORMAT " ", self->bytes);
    else
        g_string_append(line, "- ");
    append_quoted(line, self->referer);
    g_string_append_c(line, ' ');
    append_quoted(line, self->agent);
    return g_string_free(line, FALSE);
}

/* --- fields --- */

typedef void (*EachField)(
        const char *name, const char *value, bool is_number, void *user_data);

static void
say_text(EachField each, const char *name, const char *text, void *user_data)
{
    if (text == NULL || *text == '\0')
        return;

    g_autofree char *cut = g_strndup(text, MIN(strlen(text), MAX_TEXT));
    g_autofree char *valid = g_utf8_make_valid(cut, -1);
    each(name, valid, false, user_data);
}

static void
say_number(EachField each, const char *name, int64_t number, void *user_data)
{
    char text[24];

    if (number < 0)
        return;
    g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, number);
    each(name, text, true, user_data);
}

static void
say_time(EachField each, int64_t at, void *user_data)
{
    g_autoptr(GDateTime) time =
            g_date_time_new_from_unix_utc(at / G_USEC_PER_SEC);
    g_autofree char *seconds = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
    g_autofree char *text =
            g_strdup_printf("%s.%03dZ", seconds, (int)(at / 1000 % 1000));

    each("time", text, false, user_data);
}

void
fulcra__access_foreach(
        const FulcraAccess *self, EachField each, void *user_data)
{
    static const char *const events[] = { "request", "open", "message",
        "close" };

    say_time(each, self->at, user_data);
    say_text(each, "event", events[self->event], user_data);
    say_text(each, "host", self->host, user_data);
    say_text(each, "user", self->user, user_data);
    say_text(each, "method", self->method, user_data);
    say_text(each, "target", self->target, user_data);
    say_number(each, "status", self->status, user_data);
    say_number(each, "bytes", self->bytes, user_data);
    say_number(each, "messages", self->messages, user_data);
    say_number(each, "microseconds", self->took, user_data);
    say_text(each, "referer", self->referer, user_data);
    say_text(each, "agent", self->agent, user_data);
    say_text(each, "socket", self->socket, user_data);
    say_text(each, "reason", self->reason, user_data);
    say_text(each, "error", self->error, user_data);
}

static void
add_member(const char *name, const char *value, bool is_number, void *user_data)
{
    if (is_number)
        json_object_set_int_member(
                user_data, name, g_ascii_strtoll(value, NULL, 10));
    else
        json_object_set_string_member(user_data, name, value);
}

char *
fulcra__access_to_json(const FulcraAccess *self)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();

    fulcra__access_foreach(self, add_member, object);
    json_node_take_object(node, object);
    return json_to_string(node, FALSE);
}
