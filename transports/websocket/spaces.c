/* SPDX-License-Identifier: MIT */
/*
 * spaces.c - what a socket's fulcrum adds: wsResponse:/ and socket:/
 *
 * Two static spaces serve all sockets; their endpoints find the socket that
 * they speak for in the layer of the request. They run on whatever thread the
 * request is on and touch only what is shared. Made once, kept for the life
 * of the process, as layers may be held by requests that end late.
 */
#include "websocket/socket.h"

#include <fulcra/error.h>
#include <json-glib/json-glib.h>
#include <string.h>

static FulcraWebSocket *
request_socket(FulcraRequest *request)
{
    return (FulcraWebSocket *)fulcra_host_request_get_layer(request);
}

/* --- wsResponse:/ --- */

static FulcraRepresentation *
message_sink(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *primary = fulcra_request_get_primary(request);

    if (primary == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "SINK wsResponse:/message needs the message as its primary");
    else
        fulcra_socket_send(
                &request_socket(request)->handle->base, primary, error);
    return NULL;
}

/* {"code": 4000, "reason": "..."}, both optional. */
static bool
parse_disconnect(JsonNode *node, unsigned *code, const char **reason)
{
    JsonObject *object;
    JsonNode *member;

    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
        return false;
    object = json_node_get_object(node);
    member = json_object_get_member(object, "code");
    if (member != NULL && json_node_get_value_type(member) != G_TYPE_INT64)
        return false;
    if (member != NULL)
        *code = (unsigned)CLAMP(json_node_get_int(member), 0, 65535);
    member = json_object_get_member(object, "reason");
    if (member != NULL && json_node_get_value_type(member) != G_TYPE_STRING)
        return false;
    if (member != NULL)
        *reason = json_node_get_string(member);
    return true;
}

static FulcraRepresentation *
disconnect_how(FulcraRequest *request, unsigned *code, const char **reason,
        GError **error)
{
    FulcraRepresentation *primary = fulcra_request_get_primary(request);
    g_autoptr(FulcraRepresentation) json = NULL;

    if (primary != NULL && fulcra_representation_get_bool(primary))
        return fulcra_representation_ref(primary);
    if (primary != NULL)
        json = fulcra_representation_has_type(primary, FULCRA_TYPE_JSON)
                       ? fulcra_representation_ref(primary)
                       : fulcra_request_transrept(
                                 request, primary, FULCRA_TYPE_JSON, error);
    if (json != NULL && parse_disconnect(fulcra_representation_get_json(json),
                                code, reason))
        return g_steal_pointer(&json);
    g_clear_error(error);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "SINK wsResponse:/disconnect needs true, or "
            "{\"code\": 1000-4999, \"reason\": \"text\"}");
    return NULL;
}

static FulcraRepresentation *
disconnect_sink(FulcraRequest *request, GError **error)
{
    unsigned code = FULCRA_CLOSE_NORMAL;
    const char *reason = NULL;
    /* keeps @reason alive */
    g_autoptr(FulcraRepresentation) how =
            disconnect_how(request, &code, &reason, error);

    if (how != NULL)
        fulcra_socket_disconnect(
                &request_socket(request)->handle->base, code, reason, error);
    return NULL;
}

/* The primary, or an argument by reference, so that a declared request can say
 * it. Nothing that came as text or bytes will do. */
static FulcraIdentifier *
wanted_identifier(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *primary = fulcra_request_get_primary(request);
    FulcraIdentifier *identifier =
            fulcra_request_get_argument_identifier(request, "resource");

    if (identifier == NULL && primary != NULL)
        identifier = fulcra_representation_get_boxed(
                primary, FULCRA_TYPE_IDENTIFIER);
    if (identifier == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "SINK %s needs an identifier that the server's code chose: as "
                "its primary (fulcra_representation_new_identifier()), or as "
                "the reference +resource@IDENTIFIER; a text is none",
                fulcra_identifier_get_text(
                        fulcra_request_get_identifier(request)));
    return identifier;
}

/* (out) (transfer full) (nullable): what is sent on errors */
static bool
wanted_notice(
        FulcraRequest *request, FulcraRepresentation **notice, GError **error)
{
    FulcraIdentifier *identifier =
            fulcra_request_get_argument_identifier(request, "onError");
    const char *text = fulcra_request_get_argument(request, "onError");

    *notice = NULL;
    if (identifier != NULL)
        *notice = fulcra_representation_new_identifier(identifier);
    else if (text != NULL)
        *notice = fulcra_representation_new_text(text);
    else if (fulcra_request_get_n_arguments(request, "onError") > 0)
        *notice =
                fulcra_request_source_argument(request, "onError", NULL, error);
    else
        return true;
    return *notice != NULL;
}

static FulcraRepresentation *
order_subscription(FulcraRequest *request, bool ends, GError **error)
{
    FulcraIdentifier *identifier = wanted_identifier(request, error);
    g_autoptr(FulcraRepresentation) notice = NULL;
    FulcraRepresentation *deferred;

    if (identifier == NULL || !wanted_notice(request, &notice, error))
        return NULL;
    deferred = fulcra_request_defer(request);
    if (!fulcra_host_request_is_done(request)) /* it was refused: a loop */
        fulcra__handle_order_subscription(request_socket(request)->handle,
                fulcra__subscribe_order_new(ends, identifier, notice, request));
    return deferred;
}

static FulcraRepresentation *
subscribe_sink(FulcraRequest *request, GError **error)
{
    return order_subscription(request, false, error);
}

