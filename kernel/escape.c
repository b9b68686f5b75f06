/* SPDX-License-Identifier: MIT */
/*
 * escape.c - percent escapes
 *
 * Pure functions of bytes. The only place that decides which bytes may stand
 * for themselves in the text form of an identifier: nothing that could begin
 * an argument, an escape or a slot ever does.
 */
#include "private/escape.h"

#include <string.h>

static const char hex_digits[] = "0123456789ABCDEF";

static bool
is_plain(FulcraEscape how, unsigned char c)
{
    switch (c) {
    case '%':
    case '+':
    case '@':
    case '{':
    case '}':
    case 0x7f:
        return false;
    case '/':
        return how != FULCRA_ESCAPE_SEGMENT;
    case ':':
        return how != FULCRA_ESCAPE_TEXT;
    default:
        return c >= 0x20 && c < 0x80;
    }
}

/* How many of the bytes at @text stand for themselves as one character; 0 if
 * the first must be escaped. */
static size_t
plain_length(FulcraEscape how, const char *text, size_t length)
{
    unsigned char c = (unsigned char)*text;

    if (c < 0x80)
        return is_plain(how, c);
    gunichar wide = g_utf8_get_char_validated(text, (gssize)length);
    if (wide == (gunichar)-1 || wide == (gunichar)-2)
        return 0;
    return (size_t)g_utf8_skip[c];
}

size_t
fulcra__escape_length(FulcraEscape how, const char *text, size_t length)
{
    size_t result = 0;

    for (size_t i = 0; i < length;) {
        size_t n = plain_length(how, text + i, length - i);

        result += n > 0 ? n : 3;
        i += MAX(n, 1);
    }
    return result;
}

static char *
write_escape(char *to, unsigned char c)
{
    *to++ = '%';
    *to++ = hex_digits[c >> 4];
    *to++ = hex_digits[c & 15];
    return to;
}

char *
fulcra__escape_write(
        FulcraEscape how, const char *text, size_t length, char *to)
{
    for (size_t i = 0; i < length;) {
        size_t n = plain_length(how, text + i, length - i);

        if (n > 0)
            to = (char *)memcpy(to, text + i, n) + n;
        else
            to = write_escape(to, (unsigned char)text[i]);
        i += MAX(n, 1);
    }
    return to;
}

void
fulcra__escape_append(
        FulcraEscape how, const char *text, size_t length, GString *to)
{
    size_t at = to->len;

    g_string_set_size(to, at + fulcra__escape_length(how, text, length));
    fulcra__escape_write(how, text, length, to->str + at);
}

/* The byte that the escape at @text stands for; -1 if it is none. */
static int
read_escape(const char *text, size_t length)
{
    if (length < 3 || !g_ascii_isxdigit(text[1]) || !g_ascii_isxdigit(text[2]))
        return -1;
    return g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]);
}

char *
fulcra__unescape(const char *text, size_t length, size_t *result_length)
{
    char *result = g_malloc(length + 1);
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        int c = (unsigned char)text[i];

        if (c == '%') {
            c = read_escape(text + i, length - i);
            i += 2;
        }
        if (c <= 0) {
            g_free(result);
            return NULL;
        }
        result[n++] = (char)c;
    }
    result[n] = '\0';
    if (result_length != NULL)
        *result_length = n;
    return result;
}

static const char *
plain_reason(char c)
{
    switch (c) {
    case '+':
        return "write %2B for a plus sign";
    case '@':
        return "write %40 for an at sign";
    case '{':
    case '}':
        return "an identifier has no slots: write %7B and %7D for braces";
    default:
        return "a control character must be written as %XX";
    }
}

/* Decodes into @decoded, with NUL in place of an escaped slash: no text holds
 * a NUL, so it can stand for the one escape that must not be undone. */
static const char *
decode(const char *text, size_t length, GString *decoded, size_t *at)
{
    for (size_t i = 0; i < length; i++) {
        int c = (unsigned char)text[i];

        *at = i;
        if (c == '%') {
            c = read_escape(text + i, length - i);
            if (c < 0)
                return "two hexadecimal digits must follow %: write %25 for a "
                       "percent sign";
            if (c == 0)
                return "no identifier holds NUL: take %00 away";
            g_string_append_c(decoded, (char)(c == '/' ? '\0' : c));
            i += 2;
        } else if (c < 0x80 && !is_plain(FULCRA_ESCAPE_PATH, (guchar)c)) {
            return plain_reason((char)c);
        } else {
            g_string_append_c(decoded, (char)c);
        }
    }
    return NULL;
}

const char *
fulcra__escape_normalise(
        const char *text, size_t length, GString *to, size_t *at)
{
    const char *bad;

    if (!g_utf8_validate_len(text, length, &bad)) {
        *at = (size_t)(bad - text);
        return "this is not UTF-8: write such bytes as %XX";
    }
    g_autoptr(GString) decoded = g_string_sized_new(length);
    const char *reason = decode(text, length, decoded, at);
    if (reason != NULL)
        return reason;

    for (const char *from = decoded->str, *end = from + decoded->len;;) {
        const char *slash = memchr(from, '\0', (size_t)(end - from));
        const char *stop = slash != NULL ? slash : end;

        fulcra__escape_append(
                FULCRA_ESCAPE_PATH, from, (size_t)(stop - from), to);
        if (slash == NULL)
            return NULL;
        g_string_append(to, "%2F");
        from = slash + 1;
    }
}
