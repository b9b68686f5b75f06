/* SPDX-License-Identifier: MIT */

/*
 * intake.c - what a request must pass before anybody is asked
 *
 * In this order: how many fields there are, the guard, the path, how many
 * parameters and cookies, the origin, the size of the body. Only what the guard
 * has passed becomes a head, and making it compares each field with each.
 */

#include "http/cookies.h"
#include "http/daemon.h"
#include "http/guard.h"
#include "http/head_private.h"
#include "http/path.h"

#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/log.h>
#include <string.h>

static enum MHD_Result
collect(void *fields, enum MHD_ValueKind kind, const char *name, size_t n_name,
        const char *value, size_t n_value)
{
    FulcraHttpField field = { name, n_name, value != NULL ? value : "",
        n_value };

    g_array_append_val((GArray *)fields, field);
    return MHD_YES;
}

/* --- how many --- */

static bool
refuse_many(FulcraHttpExchange *self, unsigned status, const char *what,
        unsigned limit)
{
    g_autofree char *message =
            g_strdup_printf("the request has more than %u %s", limit, what);

    fulcra_host_stats_add(FULCRA_STAT_HTTP_TOO_MANY, 1);
    fulcra__http_exchange_fail(self, status, message, NULL);
    return false;
}

static bool
check_n_fields(FulcraHttpExchange *self, const FulcraHttpReceived *received)
{
    unsigned limit = fulcra__http_exchange_get_options(self)->limits.fields;

    return received->n_fields <= limit ||
           refuse_many(self, 431, "header fields", limit);
}

static bool
check_n_params(FulcraHttpExchange *self)
{
    const FulcraHttpLimits *limits =
            &fulcra__http_exchange_get_options(self)->limits;
    const char *cookies = fulcra_http_head_get_header(self->head, "cookie");
    const char *query = fulcra_http_head_get_query(self->head);
    unsigned n_params = *query != '\0';

    for (; *query != '\0'; query++)
        n_params += *query == '&';
    if (n_params > limits->form.fields)
        return refuse_many(self, 400, "parameters", limits->form.fields);
    if (cookies != NULL &&
            fulcra__http_cookies_count(cookies) > limits->cookies)
        return refuse_many(self, 431, "cookies", limits->cookies);
    return true;
}

/* --- what they are --- */

static bool
guard(FulcraHttpExchange *self, const FulcraHttpReceived *received)
{
    const char *bad = fulcra__http_guard(received);

    if (bad == NULL)
        return true;
    fulcra_host_stats_add(FULCRA_STAT_HTTP_GUARDED, 1);
    fulcra__http_exchange_fail(self, 400, bad, NULL);
    return false;
}

static const FulcraHttpField *
find_field(const FulcraHttpReceived *received, const char *name)
{
    for (size_t i = 0; i < received->n_fields; i++)
        if (received->fields[i].n_name == strlen(name) &&
                g_ascii_strncasecmp(received->fields[i].name, name,
                        received->fields[i].n_name) == 0)
            return &received->fields[i];
    return NULL;
}

/* Where it is said twice, there is none. */
static void
take_key(FulcraHttpExchange *self, const FulcraHttpReceived *received)
{
    const FulcraHttpField *key = find_field(received, "sec-websocket-key");

    for (size_t i = 0; key != NULL && i < received->n_fields; i++)
        if (&received->fields[i] != key &&
                received->fields[i].n_name == key->n_name &&
                g_ascii_strncasecmp(
                        received->fields[i].name, key->name, key->n_name) == 0)
            return;
    if (key != NULL)
        self->key = g_strndup(key->value, key->n_value);
}

static bool
make_head(FulcraHttpExchange *self, const FulcraHttpReceived *received)
{
    size_t n_path = strcspn(received->target, "?");
    const char *query = received->target + n_path;
    g_autoptr(GError) error = NULL;
    g_autofree char *path =
            strcmp(received->target, "*") == 0
                    ? g_strdup("*")
                    : fulcra__http_path_new(received->target, n_path, &error);

    if (path == NULL) {
        fulcra__http_exchange_fail(self, 400, error->message, NULL);
        return false;
    }
    self->head = fulcra__http_head_new(path, *query == '?' ? query + 1 : "",
            self->peer->remote_host, received,
            find_field(received, "upgrade") != NULL);
    take_key(self, received);
    /* The layer below; it takes over the reference. */
    self->context.parent = fulcra_http_head_get_context(self->head);
    if (self->peer->layer != NULL)
        self->context.parent->parent =
                fulcra_host_context_ref(self->peer->layer);
    return true;
}

static void
note_body(FulcraHttpExchange *self, const FulcraHttpReceived *received)
{
    const FulcraHttpField *length = find_field(received, "content-length");

    self->has_body =
            find_field(received, "transfer-encoding") != NULL ||
            (length != NULL && strspn(length->value, "0") < length->n_value);
}

static bool
is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "OPTIONS") == 0;
}

static bool
check_origin(FulcraHttpExchange *self, bool handshake)
{
    const char *origin = fulcra_http_head_get_header(self->head, "origin");
    const char *host = fulcra_http_head_get_header(self->head, "host");

    if (!handshake && is_safe(fulcra_http_head_get_method(self->head)))
        return true;
    if (fulcra__http_origin_allowed(
                &fulcra__http_exchange_get_options(self)->origin, origin,
                "http", host))
        return true;
    fulcra_host_stats_add(FULCRA_STAT_ORIGIN_REFUSED, 1);
    if (handshake)
        fulcra_host_stats_add(FULCRA_STAT_SOCKETS_REFUSED, 1);
    fulcra_log_warning(NULL,
            "refused %s %s of %s: its origin is %s, this server's is http://%s",
            fulcra_http_head_get_method(self->head),
            fulcra_http_head_get_path(self->head),
            fulcra_http_head_get_remote_host(self->head),
            origin != NULL ? origin : "not stated", host != NULL ? host : "");
    fulcra__http_exchange_fail(
            self, 403, "requests from this origin are not accepted", NULL);
    return false;
}

static bool
check_length(FulcraHttpExchange *self, const FulcraHttpReceived *received)
{
    const FulcraHttpField *length = find_field(received, "content-length");

    /* The guard has seen that it is a number of at most 18 digits. */
    if (length == NULL ||
            g_ascii_strtoull(length->value, NULL, 10) <=
                    fulcra__http_exchange_get_options(self)->limits.body)
        return true;
    fulcra_host_stats_add(FULCRA_STAT_HTTP_TOO_LARGE, 1);
    fulcra__http_exchange_fail(self, 413, "the body is too large", NULL);
    return false;
}

bool
fulcra__http_intake(
        FulcraHttpExchange *self, const char *method, const char *version)
{
    g_autoptr(GArray) fields =
            g_array_sized_new(FALSE, FALSE, sizeof(FulcraHttpField), 32);

    MHD_get_connection_values_n(
            self->connection, MHD_HEADER_KIND, collect, fields);
    const FulcraHttpReceived received = {
        .method = method,
        .target = self->target,
        .version = version,
        .fields = (const FulcraHttpField *)(void *)fields->data,
        .n_fields = fields->len,
    };

    note_body(self, &received);
    if (!check_n_fields(self, &received) || !guard(self, &received) ||
            !make_head(self, &received) || !check_n_params(self))
        return false;
    self->handshake = fulcra__http_upgrade_wanted(self, version);
    return check_origin(self, self->handshake) && check_length(self, &received);
}
