/* SPDX-License-Identifier: MIT */

/*
 * messages.c - the kind "messages": each JSON message of a socket is a request
 *
 * Runs on the event loop and waits for nothing: the request of a message is
 * issued and answers the SINK when it is done, so that messages of one socket
 * are handled one after the other. What is wrong with a message, or what its
 * request fails with, is told to the client and ends nothing.
 */

#include "spaces/kinds.h"
#include "spaces/mapper_map.h"
#include "spaces/message_type.h"
#include <fulcra-host/stats.h>
#include <fulcra/fulcra.h>

#define MAX_TYPES 64

typedef struct {
    char *by;          /* the member that tells the types apart */
    char *unknown;     /* the code where it does not */
    char *names;       /* of all types, for people */
    GHashTable *types; /* name -> FulcraMessageType */
    FulcraDeclaredRequest *open, *close; /* (nullable), both */
} Messages;

static void
messages_free(void *data)
{
    Messages *self = data;

    g_free(self->by);
    g_free(self->unknown);
    g_free(self->names);
    g_hash_table_unref(self->types);
    fulcra_host_declared_request_free(self->open);
    fulcra_host_declared_request_free(self->close);
    g_free(self);
}

/* --- telling what is wrong --- */

/* What the server knows of a failure stays in its log: only a refusal was
 * written for the client. */
static void
tell(FulcraRequest *request, const GError *error)
{
    FulcraSocket *socket = fulcra_request_get_socket(request);
    const char *code = fulcra_error_get_refusal(error);
    const char *message = error->message;

    if (code == NULL) {
        fulcra_host_stats_add(FULCRA_STAT_SINKS_FAILED, 1);
        fulcra_log_warning(request, "a message failed: %s", error->message);
        code = fulcra_error_id(error->domain == FULCRA_ERROR
                                       ? (FulcraErrorCode)error->code
                                       : FULCRA_ERROR_FAILED);
        message = "this message could not be handled";
    }
    fulcra_socket_send_json(socket, NULL,
            "{'type': <'error'>, 'code': <%s>, 'message': <%s>}", code,
            message);
}

/* --- SINK --- */

/* What nobody can be told, and what the transport answers in its own way. */
static bool
ends_the_turn(const GError *error)
{
    return g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_CANCELLED) ||
           g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_TIMEOUT);
}

static void
message_answered(FulcraRequest *made, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraRequest *request = user_data; /* its deferral holds it */

    (void)made;
    if (error != NULL && ends_the_turn(error)) {
        fulcra_request_fail(request, g_error_copy(error));
        return;
    }
    if (error != NULL)
        tell(request, error);
    else if (!fulcra_representation_has_type(answer, FULCRA_TYPE_NONE))
        fulcra_socket_send(fulcra_request_get_socket(request), answer, NULL);
    fulcra_request_respond(request, NULL);
}

/* (transfer full) (nullable): the message, which holds an object */
static FulcraRepresentation *
read_json(FulcraRequest *request, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(FulcraRepresentation) json =
            fulcra_request_source_primary(request, FULCRA_TYPE_JSON, &reason);

    if (json != NULL &&
            JSON_NODE_HOLDS_OBJECT(fulcra_representation_get_json(json)))
        return g_steal_pointer(&json);
    fulcra_error_refuse(error, "not-json", "%s",
            reason != NULL ? reason->message : "a message is a JSON object");
    return NULL;
}

static const FulcraMessageType *
find_type(const Messages *self, JsonObject *message, GError **error)
{
    JsonNode *by = json_object_get_member(message, self->by);
    bool is_text = by != NULL && json_node_get_value_type(by) == G_TYPE_STRING;
    const FulcraMessageType *type =
            is_text ? g_hash_table_lookup(self->types, json_node_get_string(by))
                    : NULL;

    if (type == NULL)
        fulcra_error_refuse(error, self->unknown, "%s is one of: %s", self->by,
                self->names);
    return type;
}

/* (transfer full) (nullable): what @request, a message, asks for */
static FulcraRequest *
make_request(const Messages *self, FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) json = read_json(request, error);
    JsonObject *message =
            json != NULL
                    ? json_node_get_object(fulcra_representation_get_json(json))
                    : NULL;
    const FulcraMessageType *type =
            message != NULL ? find_type(self, message, error) : NULL;
    FulcraMessageFields fields;
    FulcraRequest *made = NULL;

    if (type == NULL)
        return NULL;
    if (fulcra__message_type_read(type, message, &fields, error))
        made = fulcra__message_type_make(type, request, &fields, error);
    fulcra__message_fields_clear(&fields);
    return made;
}

static FulcraRepresentation *
messages_sink(FulcraRequest *request, GError **error)
{
    const Messages *self = fulcra_request_get_data(request);
    g_autoptr(GError) wrong = NULL;
    g_autoptr(FulcraRequest) made = NULL;
    FulcraRepresentation *deferred;

    if (fulcra_request_get_socket(request) == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a message needs a WebSocket to be answered on");
        return NULL;
    }
    made = make_request(self, request, &wrong);
    if (made == NULL) {
        tell(request, wrong);
        return NULL;
    }
    deferred = fulcra_request_defer(request);
    fulcra_request_issue_async(made, message_answered, request);
    return deferred;
}

