/* SPDX-License-Identifier: MIT */

/*
 * follow - values to be followed, and sockets that follow them
 *
 * value   SOURCE res:/follow/value/{name}: what it was set to; the value
 *         "broken" fails
 * set     SOURCE res:/follow/set/{name}/{text}
 * slow    as value, after 200 ms
 * mine    SOURCE res:/follow/mine/{name}: with the session's user
 * login   SOURCE res:/follow/login/{name}
 * count   SOURCE res:/follow/count: evaluations until now
 * always  SOURCE: always expired
 * may     SOURCE res:/follow/may/{name}: whether the value is "yes"
 * ask     SOURCE res:/follow/ask/{id}/{name}: subscribes the socket, from C
 * socket  ws:/follow/socket/{name}: NEW subscribes to it, unless it is "-"; a
 *         message is "subscribe NAME", "unsubscribe NAME" or "raw"; the answer
 *         "ok" or "error: ..."
 */

#include <fulcra/fulcra.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *values; /* guarded by lock */
static atomic_int evaluations;

/* (transfer full) */
static char *
value_of(const char *name)
{
    pthread_mutex_lock(&lock);
    const char *value = g_hash_table_lookup(values, name);
    char *copy = g_strdup(value == NULL ? "none" : value);
    pthread_mutex_unlock(&lock);
    return copy;
}

static FulcraRepresentation *
value_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    g_autofree char *key = g_strconcat("follow:", name, NULL);
    g_autofree char *value = value_of(name);

    fulcra_request_attach_key(request, key);
    atomic_fetch_add(&evaluations, 1);
    if (strcmp(fulcra_request_get_endpoint_id(request), "slow") == 0)
        g_usleep(200000);
    if (strcmp(value, "broken") != 0)
        return fulcra_representation_new_text(value);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED, "it is broken");
    return NULL;
}

static FulcraRepresentation *
mine_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) value = value_source(request, error);
    g_autoptr(FulcraRepresentation) user = fulcra_request_source(
            request, FULCRA_ID("session:/user"), FULCRA_TYPE_TEXT, error);

    if (value == NULL || user == NULL)
        return NULL;
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%s of %s",
            fulcra_representation_get_text(value),
            fulcra_representation_get_text(user));
}

static FulcraRepresentation *
always(FulcraRepresentation *answer)
{
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
always_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return always(fulcra_representation_new_text("now"));
}

static FulcraRepresentation *
may_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    g_autofree char *key = g_strconcat("follow:", name, NULL);
    g_autofree char *value = value_of(name);

    (void)error;
    fulcra_request_attach_key(request, key);
    return fulcra_representation_new_bool(strcmp(value, "yes") == 0);
}

static FulcraRepresentation *
set_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    g_autofree char *key = g_strconcat("follow:", name, NULL);

    (void)error;
    pthread_mutex_lock(&lock);
    g_hash_table_replace(values, g_strdup(name),
            g_strdup(fulcra_request_get_argument(request, "text")));
    pthread_mutex_unlock(&lock);
    fulcra_request_cut_key(request, key);
    return always(fulcra_representation_new_text("set"));
}

static FulcraRepresentation *
login_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) name = fulcra_representation_new_text(
            fulcra_request_get_argument(request, "name"));

    if (!fulcra_request_sink(request, FULCRA_ID("session:/login"), name, error))
        return NULL;
    return always(fulcra_representation_new_text("in"));
}

static FulcraRepresentation *
count_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return always(fulcra_representation_new_int(atomic_load(&evaluations)));
}

/* --- sockets --- */

/* (transfer full) (nullable) */
static FulcraIdentifier *
identifier_of(const char *name, GError **error)
{
    FulcraSlot slot = fulcra_slot_text("name", name);

    if (strcmp(name, "always") == 0)
        return fulcra_identifier_ref(FULCRA_ID("res:/follow/always"));
    if (strcmp(name, "nowhere") == 0)
        return fulcra_identifier_ref(FULCRA_ID("res:/nowhere"));
    if (g_str_has_prefix(name, "mine-"))
        return fulcra_identifier_build(
                FULCRA_GRAMMAR("res:/follow/mine/{name}"), &slot, 1, error);
    if (g_str_has_prefix(name, "slow-"))
        return fulcra_identifier_build(
                FULCRA_GRAMMAR("res:/follow/slow/{name}"), &slot, 1, error);
    return fulcra_identifier_build(
            FULCRA_GRAMMAR("res:/follow/value/{name}"), &slot, 1, error);
}

