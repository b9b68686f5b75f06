/* SPDX-License-Identifier: MIT */

/*
 * guard.c - RFC 9112 as a strict reader reads it; pure functions
 *
 * A handler sees fields, not bytes. What it therefore cannot see is listed in
 * doc/adr/0003-libmicrohttpd-in-our-loop.md.
 */

#include "http/guard.h"

#include <string.h>

/* 2^63 - 1 has 19 digits; nobody needs 10^18 bytes. */
#define MAX_LENGTH_DIGITS 18

typedef struct {
    unsigned hosts, lengths, encodings, types;
} Seen;

bool
fulcra__http_is_token(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) &&
                (text[i] == '\0' || strchr("!#$%&'*+-.^_`|~", text[i]) == NULL))
            return false;
    return length > 0;
}

bool
fulcra__http_is_field_value(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static bool
is_named(const FulcraHttpField *field, const char *name)
{
    return field->n_name == strlen(name) &&
           g_ascii_strncasecmp(field->name, name, field->n_name) == 0;
}

static bool
all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isdigit(text[i]))
            return false;
    return length > 0;
}

/* "example.org", "example.org:8080", "[::1]:8080" (RFC 3986 section 3.2). */
static bool
is_host(const char *text, size_t length)
{
    size_t end;

    if (length == 0)
        return false;
    if (text[0] == '[') {
        const char *bracket = memchr(text, ']', length);

        if (bracket == NULL)
            return false;
        end = (size_t)(bracket - text) + 1;
        for (size_t i = 1; i + 1 < end; i++)
            if (!g_ascii_isxdigit(text[i]) && text[i] != ':' && text[i] != '.')
                return false;
    } else {
        for (end = 0; end < length && text[end] != ':'; end++)
            if (!g_ascii_isalnum(text[end]) &&
                    (text[end] == '\0' ||
                            strchr("-._~!$&'()*+,;=%", text[end]) == NULL))
                return false;
    }
    if (end == 0)
        return false;
    return end == length ||
           (text[end] == ':' &&
                   (end + 1 == length ||
                           (length - end <= 6 && all_digits(text + end + 1,
                                                         length - end - 1))));
}

static const char *
check_target(const FulcraHttpReceived *received)
{
    const char *target = received->target;

    if (strcmp(target, "*") == 0)
        return strcmp(received->method, "OPTIONS") == 0
                       ? NULL
                       : "the target \"*\" is for OPTIONS";
    if (target[0] != '/')
        return "the request target does not begin with \"/\"";
    for (; *target != '\0'; target++)
        if ((unsigned char)*target <= 0x20 || *target == 0x7f)
            return "the request target has a space or control character";
    return NULL;
}

static const char *
check_field(const FulcraHttpReceived *received, const FulcraHttpField *field,
        Seen *seen)
{
    if (!fulcra__http_is_token(field->name, field->n_name))
        return "a field name has a character that is not allowed";
    if (!fulcra__http_is_field_value(field->value, field->n_value))
        return "a field value has a control character";
    if (is_named(field, "Host")) {
        seen->hosts++;
        if (!is_host(field->value, field->n_value))
            return "the Host field is malformed";
    } else if (is_named(field, "Content-Length")) {
        seen->lengths++;
        if (!all_digits(field->value, field->n_value) ||
                field->n_value > MAX_LENGTH_DIGITS)
            return "the Content-Length is not a number";
    } else if (is_named(field, "Transfer-Encoding")) {
        seen->encodings++;
        if (field->n_value != strlen("chunked") ||
                g_ascii_strncasecmp(field->value, "chunked", field->n_value) !=
                        0)
            return "the Transfer-Encoding is not \"chunked\"";
        if (strcmp(received->version, "HTTP/1.1") != 0)
            return "Transfer-Encoding needs HTTP/1.1";
    } else if (is_named(field, "Content-Type")) {
        seen->types++;
    }
    return NULL;
}

static const char *
check_counts(const FulcraHttpReceived *received, const Seen *seen)
{
    if (seen->hosts > 1)
        return "there is more than one Host field";
    if (seen->hosts == 0 && strcmp(received->version, "HTTP/1.1") == 0)
        return "there is no Host field";
    if (seen->lengths > 1)
        return "there is more than one Content-Length";
    if (seen->encodings > 1)
        return "there is more than one Transfer-Encoding";
    if (seen->types > 1)
        return "there is more than one Content-Type";
    if (seen->lengths > 0 && seen->encodings > 0)
        return "there are both Content-Length and Transfer-Encoding";
    return NULL;
}

const char *
fulcra__http_guard(const FulcraHttpReceived *received)
{
    Seen seen = { 0 };
    const char *bad;

    if (strcmp(received->version, "HTTP/1.1") != 0 &&
            strcmp(received->version, "HTTP/1.0") != 0)
        return "the protocol version is neither HTTP/1.1 nor HTTP/1.0";
    if (!fulcra__http_is_token(received->method, strlen(received->method)))
        return "the method has a character that is not allowed";
    if ((bad = check_target(received)) != NULL)
        return bad;
    for (size_t i = 0; i < received->n_fields; i++)
        if ((bad = check_field(received, &received->fields[i], &seen)) != NULL)
            return bad;
    return check_counts(received, &seen);
}