/* --- NEW and DELETE --- */

static void
turn_answered(FulcraRequest *made, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraRequest *request = user_data; /* its deferral holds it */

    (void)made;
    (void)answer;
    if (error != NULL)
        fulcra_request_fail(request, g_error_copy(error));
    else
        fulcra_request_respond(request, NULL);
}

/* @declared: (nullable): then there is nothing to ask */
static FulcraRepresentation *
ask(FulcraRequest *request, const FulcraDeclaredRequest *declared)
{
    const FulcraDeclaredUse use = { .verb = fulcra_request_get_verb(request) };
    FulcraRepresentation *deferred;

    if (declared == NULL)
        return NULL;
    deferred = fulcra_request_defer(request);
    fulcra_host_declared_request_ask(
            declared, request, &use, turn_answered, request);
    return deferred;
}

static FulcraRepresentation *
messages_new(FulcraRequest *request, GError **error)
{
    const Messages *self = fulcra_request_get_data(request);

    (void)error;
    return ask(request, self->open);
}

static FulcraRepresentation *
messages_delete(FulcraRequest *request, GError **error)
{
    const Messages *self = fulcra_request_get_data(request);

    (void)error;
    return ask(request, self->close);
}

static const FulcraEndpointOps messages_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .sink = messages_sink,
    .new_resource = messages_new,
    .delete_resource = messages_delete,
    .destroy = messages_free,
};

/* --- building one from a definition --- */

static const FulcraSchemaKey messages_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "the sockets whose messages these are: of `ws:`" },
    { "by", FULCRA_SCHEMA_TEXT, .fallback = "type",
            .help = "the member of a message that says of which type it is" },
    { "types", FULCRA_SCHEMA_MAP, .required = true,
            .of = &fulcra__message_type_schema,
            .help = "what a client may send" },
    { "open", FULCRA_SCHEMA_TEXT_OR_OBJECT,
            .of = &fulcra_host_declared_request_schema,
            .help = "what is asked when a socket opens, `NEW` without a "
                    "`verb`: where that fails, the handshake is refused; every "
                    "socket is accepted unless it is given" },
    { "close", FULCRA_SCHEMA_TEXT_OR_OBJECT,
            .of = &fulcra_host_declared_request_schema,
            .help = "what is asked when one has closed, `DELETE` without a "
                    "`verb`" },
    { NULL },
};

static const FulcraSchema messages_schema = { "messages", messages_keys, NULL,
    "Makes a request of each JSON message of a WebSocket." };

static void
free_type(void *type)
{
    fulcra__message_type_free(type);
}

static void
build_types(FulcraEntry *entry, Messages *self, const GPtrArray *grammars)
{
    JsonNode *node = json_object_get_member(entry->definition, "types");
    JsonObject *types = json_node_get_object(node);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    JsonObjectIter iter;
    const char *name;
    JsonNode *type;

    json_object_iter_init_ordered(&iter, types);
    while (json_object_iter_next_ordered(&iter, &name, &type)) {
        g_hash_table_insert(self->types, g_strdup(name),
                fulcra__message_type_parse(entry, grammars, type));
        g_ptr_array_add(names, (char *)name);
    }
    g_ptr_array_add(names, NULL);
    self->names = g_strjoinv(", ", (char **)names->pdata);
    if (names->len - 1 > MAX_TYPES)
        fulcra_host_entry_problem(entry, node, "%u types; the limit is %d",
                names->len - 1, MAX_TYPES);
}

/* (transfer full) (nullable) */
static FulcraDeclaredRequest *
build_request(FulcraEntry *entry, const GPtrArray *grammars, const char *key)
{
    JsonNode *node = json_object_get_member(entry->definition, key);

    return node == NULL ? NULL
                        : fulcra__grammars_parse_request(grammars,
                                  entry->document, entry->problems, node);
}

static void *
messages_build(FulcraEntry *entry)
{
    JsonNode *grammar = json_object_get_member(entry->definition, "grammar");
    g_autoptr(GPtrArray) grammars =
            fulcra__grammars_parse(entry->document, entry->problems, grammar);
    Messages *self = g_new0(Messages, 1);
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("messages", &messages_ops, self, NULL);

    self->by = g_strdup(
            fulcra_host_json_get_text(entry->definition, "by", "type"));
    self->unknown = g_strconcat("unknown-", self->by, NULL);
    self->types =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_type);
    build_types(entry, self, grammars);
    self->open = build_request(entry, grammars, "open");
    self->close = build_request(entry, grammars, "close");
    fulcra_host_entry_bind(entry, grammar,
            1u << FULCRA_VERB_NEW | 1u << FULCRA_VERB_SINK |
                    1u << FULCRA_VERB_DELETE,
            endpoint);
    return NULL;
}

const FulcraKind fulcra_kind_messages = {
    .size = sizeof(FulcraKind),
    .name = "messages",
    .schema = &messages_schema,
    .help = "messages of WebSockets to requests",
    .build = messages_build,
};
