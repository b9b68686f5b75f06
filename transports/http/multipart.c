/* SPDX-License-Identifier: MIT */

/*
 * multipart.c - multipart/form-data (RFC 7578)
 *
 * The body is split here, strictly, where its delimiters stand; how large a
 * part's head is and how many parts there are is known before anything is made
 * of them. A head then goes through GMime, which was written for mail: it
 * understands more than browsers send, nested messages among it, so it sees one
 * bounded head at a time and never a content.
 *
 * One parser for each body, used by one thread.
 */

#include "http/form_private.h"

#include <fulcra/error.h>
#include <gmime/gmime.h>
#include <pthread.h>
#include <string.h>

#define MAX_BOUNDARY   70 /* RFC 2046 section 5.1.1 */
#define MAX_TYPE       1024
#define MAX_MEDIA_TYPE 127

typedef struct {
    const char *at, *end;
} Span;

typedef struct {
    FulcraHttpForm *form; /* (transfer none) */
    const FulcraHttpFormLimits *limits;
    GMimeParser *parser;
    char delimiter[4 + MAX_BOUNDARY + 1]; /* with the line break before it */
} Reader;

static bool
bad(GError **error, const char *what)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "malformed multipart/form-data: %s", what);
    return false;
}

static size_t
span_length(Span span)
{
    return (size_t)(span.end - span.at);
}

static bool
span_begins(Span span, const char *text)
{
    size_t length = strlen(text);

    return span_length(span) >= length && memcmp(span.at, text, length) == 0;
}

/* --- the boundary --- */

static bool
is_boundary(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length > MAX_BOUNDARY || text[length - 1] == ' ')
        return false;
    for (; *text != '\0'; text++)
        if (!g_ascii_isalnum(*text) && strchr("'()+_,-./:=? ", *text) == NULL)
            return false;
    return true;
}

static bool
read_boundary(Reader *self, const char *type, GError **error)
{
    if (strlen(type) > MAX_TYPE || !g_str_is_ascii(type))
        return bad(error, "its Content-Type is not plain, or too long");

    GMimeContentType *parsed = g_mime_content_type_parse(NULL, type);
    const char *boundary =
            g_mime_content_type_get_parameter(parsed, "boundary");
    bool fine = boundary != NULL && is_boundary(boundary);
    if (fine)
        g_snprintf(
                self->delimiter, sizeof self->delimiter, "\r\n--%s", boundary);
    g_object_unref(parsed);
    return fine || bad(error, "its Content-Type has no boundary, or not one of "
                              "1 to 70 characters of those that are allowed");
}

/* --- a part --- */

/* RFC 7578 needs neither folded lines nor bytes that GMime would have to guess
 * a character set for. */
static bool
check_head(Span head, GError **error)
{
    if (!g_utf8_validate_len(head.at, span_length(head), NULL))
        return bad(error, "a part's head is not UTF-8 text");
    for (const char *at = head.at; at < head.end; at++) {
        bool starts = at == head.at || at[-1] == '\n';

        if (starts && (*at == ' ' || *at == '\t'))
            return bad(error, "a part's head has a folded line");
        if (*at == '\n' && (at == head.at || at[-1] != '\r'))
            return bad(error, "a part's head has a bare line feed");
        if (*at == '\r' && at[1] != '\n')
            return bad(error, "a part's head has a bare carriage return");
    }
    return true;
}

/* (transfer full) (nullable) */
static GMimeObject *
parse_head(Reader *self, Span head, GError **error)
{
    GMimeStream *stream =
            g_mime_stream_mem_new_with_buffer(head.at, span_length(head));

    g_mime_parser_init_with_stream(self->parser, stream);
    g_object_unref(stream);
    GMimeObject *part = g_mime_parser_construct_part(self->parser, NULL);
    if (GMIME_IS_PART(part))
        return part;
    g_clear_object(&part);
    bad(error, "a part's head cannot be read, or promises parts within");
    return NULL;
}

/* Of two readers one might take the first, the other the last. */
static bool
has_twice(GMimeObject *part, const char *name)
{
    GMimeHeaderList *headers = g_mime_object_get_header_list(part);
    unsigned n = 0;

    for (int i = 0; i < g_mime_header_list_get_count(headers); i++)
        n += g_ascii_strcasecmp(
                     g_mime_header_get_name(
                             g_mime_header_list_get_header_at(headers, i)),
                     name) == 0;
    return n > 1;
}

static bool
add_file(Reader *self, GMimeObject *part, const char *name,
        const char *filename, Span content, GError **error)
{
    g_autofree char *type = g_mime_content_type_get_mime_type(
            g_mime_object_get_content_type(part));

    /* A field for a file in which none was chosen. */
    if (*filename == '\0' && span_length(content) == 0)
        return true;
    if (strlen(type) > MAX_MEDIA_TYPE || !g_str_is_ascii(type))
        return bad(error, "a part's Content-Type is not plain, or too long");
    return fulcra__http_form_add_upload(self->form, name, filename, type,
            content.at, span_length(content), self->limits, error);
}

