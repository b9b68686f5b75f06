/* SPDX-License-Identifier: MIT */

/*
 * session_space.c - the space session:/
 *
 * One static space for all sessions, made once and kept for the life of the
 * process. Its endpoints run inline and find the layer that they speak for in
 * the request. None of them waits: see session_store.h.
 */

#include "spaces/session_layer.h"

#include <fulcra-host/space.h>
#include <fulcra/endpoint.h>
#include <fulcra/error.h>
#include <string.h>

#define MAX_USER 256u /* bytes */

static FulcraSessionLayer *
layer_of(FulcraRequest *request)
{
    return (FulcraSessionLayer *)fulcra_host_request_get_layer(request);
}

/* What is made of an answer of the session lasts until that value changes:
 * whose it is, the identity of the layer says already. The answer itself is not
 * kept: it is here, and shall not outlive the session. */
static char *
expiry_key(FulcraSession *session, const char *key)
{
    return g_strdup_printf("session:%" G_GUINT64_FORMAT ":%s",
            session != NULL ? fulcra__session_get_identity(session)
                            : (uint64_t)FULCRA_SESSION_NOBODY,
            key);
}

static FulcraRepresentation *
depending(FulcraRequest *request, FulcraSession *session, const char *key,
        FulcraRepresentation *answer)
{
    g_autofree char *name = expiry_key(session, key);

    fulcra_request_attach_key(request, name);
    return answer == NULL ? NULL
                          : fulcra_representation_with_header(
                                    answer, "no-cache", "true");
}

static void
cut(FulcraRequest *request, FulcraSession *session, const char *key)
{
    g_autofree char *name = expiry_key(session, key);

    fulcra_request_cut_key(request, name);
}

static FulcraRepresentation *
nothing(const char *key, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
            "session:/%s: there is no such value", key);
    return NULL;
}

/* --- a session where one is needed --- */

/* Lets @session stand for the request, if it is still without one: of two
 * threads that make one at once, one wins. */
static bool
settle(FulcraSessionLayer *self, FulcraSession *session)
{
    pthread_mutex_lock(&self->lock);
    bool first = self->session == NULL;
    if (first)
        self->session = fulcra__session_ref(session);
    pthread_mutex_unlock(&self->lock);
    if (first && self->opening != NULL)
        fulcra__sessions_bind(self->sessions, self->opening, session);
    return first;
}

/* That of the request, made now if it had none. (transfer full) */
static FulcraSession *
want_session(FulcraSessionLayer *self, const char *key, GError **error)
{
    FulcraSessionStore *store = self->sessions->store;
    FulcraSession *session = fulcra__session_layer_get(self);

    if (session != NULL)
        return session;
    if (self->why_not != NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN,
                "session:/%s: there is no session, and none can be made: %s",
                key, self->why_not);
        return NULL;
    }
    session = store->ops->make(store, error);
    if (session == NULL || settle(self, session))
        return session;
    store->ops->end(store, session);
    fulcra__session_unref(session);
    return fulcra__session_layer_get(self);
}

/* --- session:/KEY --- */

static bool
is_reserved(const char *key, GError **error)
{
    static const char *const reserved[] = { "id", "user", "login", "logout",
        "csrf", NULL };

    if (!g_strv_contains(reserved, key))
        return false;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN,
            "session:/%s is reserved, and does not answer that verb", key);
    return true;
}

static FulcraRepresentation *
value_source(FulcraRequest *request, GError **error)
{
    const char *key = fulcra_request_get_argument(request, "key");
    g_autoptr(FulcraSession) session =
            fulcra__session_layer_get(layer_of(request));

    if (is_reserved(key, error))
        return NULL;
    FulcraRepresentation *value =
            session == NULL ? NULL : fulcra__session_find(session, key);
    value = depending(request, session, key, value);
    return value != NULL ? value : nothing(key, error);
}

static FulcraRepresentation *
value_exists(FulcraRequest *request, GError **error)
{
    const char *key = fulcra_request_get_argument(request, "key");
    g_autoptr(FulcraSession) session =
            fulcra__session_layer_get(layer_of(request));

    if (is_reserved(key, error))
        return NULL;
    g_autoptr(FulcraRepresentation) value =
            session == NULL ? NULL : fulcra__session_find(session, key);
    return depending(request, session, key,
            fulcra_representation_new_bool(value != NULL));
}

