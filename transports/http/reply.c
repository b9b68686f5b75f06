/* SPDX-License-Identifier: MIT */

/*
 * reply.c - collecting status, headers and cookies of one response
 *
 * `lock` guards all members. The loop takes them out into a reply of its own
 * before it makes the response, and reads that one without the lock.
 */

#include "http/reply.h"
#include "http/guard.h"
#include "http/handshake.h"

#include <fulcra/error.h>
#include <string.h>

#define MAX_HEADERS  64
#define MAX_VALUE    8192
#define SPACE_PREFIX "httpResponse:/"

/* What frames the message is for libmicrohttpd alone to say. */
static const char *const transport_names[] = { "connection", "content-length",
    "transfer-encoding", "upgrade", "keep-alive", "trailer", "te", "date",
    "sec-websocket-accept" };

void
fulcra__http_reply_init(FulcraHttpReply *self)
{
    *self = (FulcraHttpReply){ 0 };
    pthread_mutex_init(&self->lock, NULL);
}

void
fulcra__http_reply_finish(FulcraHttpReply *self)
{
    g_clear_pointer(&self->headers, g_ptr_array_unref);
    g_clear_pointer(&self->body, fulcra_representation_unref);
    pthread_mutex_destroy(&self->lock);
}

static bool
refuse(GError **error, const char *what, const char *name)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "HTTP response: %s%s", what, name);
    return false;
}

/* Takes the lock unless the reply is sealed. */
static bool
open_reply(FulcraHttpReply *self, GError **error)
{
    pthread_mutex_lock(&self->lock);
    if (!self->sealed)
        return true;
    pthread_mutex_unlock(&self->lock);
    g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_GONE,
            "HTTP response: it has been sent");
    return false;
}

/* --- headers --- */

static bool
check_header(const char *name, const char *value, GError **error)
{
    if (!fulcra__http_is_token(name, strlen(name)))
        return refuse(error, "a header's name is malformed", "");
    for (size_t i = 0; i < G_N_ELEMENTS(transport_names); i++)
        if (g_ascii_strcasecmp(name, transport_names[i]) == 0)
            return refuse(error, "the server itself sets the header ", name);
    if (!fulcra__http_is_field_value(value, strlen(value)))
        return refuse(error, "a line break or control character in the header ",
                name);
    if (strlen(value) > MAX_VALUE)
        return refuse(error, "too long: the value of the header ", name);
    return true;
}

static int
find_header(const FulcraHttpReply *self, const char *name)
{
    for (unsigned i = 0; self->headers != NULL && i < self->headers->len;
            i += 2)
        if (g_ascii_strcasecmp(self->headers->pdata[i], name) == 0)
            return (int)i;
    return -1;
}

/* Vary is a list to which everything that looked at the request adds. */
static char *
join_header(const char *name, const char *before, const char *value)
{
    if (g_ascii_strcasecmp(name, "vary") != 0)
        return g_strdup(value);
    if (fulcra__http_list_has(before, value))
        return g_strdup(before);
    return g_strconcat(before, ", ", value, NULL);
}

static bool
put_header(FulcraHttpReply *self, const char *name, const char *value,
        bool repeatable, GError **error)
{
    int at = repeatable ? -1 : find_header(self, name);

    if (at >= 0) {
        char *before = self->headers->pdata[at + 1];

        self->headers->pdata[at + 1] = join_header(name, before, value);
        g_free(before);
        return true;
    }
    if (self->headers == NULL)
        self->headers = g_ptr_array_new_with_free_func(g_free);
    if (self->headers->len >= 2 * MAX_HEADERS)
        return refuse(error, "too many headers, at ", name);
    g_ptr_array_add(self->headers, g_strdup(name));
    g_ptr_array_add(self->headers, g_strdup(value));
    return true;
}

bool
fulcra__http_reply_set_header(FulcraHttpReply *self, const char *name,
        const char *value, GError **error)
{
    bool cookie = g_ascii_strcasecmp(name, "set-cookie") == 0;

    if (!check_header(name, value, error) || !open_reply(self, error))
        return false;
    bool put = put_header(self, name, value, cookie, error);
    pthread_mutex_unlock(&self->lock);
    return put;
}

bool
fulcra__http_reply_add_cookie(
        FulcraHttpReply *self, const char *cookie, GError **error)
{
    const char *equals = strchr(cookie, '=');

    if (equals == NULL ||
            !fulcra__http_is_token(cookie, (size_t)(equals - cookie)))
        return refuse(error, "a cookie is not name=value", "");
    return fulcra__http_reply_set_header(self, "Set-Cookie", cookie, error);
}

const char *
fulcra__http_reply_get_header(const FulcraHttpReply *self, const char *name)
{
    int at = find_header(self, name);

    return at < 0 ? NULL : self->headers->pdata[at + 1];
}

/* --- status and body --- */

bool
fulcra__http_reply_set_code(
        FulcraHttpReply *self, const char *code, GError **error)
{
    char *end;
    guint64 status = g_ascii_strtoull(code, &end, 10);

    if (!g_ascii_isdigit(code[0]) || *end != '\0' || status < 200 ||
            status > 599)
        return refuse(error, "the code is not a number from 200 to 599", "");
    if (!open_reply(self, error))
        return false;
    self->status = (unsigned)status;
    pthread_mutex_unlock(&self->lock);
    return true;
}

bool
fulcra__http_reply_redirect(
        FulcraHttpReply *self, const char *location, GError **error)
{
    return fulcra__http_reply_set_header(self, "Location", location, error);
}

bool
fulcra__http_reply_set_body(
        FulcraHttpReply *self, FulcraRepresentation *body, GError **error)
{
    if (!open_reply(self, error))
        return false;
    g_clear_pointer(&self->body, fulcra_representation_unref);
    self->body = fulcra_representation_ref(body);
    pthread_mutex_unlock(&self->lock);
    return true;
}

bool
fulcra__http_reply_apply(FulcraHttpReply *self, const char *name,
        const char *value, GError **error)
{
    if (!g_str_has_prefix(name, SPACE_PREFIX))
        return true;
    name += strlen(SPACE_PREFIX);
    if (strcmp(name, "code") == 0)
        return fulcra__http_reply_set_code(self, value, error);
    if (strcmp(name, "cookie") == 0)
        return fulcra__http_reply_add_cookie(self, value, error);
    if (strcmp(name, "redirect") == 0)
        return fulcra__http_reply_redirect(self, value, error);
    if (g_str_has_prefix(name, "header/"))
        return fulcra__http_reply_set_header(
                self, name + strlen("header/"), value, error);
    return refuse(error, "there is no " SPACE_PREFIX, name);
}

void
fulcra__http_reply_take(FulcraHttpReply *self, FulcraHttpReply *into)
{
    pthread_mutex_lock(&self->lock);
    if (!self->sealed) {
        self->sealed = true;
        into->status = self->status;
        into->headers = g_steal_pointer(&self->headers);
        into->body = g_steal_pointer(&self->body);
    }
    pthread_mutex_unlock(&self->lock);
}
