/* SPDX-License-Identifier: MIT */

/*
 * session_kind.c - from { "session": { ... } } to an overlay and its sweep
 */

#include "spaces/kinds.h"
#include "spaces/session_layer.h"

#include <fulcra/identifier.h>
#include <string.h>

#define SWEEP_MS 500u

static const FulcraSchemaKey session_keys[] = {
    { "cookie", FULCRA_SCHEMA_TEXT, .fallback = "fulcra-session",
            .help = "the name of its cookie" },
    { "path", FULCRA_SCHEMA_TEXT, .fallback = "/",
            .help = "the path below which clients send the cookie" },
    { "idle", FULCRA_SCHEMA_DURATION, .fallback = "30m", .min = 1000,
            .max = INT64_C(400) * 24 * 3600 * 1000,
            .help = "a session ends when it was not used for so long" },
    { "absolute", FULCRA_SCHEMA_DURATION, .fallback = "12h", .min = 1000,
            .max = INT64_C(400) * 24 * 3600 * 1000,
            .help = "a session ends so long after it began" },
    { "limit", FULCRA_SCHEMA_INT, .fallback = "10000", .min = 1,
            .max = 10000000,
            .help = "how many sessions there may be; beyond it the one not "
                    "used for longest ends, first those without a user" },
    { "keys", FULCRA_SCHEMA_INT, .fallback = "64", .min = 1, .max = 65536,
            .help = "how many values a session keeps" },
    { "size", FULCRA_SCHEMA_SIZE, .fallback = "64KiB", .min = 1,
            .max = INT64_C(1) << 30,
            .help = "what they may weigh, with their keys" },
    { "secure", FULCRA_SCHEMA_ANY, .fallback = "auto",
            .help = "whether the cookie is for TLS only: true, false, or "
                    "\"auto\": where the request came by TLS" },
    { "csrf", FULCRA_SCHEMA_BOOL, .fallback = "false",
            .help = "whether requests that change something must carry "
                    "`session:/csrf`, as the form's field `csrf` or the header "
                    "`X-CSRF-Token`" },
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "what the session is for" },
    { NULL },
};

static const FulcraSchema session_schema = { "session", session_keys, NULL,
    "Gives what it wraps `session:/...`, kept for each client by a cookie." };

/* --- checks that the schema cannot make --- */

/* RFC 6265 section 4.1.1: a name is a token */
static void
check_cookie(FulcraEntry *entry, const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("!#$%&'*+-.^_`|~", *c) == NULL) {
            fulcra_host_entry_problem(entry,
                    json_object_get_member(entry->definition, "cookie"),
                    "\"%s\" cannot be the name of a cookie; take letters, "
                    "digits, \"-\" and \"_\"",
                    name);
            return;
        }
}

static void
check_path(FulcraEntry *entry, const char *path)
{
    bool fine = path[0] == '/';

    for (const char *c = path; *c != '\0'; c++)
        fine = fine && *c > ' ' && *c < 0x7f && *c != ';';
    if (!fine)
        fulcra_host_entry_problem(entry,
                json_object_get_member(entry->definition, "path"),
                "\"%s\" cannot be the path of a cookie; it must begin with "
                "\"/\" and have no \";\", blanks or control characters",
                path);
}

static FulcraCookieSecure
read_secure(FulcraEntry *entry)
{
    JsonNode *node = json_object_get_member(entry->definition, "secure");
    GType type = node != NULL && JSON_NODE_HOLDS_VALUE(node)
                         ? json_node_get_value_type(node)
                         : G_TYPE_INVALID;

    if (type == G_TYPE_BOOLEAN)
        return json_node_get_boolean(node) ? FULCRA_COOKIE_SECURE_ALWAYS
                                           : FULCRA_COOKIE_SECURE_NEVER;
    if (node != NULL &&
            (type != G_TYPE_STRING ||
                    strcmp(json_node_get_string(node), "auto") != 0))
        fulcra_host_entry_problem(
                entry, node, "\"secure\" must be true, false or \"auto\"");
    return FULCRA_COOKIE_SECURE_AUTO;
}

/* --- building --- */