static FulcraRepresentation *
value_sink(FulcraRequest *request, GError **error)
{
    const char *key = fulcra_request_get_argument(request, "key");
    FulcraRepresentation *primary = fulcra_request_get_primary(request);

    if (is_reserved(key, error))
        return NULL;
    if (primary == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "SINK session:/%s needs the value as its primary", key);
        return NULL;
    }
    g_autoptr(FulcraSession) session =
            want_session(layer_of(request), key, error);
    if (session != NULL && fulcra__session_put(session, key, primary, error))
        cut(request, session, key);
    return NULL;
}

static FulcraRepresentation *
value_delete(FulcraRequest *request, GError **error)
{
    const char *key = fulcra_request_get_argument(request, "key");
    g_autoptr(FulcraSession) session =
            fulcra__session_layer_get(layer_of(request));

    if (is_reserved(key, error))
        return NULL;
    bool removed = session != NULL && fulcra__session_remove(session, key);
    if (removed)
        cut(request, session, key);
    return fulcra_representation_new_bool(removed);
}

/* --- session:/user --- */

/* (transfer full) (nullable): the session, if somebody is logged in */
static FulcraSession *
user_session(FulcraRequest *request)
{
    g_autoptr(FulcraSession) session =
            fulcra__session_layer_get(layer_of(request));

    if (session == NULL || fulcra__session_get_user(session) == NULL ||
            fulcra__session_has_ended(session))
        return NULL;
    return g_steal_pointer(&session);
}

static FulcraRepresentation *
user_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraSession) session = user_session(request);

    FulcraRepresentation *name =
            session == NULL ? NULL
                            : fulcra_representation_new_text(
                                      fulcra__session_get_user(session));
    name = depending(request, session, "user", name);
    return name != NULL ? name : nothing("user", error);
}

static FulcraRepresentation *
user_exists(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraSession) session = user_session(request);

    (void)error;
    return depending(request, session, "user",
            fulcra_representation_new_bool(session != NULL));
}

/* --- session:/login --- */

/* The primary as a name. (transfer full) (nullable) */
static FulcraRepresentation *
primary_user(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) primary =
            fulcra_request_source_primary(request, FULCRA_TYPE_TEXT, error);
    size_t length;

    if (primary == NULL)
        return NULL;
    const char *name = fulcra_representation_get_bytes(primary, &length);
    bool fine = name != NULL && length > 0 && length <= MAX_USER &&
                g_utf8_validate_len(name, length, NULL);
    for (size_t i = 0; fine && i < length; i++)
        fine = !g_ascii_iscntrl(name[i]);
    if (fine)
        return g_steal_pointer(&primary);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "session:/login: a user's name is UTF-8 of 1 to %u bytes without "
            "control characters",
            MAX_USER);
    return NULL;
}

/* Lets @fresh stand for the request in place of what it had. */
static void
replace(FulcraSessionLayer *self, FulcraSession *fresh)
{
    pthread_mutex_lock(&self->lock);
    FulcraSession *before = self->session;
    self->session = fulcra__session_ref(fresh);
    pthread_mutex_unlock(&self->lock);
    fulcra__session_unref(before);
    if (self->opening != NULL)
        fulcra__sessions_bind(self->sessions, self->opening, fresh);
}

static FulcraRepresentation *
login_sink(FulcraRequest *request, GError **error)
{
    FulcraSessionLayer *self = layer_of(request);
    FulcraSessionStore *store = self->sessions->store;
    g_autoptr(FulcraRepresentation) user = primary_user(request, error);

    if (user == NULL)
        return NULL;
    if (self->why_not != NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN,
                "session:/login: the id of the session has to change, and "
                "cannot: %s",
                self->why_not);
        return NULL;
    }
    g_autoptr(FulcraSession) session = want_session(self, "login", error);
    if (session == NULL)
        return NULL;
    /* The socket that is being opened here stays: it is not from before. */
    if (self->opening != NULL)
        fulcra__sessions_unbind(self->sessions, self->opening);
    g_autoptr(FulcraSession) fresh = store->ops->renew(
            store, session, fulcra_representation_get_text(user), error);
    if (fresh != NULL)
        replace(self, fresh);
    return NULL;
}

