/* SPDX-License-Identifier: MIT */
/*
 * grouptherapy - a group chat; README.md states the protocol
 *
 * SERIAL: one request at a time, so nothing here needs a lock. What a client
 * says is data: compared, bounded, passed on, and never an identifier.
 */

#include "room.h"
#include <json-glib/json-glib.h>

/* The text under @key; empty where there is none. */
static const char *
get_text(JsonObject *message, const char *key)
{
    JsonNode *node = message ? json_object_get_member(message, key) : NULL;

    if (node == NULL || json_node_get_value_type(node) != G_TYPE_STRING)
        return "";
    return json_node_get_string(node);
}

static void
chat_join(FulcraSocket *socket, const char *given)
{
    g_autofree char *name = g_strstrip(g_strdup(given));

    if (room_get_name(socket) != NULL)
        room_refuse(socket, "already-joined", "you have a name");
    else if (*name == '\0' || g_utf8_strlen(name, -1) > 32)
        room_refuse(socket, "bad-name", "a name has 1 to 32 characters");
    else if (room_has_name(name))
        room_refuse(socket, "name-taken", "someone here has that name");
    else
        room_join(socket, name);
}

static void
chat_say(FulcraSocket *socket, const char *text, size_t keep)
{
    const char *name = room_get_name(socket);

    if (name == NULL)
        room_refuse(socket, "not-joined", "join first");
    else if (*text == '\0' || g_utf8_strlen(text, -1) > 2000)
        room_refuse(socket, "bad-text", "a text has 1 to 2000 characters");
    else
        room_say(name, text, keep);
}

/* A socket opens; it is in the room once it says "join". */
static FulcraRepresentation *
chat_new(FulcraRequest *request, GError **error)
{
    return NULL;
}

/* A message arrives. Whatever is wrong with it, the socket stays open. */
static FulcraRepresentation *
chat_sink(FulcraRequest *request, GError **error)
{
    FulcraSocket *socket = fulcra_request_get_socket(request);
    g_autoptr(FulcraRepresentation) keep = fulcra_request_source(
            request, FULCRA_ID("setting:/recent"), FULCRA_TYPE_INT, error);
    g_autoptr(FulcraRepresentation) json =
            fulcra_request_source_primary(request, FULCRA_TYPE_JSON, NULL);
    JsonNode *node = json ? fulcra_representation_get_json(json) : NULL;
    bool is_object = node != NULL && JSON_NODE_HOLDS_OBJECT(node);
    JsonObject *message = is_object ? json_node_get_object(node) : NULL;
    const char *type = get_text(message, "type");

    if (keep == NULL)
        return NULL;
    if (socket == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a chat needs a WebSocket to answer on");
    else if (message == NULL)
        room_refuse(socket, "not-json", "a message is a JSON object");
    else if (g_str_equal(type, "join"))
        chat_join(socket, get_text(message, "name"));
    else if (g_str_equal(type, "say"))
        chat_say(socket, get_text(message, "text"),
                (size_t)fulcra_representation_get_int(keep));
    else
        room_refuse(socket, "unknown-type", "a type is join or say");
    return NULL;
}

static FulcraRepresentation *
chat_delete(FulcraRequest *request, GError **error)
{
    room_leave(fulcra_request_get_socket(request));
    return NULL;
}

static const FulcraEndpointOps chat_ops = {
    .size = sizeof(FulcraEndpointOps),
    .new_resource = chat_new,
    .sink = chat_sink,
    .delete_resource = chat_delete,
};

static const FulcraEndpointOps members_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = room_source_members,
};

static bool
grouptherapy_load(FulcraModule *module, GError **error)
{
    room_open();
    return fulcra_module_add_endpoint(module, "chat", &chat_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "members", &members_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("grouptherapy", grouptherapy_load)