static bool
add_named(Reader *self, GMimeObject *part, Span content, GError **error)
{
    GMimeContentDisposition *disposition =
            g_mime_object_get_content_disposition(part);

    if (disposition == NULL ||
            g_ascii_strcasecmp(
                    g_mime_content_disposition_get_disposition(disposition),
                    "form-data") != 0)
        return bad(error, "a part is not Content-Disposition: form-data");
    if (has_twice(part, "Content-Disposition") ||
            has_twice(part, "Content-Type"))
        return bad(error, "a part's head says something twice");

    const char *name =
            g_mime_content_disposition_get_parameter(disposition, "name");
    const char *filename =
            g_mime_content_disposition_get_parameter(disposition, "filename");
    if (name == NULL || *name == '\0')
        return bad(error, "a part has no name");
    if (filename != NULL)
        return add_file(self, part, name, filename, content, error);
    return fulcra__http_form_add_field(self->form, name, content.at,
            span_length(content), self->limits, error);
}

/* What some clients still send for the sake of mail. It only gets shorter. */
static bool
add_decoded(Reader *self, GMimeObject *part, GMimeContentEncoding encoding,
        Span content, GError **error)
{
    GMimeEncoding state;

    g_mime_encoding_init_decode(&state, encoding);
    g_autofree char *decoded =
            g_malloc(g_mime_encoding_outlen(&state, span_length(content)) + 1);
    size_t length = g_mime_encoding_flush(
            &state, content.at, span_length(content), decoded);
    const Span plain = { decoded, decoded + length };
    return add_named(self, part, plain, error);
}

static bool
add_part(Reader *self, Span head, Span content, GError **error)
{
    GMimeObject *part;
    bool added;

    if (!check_head(head, error) ||
            (part = parse_head(self, head, error)) == NULL)
        return false;
    GMimeContentEncoding encoding =
            g_mime_part_get_content_encoding(GMIME_PART(part));
    switch (encoding) {
    case GMIME_CONTENT_ENCODING_BASE64:
    case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
        added = add_decoded(self, part, encoding, content, error);
        break;
    case GMIME_CONTENT_ENCODING_UUENCODE:
        added = bad(error, "a part is uuencoded");
        break;
    default:
        added = add_named(self, part, content, error);
        break;
    }
    g_object_unref(part);
    return added;
}

/* --- splitting --- */

/* Behind a delimiter: blanks and the end of the line. False for text that
 * merely begins like a delimiter, which no two readers take for the same. */
static bool
end_line(Span *rest, GError **error)
{
    while (rest->at < rest->end && (*rest->at == ' ' || *rest->at == '\t'))
        rest->at++;
    if (!span_begins(*rest, "\r\n"))
        return bad(error, "a line begins with the boundary and goes on");
    rest->at += 2;
    return true;
}

/* Takes one part off @rest, whose end must be there. */
static bool
take_part(Reader *self, Span *rest, GError **error)
{
    const char *end = memmem(rest->at, span_length(*rest), self->delimiter,
            strlen(self->delimiter));
    if (end == NULL)
        return bad(error, "a part does not end");

    Span part = { rest->at, end };
    size_t most = MIN(span_length(part), self->limits->part_head);
    const char *blank = memmem(part.at, most, "\r\n\r\n", 4);
    if (blank == NULL && most < span_length(part)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "a part's head has more bytes than %" G_GSIZE_FORMAT,
                self->limits->part_head);
        return false;
    }
    if (blank == NULL)
        return bad(error, "a part has no head");
    const Span head = { part.at, blank + 4 }, content = { blank + 4, end };
    rest->at = end + strlen(self->delimiter);
    return add_part(self, head, content, error);
}

/* What follows the last delimiter is for nobody (RFC 2046 section 5.1.1). */
static bool
take_parts(Reader *self, Span rest, GError **error)
{
    unsigned n = 0;

    while (span_begins(rest, "\r\n"))
        rest.at += 2;
    if (!span_begins(rest, self->delimiter + 2))
        return bad(error, "it does not begin with its boundary");
    rest.at += strlen(self->delimiter + 2);
    while (!span_begins(rest, "--")) {
        if (++n > self->limits->fields) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                    "the form has more parts than %u", self->limits->fields);
            return false;
        }
        if (!end_line(&rest, error) || !take_part(self, &rest, error))
            return false;
    }
    return true;
}

FulcraHttpForm *
fulcra__http_form_new_multipart(const char *type, const char *body,
        size_t length, const FulcraHttpFormLimits *limits, GError **error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    g_autoptr(FulcraHttpForm) form = fulcra__http_form_new_empty();
    Reader reader = { .form = form, .limits = limits };
    const Span rest = { body, body + length };

    pthread_once(&once, g_mime_init);
    if (!read_boundary(&reader, type, error))
        return NULL;
    reader.parser = g_mime_parser_new();
    bool fine = take_parts(&reader, rest, error);
    g_object_unref(reader.parser);
    return fine ? g_steal_pointer(&form) : NULL;
}
