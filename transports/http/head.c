/* SPDX-License-Identifier: MIT */

/*
 * head.c - the head of a request in one allocation
 *
 * A WebSocket keeps this for life, so there is no table of fields: they are
 * few, and are searched. NUL-terminated texts stand one behind the other in two
 * rows:
 *
 *   own     remote host, path, query, the values of the fields of its own
 *   common  method, the names of those fields, an empty name; then name and
 *           value of each other field, an empty name
 *
 * The common row of a WebSocket's head is in a template that it shares with
 * others; any other head has it behind its own.
 *
 * Immutable after fulcra__http_head_new(); any thread.
 */

#include "http/head_private.h"
#include "http/template.h"

#include <fulcra-host/request.h>
#include <string.h>

struct _FulcraHttpHead {
    FulcraContext context;      /* its word: the length of the own row */
    FulcraHttpTemplate *shared; /* (nullable): has the common row */
    char blob[]; /* the own row; and the common one, where nothing is shared */
};

static FulcraContextScheme schemes[1];
static FulcraContextClass head_class = {
    .name = "httpRequest",
    .n_schemes = 1,
    .schemes = schemes,
};

static void
head_free(FulcraContext *context)
{
    FulcraHttpHead *self = (FulcraHttpHead *)context;

    fulcra__http_template_unref(self->shared);
    g_free(self);
}

static void
class_init(void)
{
    schemes[0].scheme = fulcra_intern("httpRequest");
    schemes[0].space = fulcra__http_request_space();
    head_class.free = head_free;
}

/* --- making --- */

/* Rows are written where there is room enough: see room_for(). */
typedef struct {
    char *begin, *end;
} Row;

static size_t
row_length(const Row *self)
{
    return (size_t)(self->end - self->begin);
}

static void
add(Row *row, const char *text, size_t length)
{
    memcpy(row->end, text, length);
    row->end += length;
}

static void
append(Row *row, const char *text, size_t length)
{
    add(row, text, length);
    *row->end++ = '\0';
}

static bool
same_name(const FulcraHttpField *a, const FulcraHttpField *b)
{
    return a->n_name == b->n_name &&
           g_ascii_strncasecmp(a->name, b->name, a->n_name) == 0;
}

static bool
came_before(const FulcraHttpReceived *received, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_name(&received->fields[i], &received->fields[index]))
            return true;
    return false;
}

static void
append_name(Row *row, const FulcraHttpField *field)
{
    for (size_t i = 0; i < field->n_name; i++)
        *row->end++ = g_ascii_tolower(field->name[i]);
    *row->end++ = '\0';
}

static bool
has_name(const FulcraHttpField *field, const char *name, size_t n_name)
{
    return field->n_name == n_name &&
           g_ascii_strncasecmp(field->name, name, n_name) == 0;
}
#define HAS_NAME(field, literal) has_name(field, literal, sizeof(literal) - 1)

/* RFC 9110 section 5.3: fields of one name are a list; cookies are special
 * (RFC 6265 section 5.4). */
static void
append_value(Row *row, const FulcraHttpReceived *received, size_t index)
{
    const FulcraHttpField *field = &received->fields[index];
    const char *separator = HAS_NAME(field, "cookie") ? "; " : ", ";

    add(row, field->value, field->n_value);
    for (size_t i = index + 1; i < received->n_fields; i++) {
        if (!same_name(&received->fields[i], field))
            continue;
        add(row, separator, strlen(separator));
        add(row, received->fields[i].value, received->fields[i].n_value);
    }
    *row->end++ = '\0';
}

/* What each client has of its own. */
static bool
is_own(const FulcraHttpField *field)
{
    return HAS_NAME(field, "cookie") || HAS_NAME(field, "authorization") ||
           HAS_NAME(field, "referer") || HAS_NAME(field, "x-forwarded-for") ||
           HAS_NAME(field, "forwarded") || HAS_NAME(field, "x-real-ip") ||
           HAS_NAME(field, "x-request-id");
}

/* The nonce of a handshake says nothing to an application, and would be half of
 * what a socket keeps. */
static bool
is_wanted(const FulcraHttpReceived *received, size_t index)
{
    return !HAS_NAME(&received->fields[index], "sec-websocket-key") &&
           !came_before(received, index);
}

/* The common row has the names of the own fields, then the others. */
static void
append_fields(
        Row *own, Row *common, Row *others, const FulcraHttpReceived *received)
{
    for (size_t i = 0; i < received->n_fields; i++) {
        const FulcraHttpField *field = &received->fields[i];
        bool mine = is_own(field);

        if (!is_wanted(received, i))
            continue;
        append_name(mine ? common : others, field);
        append_value(mine ? own : others, received, i);
    }
    append(common, "", 0);
    append(common, others->begin, row_length(others));
}

/* Enough for each row: of a field no row has more than its name, its value and
 * what follows either. */