static FulcraRepresentation *
unsubscribe_sink(FulcraRequest *request, GError **error)
{
    return order_subscription(request, true, error);
}

/* --- socket:/ --- */

#define VALUES_MAX   64
#define VALUES_BYTES 65536

/* Made on first use, so that a socket which keeps nothing costs nothing. */
static FulcraValues *
request_values(FulcraRequest *request)
{
    static const FulcraValuesLimits limits = { "socket", "a socket", VALUES_MAX,
        VALUES_BYTES };
    _Atomic(FulcraValues *) *slot =
            &fulcra__socket_need_more(request_socket(request))->values;
    FulcraValues *made, *there = atomic_load(slot);

    if (there != NULL)
        return there;
    made = fulcra_host_values_new(&limits);
    if (atomic_compare_exchange_strong(slot, &there, made))
        return made;
    fulcra_host_values_free(made);
    return there;
}

static FulcraRepresentation *
value_source(FulcraRequest *request, GError **error)
{
    const char *key = fulcra_request_get_argument(request, "key");
    FulcraRepresentation *value =
            fulcra_host_values_find(request_values(request), key);

    if (value == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
                "socket:/%s: this socket has no such value", key);
    return value;
}

static FulcraRepresentation *
value_sink(FulcraRequest *request, GError **error)
{
    const char *key = fulcra_request_get_argument(request, "key");
    FulcraRepresentation *primary = fulcra_request_get_primary(request);

    if (primary == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "SINK socket:/%s needs the value as its primary", key);
    else
        fulcra_host_values_put(request_values(request), key, primary, error);
    return NULL;
}

static FulcraRepresentation *
value_delete(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_bool(
            fulcra_host_values_remove(request_values(request),
                    fulcra_request_get_argument(request, "key")));
}

static FulcraRepresentation *
value_exists(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) value =
            fulcra_host_values_find(request_values(request),
                    fulcra_request_get_argument(request, "key"));

    return fulcra_representation_new_bool(value != NULL);
}

/* --- the spaces and the class --- */

static void
bind(FulcraSpace *space, const char *id, const char *grammar, FulcraVerbs verbs,
        const FulcraEndpointOps *ops)
{
    FulcraEndpoint *endpoint = fulcra_host_endpoint_new(id, ops, NULL, NULL);
    g_autoptr(GError) error = NULL;

    if (!fulcra_host_space_bind(
                space, grammar, verbs, FULCRA_ENTRY_PUBLIC, endpoint, &error))
        g_error("%s: %s", grammar, error->message);
    fulcra_host_endpoint_unref(endpoint);
}

static FulcraSpace *
response_space(void)
{
    static const FulcraEndpointOps message = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .sink = message_sink,
    };
    static const FulcraEndpointOps disconnect = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .sink = disconnect_sink,
    };
    static const FulcraEndpointOps subscribe = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .sink = subscribe_sink,
    };
    static const FulcraEndpointOps unsubscribe = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .sink = unsubscribe_sink,
    };
    FulcraSpace *space = fulcra_host_space_new("urn:fulcra:websocket:response");

    bind(space, "wsResponse.message", "wsResponse:/message",
            1u << FULCRA_VERB_SINK, &message);
    bind(space, "wsResponse.disconnect", "wsResponse:/disconnect",
            1u << FULCRA_VERB_SINK, &disconnect);
    bind(space, "wsResponse.subscribe",
            "wsResponse:/subscribe+resource@{}?+onError@{}?",
            1u << FULCRA_VERB_SINK, &subscribe);
    bind(space, "wsResponse.unsubscribe",
            "wsResponse:/unsubscribe+resource@{}?+onError@{}?",
            1u << FULCRA_VERB_SINK, &unsubscribe);
    return fulcra_host_space_seal(space);
}

static FulcraSpace *
values_space(void)
{
    static const FulcraEndpointOps value = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .source = value_source,
        .sink = value_sink,
        .delete_resource = value_delete,
        .exists = value_exists,
    };
    FulcraSpace *space = fulcra_host_space_new("urn:fulcra:websocket:values");

    bind(space, "socket.value", "socket:/{key}",
            1u << FULCRA_VERB_SOURCE | 1u << FULCRA_VERB_SINK |
                    1u << FULCRA_VERB_DELETE | 1u << FULCRA_VERB_EXISTS,
            &value);
    return fulcra_host_space_seal(space);
}

static void
layer_free(FulcraContext *layer)
{
    FulcraWebSocket *self = (FulcraWebSocket *)layer;
    FulcraSocketMore *more = fulcra__socket_get_more(self);

    if (more != NULL)
        fulcra_host_values_free(atomic_load(&more->values));
    g_free(more);
    fulcra_socket_unref(&self->handle->base);
}

static FulcraSocket *
layer_get_socket(FulcraContext *layer)
{
    return &((FulcraWebSocket *)layer)->handle->base;
}

static FulcraContextScheme schemes[2];
static FulcraContextClass socket_class = {
    .name = "socket",
    .n_schemes = G_N_ELEMENTS(schemes),
    .schemes = schemes,
    .free = layer_free,
    .get_socket = layer_get_socket,
};

static void
class_make(void)
{
    schemes[0] = (FulcraContextScheme){ fulcra_intern("wsResponse"),
        response_space() };
    schemes[1] =
            (FulcraContextScheme){ fulcra_intern("socket"), values_space() };
}

const FulcraContextClass *
fulcra__socket_class(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, class_make);
    return &socket_class;
}