static FulcraSessionLimits
read_limits(JsonObject *definition)
{
    const int64_t minute = 60000;
    FulcraSessionLimits limits = {
        .idle_us = 1000 * fulcra_host_json_get_duration(
                                  definition, "idle", 30 * minute),
        .absolute_us = 1000 * fulcra_host_json_get_duration(
                                      definition, "absolute", 720 * minute),
        .max_sessions =
                (unsigned)fulcra_host_json_get_int(definition, "limit", 10000),
        .values = { "session", "a session",
                (unsigned)fulcra_host_json_get_int(definition, "keys", 64),
                (size_t)fulcra_host_json_get_size(
                        definition, "size", 64 << 10) },
    };

    return limits;
}

/* Of all that makes sessions what they are. (transfer full) */
static char *
make_key(FulcraEntry *entry, const FulcraSessions *self,
        const FulcraSessionLimits *limits)
{
    return g_strdup_printf("%p %s %s %s %d %d %" G_GINT64_FORMAT
                           " %" G_GINT64_FORMAT " %u %u %zu",
            (void *)entry->kernel, entry->module_uri, self->cookie, self->path,
            self->secure, self->csrf, limits->idle_us, limits->absolute_us,
            limits->max_sessions, limits->values.max_values,
            limits->values.max_bytes);
}

static void
session_unref(void *session)
{
    fulcra__session_unref(session);
}

static void
socket_unref(void *socket)
{
    fulcra_socket_unref(socket);
}

static FulcraSessions *
sessions_new(FulcraEntry *entry)
{
    JsonObject *definition = entry->definition;
    FulcraSessionLimits limits = read_limits(definition);
    FulcraSessions *self = g_new0(FulcraSessions, 1);

    fulcra_refs_init(&self->refs);
    self->cookie = g_strdup(
            fulcra_host_json_get_text(definition, "cookie", "fulcra-session"));
    self->path = g_strdup(fulcra_host_json_get_text(definition, "path", "/"));
    self->secure = read_secure(entry);
    self->csrf = fulcra_host_json_get_bool(definition, "csrf", false);
    self->key = make_key(entry, self, &limits);
    self->store = fulcra__session_store_new(&limits);
    self->ticker = entry->user_data;
    pthread_mutex_init(&self->lock, NULL);
    self->bindings =
            g_hash_table_new_full(NULL, NULL, socket_unref, session_unref);

    FulcraSlot slot = fulcra_slot_text("name", self->cookie);
    self->cookie_identifier = fulcra_identifier_build(
            FULCRA_GRAMMAR("httpRequest:/cookie/{name}"), &slot, 1, NULL);
    return fulcra__sessions_share(self);
}

static void *
session_build(FulcraEntry *entry)
{
    FulcraSessions *self = sessions_new(entry);
    g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new("session",
            &fulcra__session_overlay_ops, fulcra__sessions_ref(self), NULL);

    check_cookie(entry, self->cookie);
    check_path(entry, self->path);
    fulcra_host_entry_add_overlay(entry, endpoint,
            json_object_get_member(entry->definition, "space"));
    return self;
}

/* --- sweeping --- */

static void
sweep(void *sessions)
{
    FulcraSessions *self = sessions;

    self->store->ops->sweep(self->store);
}

static void
session_start(void *instance)
{
    FulcraSessions *self = instance;

    if (self->n_started++ == 0 && self->ticker != NULL)
        self->ticking =
                self->ticker->start(self->ticker, SWEEP_MS, sweep, self);
}

static void
session_stop(void *instance)
{
    FulcraSessions *self = instance;

    if (--self->n_started == 0 && self->ticking != NULL)
        self->ticker->stop(self->ticker, g_steal_pointer(&self->ticking));
}

static void
count_one(FulcraSession *session, void *count)
{
    (void)session;
    ++*(unsigned *)count;
}

/* Another generation with the same keys goes on with the same ones. */
static char *
session_affects(void *instance)
{
    FulcraSessions *self = instance;
    unsigned n = 0;

    self->store->ops->foreach (self->store, count_one, &n);
    if (n == 0)
        return NULL;
    return g_strdup_printf("%u session%s by the cookie %s", n,
            n == 1 ? "" : "s", self->cookie);
}

const FulcraKind fulcra_kind_session = {
    .size = sizeof(FulcraKind),
    .name = "session",
    .schema = &session_schema,
    .help = "what is kept for each client by a cookie: `session:/...`",
    .build = session_build,
    .start = session_start,
    .stop = session_stop,
    .free = fulcra__sessions_unref,
    .affects = session_affects,
};