static size_t
room_for(const char *path, const char *query, const char *remote_host,
        const FulcraHttpReceived *received)
{
    size_t room = strlen(path) + strlen(query) + strlen(remote_host) +
                  strlen(received->method) + 8;

    for (size_t i = 0; i < received->n_fields; i++)
        room += received->fields[i].n_name + received->fields[i].n_value + 4;
    return room;
}

static FulcraHttpHead *
head_new(const Row *own, const Row *common, bool kept)
{
    size_t n_own = row_length(own), n_common = row_length(common);
    FulcraHttpTemplate *shared =
            kept ? fulcra__http_template_get(common->begin, n_common) : NULL;
    FulcraHttpHead *self =
            g_malloc(sizeof *self + n_own + (shared == NULL ? n_common : 0));

    fulcra_host_context_init(&self->context, &head_class, NULL);
    self->context.word = (uint32_t)n_own;
    self->shared = shared;
    memcpy(self->blob, own->begin, n_own);
    if (shared == NULL)
        memcpy(self->blob + n_own, common->begin, n_common);
    return self;
}

FulcraHttpHead *
fulcra__http_head_new(const char *path, const char *query,
        const char *remote_host, const FulcraHttpReceived *received, bool kept)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    size_t room = room_for(path, query, remote_host, received);
    g_autofree char *rows = g_malloc(3 * room);
    Row own = { rows, rows }, common = { rows + room, rows + room };
    Row others = { rows + 2 * room, rows + 2 * room };

    pthread_once(&once, class_init);
    append(&own, remote_host, strlen(remote_host));
    append(&own, path, strlen(path));
    append(&own, query, strlen(query));
    append(&common, received->method, strlen(received->method));
    append_fields(&own, &common, &others, received);
    return head_new(&own, &common, kept);
}

FulcraHttpHead *
fulcra_http_head_ref(FulcraHttpHead *self)
{
    fulcra_host_context_ref(&self->context);
    return self;
}

void
fulcra_http_head_unref(FulcraHttpHead *self)
{
    if (self != NULL)
        fulcra_host_context_unref(&self->context);
}

/* --- reading --- */

FulcraContext *
fulcra_http_head_get_context(FulcraHttpHead *self)
{
    return &self->context;
}

FulcraHttpHead *
fulcra_http_head_of_context(FulcraContext *context)
{
    return (FulcraHttpHead *)context;
}

FulcraHttpHead *
fulcra__http_head_of_request(FulcraRequest *request)
{
    return (FulcraHttpHead *)fulcra_host_request_get_layer(request);
}

static const char *
next_text(const char *text)
{
    return text + strlen(text) + 1;
}

static const char *
common_row(FulcraHttpHead *self)
{
    return self->shared != NULL ? fulcra__http_template_get_fields(self->shared)
                                : self->blob + self->context.word;
}

const char *
fulcra_http_head_get_method(FulcraHttpHead *self)
{
    return common_row(self);
}

const char *
fulcra_http_head_get_remote_host(FulcraHttpHead *self)
{
    return self->blob;
}

const char *
fulcra_http_head_get_path(FulcraHttpHead *self)
{
    return next_text(self->blob);
}

const char *
fulcra_http_head_get_query(FulcraHttpHead *self)
{
    return next_text(fulcra_http_head_get_path(self));
}

/* --- fields --- */

typedef struct {
    const char *name, *value;
    const char *own_name, *own_value, *at;
} FieldWalk;

static void
walk_begin(FieldWalk *walk, FulcraHttpHead *self)
{
    walk->own_name = next_text(common_row(self));
    walk->own_value = next_text(fulcra_http_head_get_query(self));
    walk->at = NULL;
}

static bool
walk_next(FieldWalk *walk)
{
    if (*walk->own_name != '\0') {
        walk->name = walk->own_name;
        walk->value = walk->own_value;
        walk->own_name = next_text(walk->own_name);
        walk->own_value = next_text(walk->own_value);
        return true;
    }
    if (walk->at == NULL)
        walk->at = next_text(walk->own_name);
    if (*walk->at == '\0')
        return false;
    walk->name = walk->at;
    walk->value = next_text(walk->name);
    walk->at = next_text(walk->value);
    return true;
}

const char *
fulcra_http_head_get_header(FulcraHttpHead *self, const char *name)
{
    char first = g_ascii_tolower(*name); /* as they are all kept */
    FieldWalk walk;

    walk_begin(&walk, self);
    while (walk_next(&walk))
        if (*walk.name == first && g_ascii_strcasecmp(walk.name, name) == 0)
            return walk.value;
    return NULL;
}

void
fulcra__http_head_foreach(FulcraHttpHead *self,
        void (*each)(const char *name, const char *value, void *user_data),
        void *user_data)
{
    FieldWalk walk;

    walk_begin(&walk, self);
    while (walk_next(&walk))
        each(walk.name, walk.value, user_data);
}

size_t
fulcra_http_head_get_size(FulcraHttpHead *self)
{
    FieldWalk walk;

    if (self->shared != NULL)
        return sizeof *self + self->context.word;
    walk_begin(&walk, self);
    while (walk_next(&walk))
        ;
    return (size_t)(walk.at + 1 - (const char *)self);
}