static bool
subscribe(FulcraRequest *request, FulcraIdentifier *target, const char *name,
        GError **error)
{
    g_autoptr(FulcraIdentifier) identifier = identifier_of(name, error);
    g_autoptr(FulcraRepresentation) primary = NULL, failed = NULL;

    if (identifier == NULL)
        return false;
    primary = fulcra_representation_new_identifier(identifier);
    failed = fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%s has failed", name);
    g_autoptr(FulcraRequest) sink =
            fulcra_request_new(request, FULCRA_VERB_SINK, target);
    fulcra_request_set_primary(sink, primary);
    fulcra_request_add_value(sink, "onError", failed);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(sink, error);
    return answer != NULL;
}

static FulcraRepresentation *
socket_new(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");

    if (strcmp(name, "-") != 0)
        subscribe(request, FULCRA_ID("wsResponse:/subscribe"), name, error);
    return NULL;
}

static bool
obey(FulcraRequest *request, const char *text, GError **error)
{
    if (g_str_has_prefix(text, "subscribe "))
        return subscribe(request, FULCRA_ID("wsResponse:/subscribe"),
                text + strlen("subscribe "), error);
    if (g_str_has_prefix(text, "unsubscribe "))
        return subscribe(request, FULCRA_ID("wsResponse:/unsubscribe"),
                text + strlen("unsubscribe "), error);
    return fulcra_request_sink(request, FULCRA_ID("wsResponse:/subscribe"),
            fulcra_request_get_primary(request), error);
}

static FulcraRepresentation *
socket_sink(FulcraRequest *request, GError **error)
{
    const char *text =
            fulcra_representation_get_text(fulcra_request_get_primary(request));
    g_autoptr(GError) why = NULL;
    bool done = obey(request, text, &why);
    g_autoptr(FulcraRepresentation) answer =
            fulcra_representation_new_printf(FULCRA_TYPE_TEXT,
                    done ? "ok" : "error: %s", done ? "" : why->message);

    fulcra_request_sink(
            request, FULCRA_ID("wsResponse:/message"), answer, error);
    return NULL;
}

static FulcraRepresentation *
id_source(FulcraRequest *request, const char *id, const char *name,
        GError **error)
{
    g_autoptr(FulcraSocket) socket = fulcra_socket_find(request, id);
    g_autoptr(FulcraIdentifier) identifier = identifier_of(name, error);
    g_autoptr(FulcraRepresentation) failed =
            fulcra_representation_new_identifier(
                    FULCRA_ID("res:/follow/value/notice"));

    if (socket == NULL || identifier == NULL ||
            !fulcra_socket_subscribe(socket, identifier, failed, error))
        return always(fulcra_representation_new_text("no"));
    return always(fulcra_representation_new_text("yes"));
}

static FulcraRepresentation *
ask_source(FulcraRequest *request, GError **error)
{
    return id_source(request, fulcra_request_get_argument(request, "id"),
            fulcra_request_get_argument(request, "name"), error);
}

/* NEW says which id the socket has. */
static FulcraRepresentation *
named_new(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_text(
            fulcra_request_get_argument(request, "name"));
}

#define SOURCE(function)                                                       \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_CONCURRENT,       \
        .source = function                                                     \
    }
static const struct {
    const char *id;
    FulcraEndpointOps ops;
} endpoints[] = {
    { "value", SOURCE(value_source) },
    { "slow", SOURCE(value_source) },
    { "mine", SOURCE(mine_source) },
    { "always", SOURCE(always_source) },
    { "may", SOURCE(may_source) },
    { "set", SOURCE(set_source) },
    { "login", SOURCE(login_source) },
    { "count", SOURCE(count_source) },
    { "ask", SOURCE(ask_source) },
    { "socket", { .size = sizeof(FulcraEndpointOps),
                        .new_resource = socket_new,
                        .sink = socket_sink } },
    { "named",
            { .size = sizeof(FulcraEndpointOps), .new_resource = named_new } },
};

static bool
follow_load(FulcraModule *module, GError **error)
{
    values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++)
        if (!fulcra_module_add_endpoint(
                    module, endpoints[i].id, &endpoints[i].ops, NULL, error))
            return false;
    return true;
}

FULCRA_MODULE_DEFINE("follow", follow_load)