/* --- session:/logout --- */

static FulcraRepresentation *
logout_sink(FulcraRequest *request, GError **error)
{
    FulcraSessionLayer *self = layer_of(request);
    FulcraSessionStore *store = self->sessions->store;
    g_autoptr(FulcraRepresentation) sure =
            fulcra_request_source_primary(request, FULCRA_TYPE_BOOL, error);

    if (sure == NULL)
        return NULL;
    if (!fulcra_representation_get_bool(sure)) {
        g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "SINK session:/logout needs true");
        return NULL;
    }
    pthread_mutex_lock(&self->lock);
    g_autoptr(FulcraSession) session = g_steal_pointer(&self->session);
    pthread_mutex_unlock(&self->lock);
    if (session != NULL)
        store->ops->end(store, session);
    return NULL;
}

/* --- session:/csrf --- */

static FulcraRepresentation *
csrf_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraSession) session =
            want_session(layer_of(request), "csrf", error);
    g_autofree char *token =
            session == NULL ? NULL : fulcra__session_get_csrf(session, error);

    /* What holds it is for one client and one session only. */
    return token == NULL ? NULL
                         : fulcra_representation_with_expiry(
                                   fulcra_representation_new_text(token),
                                   FULCRA_EXPIRY_ALWAYS, 0);
}

/* --- the space and the class --- */

static const FulcraEndpointOps user_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = user_source,
    .exists = user_exists,
};
static const FulcraEndpointOps login_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .sink = login_sink,
};
static const FulcraEndpointOps logout_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .sink = logout_sink,
};
static const FulcraEndpointOps csrf_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = csrf_source,
};
static const FulcraEndpointOps value_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = value_source,
    .sink = value_sink,
    .delete_resource = value_delete,
    .exists = value_exists,
};

static const struct {
    const char *id, *grammar;
    const FulcraEndpointOps *ops;
} entries[] = {
    { "session.user", "session:/user", &user_ops },
    { "session.login", "session:/login", &login_ops },
    { "session.logout", "session:/logout", &logout_ops },
    { "session.csrf", "session:/csrf", &csrf_ops },
    { "session.value", "session:/{key}", &value_ops },
};

static FulcraSpace *
make_space(void)
{
    FulcraSpace *space = fulcra_host_space_new("urn:fulcra:session");

    for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
                entries[i].id, entries[i].ops, NULL, NULL);

        if (!fulcra_host_space_bind(space, entries[i].grammar, FULCRA_VERBS_ALL,
                    FULCRA_ENTRY_PUBLIC, endpoint, &error))
            g_error("%s: %s", entries[i].grammar, error->message);
    }
    return fulcra_host_space_seal(space);
}

static void
layer_free(FulcraContext *context)
{
    FulcraSessionLayer *self = (FulcraSessionLayer *)context;

    fulcra__session_unref(self->session);
    fulcra__session_unref(self->came);
    fulcra_socket_unref(self->opening);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* Every request of a session says the same, and so does every request that has
 * none, or none any more. */
static uint64_t
layer_get_identity(FulcraContext *context)
{
    g_autoptr(FulcraSession) session =
            fulcra__session_layer_get((FulcraSessionLayer *)context);

    return session == NULL || fulcra__session_has_ended(session)
                   ? FULCRA_SESSION_NOBODY
                   : fulcra__session_get_identity(session);
}

static FulcraContextScheme scheme;
static FulcraContextClass layer_class = {
    .name = "session",
    .n_schemes = 1,
    .schemes = &scheme,
    .free = layer_free,
    .get_identity = layer_get_identity,
};

static void
class_make(void)
{
    scheme = (FulcraContextScheme){ fulcra_intern("session"), make_space() };
}

const FulcraContextClass *
fulcra__session_layer_class(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, class_make);
    return &layer_class;
}
