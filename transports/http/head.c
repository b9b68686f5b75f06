/* SPDX-License-Identifier: MIT */

/*
 * head.c - the head of a request in one allocation
 *
 * `blob` holds NUL-terminated texts one behind the other: method, path, query,
 * remote host, then name and value of each field. A WebSocket keeps this for
 * life, so there is no table of fields: they are few, and are searched. What
 * its head has in common with those of others is in a shared template.
 *
 * Immutable after fulcra__http_head_new(); any thread.
 */

#include "http/head_private.h"
#include "http/template.h"

#include <fulcra-host/request.h>
#include <string.h>

struct _FulcraHttpHead {
    FulcraContext context;
    FulcraHttpTemplate *shared; /* (nullable): more fields */
    uint32_t n_blob;
    uint32_t path, query, remote_host, fields; /* offsets in blob */
    char blob[];
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

static uint32_t
append(GString *blob, const char *text, size_t length)
{
    uint32_t at = (uint32_t)blob->len;

    g_string_append_len(blob, text, (gssize)length);
    g_string_append_c(blob, '\0');
    return at;
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

/* RFC 9110 section 5.3: fields of one name are a list; cookies are special
 * (RFC 6265 section 5.4). */
static void
append_field(GString *blob, const FulcraHttpReceived *received, size_t index)
{
    const FulcraHttpField *field = &received->fields[index];
    size_t name_at = append(blob, field->name, field->n_name);
    bool cookie = g_ascii_strcasecmp(blob->str + name_at, "cookie") == 0;

    for (char *at = blob->str + name_at; *at != '\0'; at++)
        *at = g_ascii_tolower(*at);
    g_string_append_len(blob, field->value, (gssize)field->n_value);
    for (size_t i = index + 1; i < received->n_fields; i++) {
        if (!same_name(&received->fields[i], field))
            continue;
        g_string_append(blob, cookie ? "; " : ", ");
        g_string_append_len(blob, received->fields[i].value,
                (gssize)received->fields[i].n_value);
    }
    g_string_append_c(blob, '\0');
}

/* What each client has of its own. */
static bool
is_own(const FulcraHttpField *field)
{
    static const char *const names[] = { "cookie", "authorization",
        "sec-websocket-key", "referer", "x-forwarded-for", "forwarded",
        "x-real-ip", "x-request-id" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (field->n_name == strlen(names[i]) &&
                g_ascii_strncasecmp(field->name, names[i], field->n_name) == 0)
            return true;
    return false;
}

/* @own, @shared: where fields of either kind go, possibly the same. */
static void
append_fields(GString *own, GString *shared, const FulcraHttpReceived *received)
{
    for (size_t i = 0; i < received->n_fields; i++)
        if (!came_before(received, i))
            append_field(
                    is_own(&received->fields[i]) ? own : shared, received, i);
}

FulcraHttpHead *
fulcra__http_head_new(const char *path, const char *query,
        const char *remote_host, const FulcraHttpReceived *received, bool kept)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    g_autoptr(GString) blob = g_string_sized_new(1024);
    g_autoptr(GString) shared = g_string_sized_new(1024);
    FulcraHttpHead parts = { 0 };

    pthread_once(&once, class_init);
    append(blob, received->method, strlen(received->method));
    parts.path = append(blob, path, strlen(path));
    parts.query = append(blob, query, strlen(query));
    parts.remote_host = append(blob, remote_host, strlen(remote_host));
    parts.fields = (uint32_t)blob->len;
    append_fields(blob, kept ? shared : blob, received);
    if (shared->len > 0)
        parts.shared = fulcra__http_template_get(shared->str, shared->len);
    if (parts.shared == NULL)
        g_string_append_len(blob, shared->str, (gssize)shared->len);
    parts.n_blob = (uint32_t)blob->len;

    FulcraHttpHead *self = g_malloc(sizeof *self + blob->len);
    *self = parts;
    memcpy(self->blob, blob->str, blob->len);
    fulcra_host_context_init(&self->context, &head_class, NULL);
    return self;
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
fulcra__http_head_of_request(FulcraRequest *request)
{
    return (FulcraHttpHead *)fulcra_host_request_get_layer(request);
}

const char *
fulcra_http_head_get_method(FulcraHttpHead *self)
{
    return self->blob;
}

const char *
fulcra_http_head_get_path(FulcraHttpHead *self)
{
    return self->blob + self->path;
}

const char *
fulcra_http_head_get_query(FulcraHttpHead *self)
{
    return self->blob + self->query;
}

const char *
fulcra_http_head_get_remote_host(FulcraHttpHead *self)
{
    return self->blob + self->remote_host;
}

size_t
fulcra_http_head_get_size(FulcraHttpHead *self)
{
    return sizeof *self + self->n_blob;
}

static const char *
find_field(const char *at, const char *end, const char *name)
{
    while (at < end) {
        const char *value = at + strlen(at) + 1;

        if (g_ascii_strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

const char *
fulcra_http_head_get_header(FulcraHttpHead *self, const char *name)
{
    const char *value = find_field(
            self->blob + self->fields, self->blob + self->n_blob, name);
    size_t n_shared;

    if (value != NULL || self->shared == NULL)
        return value;
    const char *shared =
            fulcra__http_template_get_fields(self->shared, &n_shared);
    return find_field(shared, shared + n_shared, name);
}

typedef void (*EachField)(const char *name, const char *value, void *user_data);

static void
foreach_field(const char *at, const char *end, EachField each, void *user_data)
{
    while (at < end) {
        const char *value = at + strlen(at) + 1;

        each(at, value, user_data);
        at = value + strlen(value) + 1;
    }
}

void
fulcra__http_head_foreach(FulcraHttpHead *self, EachField each, void *user_data)
{
    size_t n_shared;

    foreach_field(self->blob + self->fields, self->blob + self->n_blob, each,
            user_data);
    if (self->shared == NULL)
        return;
    const char *shared =
            fulcra__http_template_get_fields(self->shared, &n_shared);
    foreach_field(shared, shared + n_shared, each, user_data);
}
