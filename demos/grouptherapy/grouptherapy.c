/* SPDX-License-Identifier: MIT */
/* grouptherapy - a group chat; README.md states the protocol. SERIAL: one
 * request at a time, so nothing here needs a lock. */
#include <fulcra/fulcra.h>
#include <json-glib/json-glib.h>

static FulcraTopic *room; /* all who have joined are subscribed */
static GPtrArray *names;  /* of those; each is socket:/name of its socket */
static GPtrArray *recent; /* what was said, oldest first */

static FulcraRepresentation *
render(GVariant *message)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(message);

    return fulcra_representation_new_json(json_gvariant_serialize(owned));
}

/* @socket: (nullable): NULL for everyone */
static void
tell(FulcraSocket *socket, GVariant *message)
{
    g_autoptr(FulcraRepresentation) json = render(message);

    if (socket == NULL)
        fulcra_topic_publish(room, json);
    else
        fulcra_socket_send(socket, json, NULL);
}

static FulcraRepresentation *
refuse(FulcraRequest *request, const char *code, const char *why)
{
    tell(fulcra_request_get_socket(request),
            g_variant_new_parsed("{'type': <'error'>, 'code': <%s>,"
                                 " 'message': <%s>}",
                    code, why));
    return NULL;
}

static GVariant *
list_names(void)
{
    return g_variant_new_strv(
            (const char *const *)names->pdata, (gssize)names->len);
}

static FulcraRepresentation *
chat_join(FulcraRequest *request, char *name)
{
    FulcraSocket *socket = fulcra_request_get_socket(request);
    g_autoptr(FulcraRepresentation) kept = NULL;

    if (*g_strstrip(name) == '\0' || g_utf8_strlen(name, -1) > 32)
        return refuse(request, "bad-name", "a name has 1 to 32 characters");
    if (g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        return refuse(request, "name-taken", "someone here has that name");
    kept = fulcra_representation_new_text(name);
    fulcra_request_sink(request, FULCRA_ID("socket:/name"), kept, NULL);
    tell(NULL, g_variant_new_parsed("{'type': <'join'>, 'name': <%s>}", name));
    g_ptr_array_add(names, g_strdup(name));
    tell(socket,
            g_variant_new_parsed("{'type': <'welcome'>, 'you': <%s>,"
                                 " 'members': <%@as>, 'recent': <%@aa{sv}>}",
                    name, list_names(),
                    g_variant_new_array(G_VARIANT_TYPE_VARDICT,
                            (GVariant *const *)recent->pdata, recent->len)));
    fulcra_topic_subscribe(room, socket, NULL);
    return NULL;
}

static FulcraRepresentation *
chat_say(FulcraRequest *request, const char *name, const char *text)
{
    g_autoptr(FulcraRepresentation) keep = fulcra_request_source(
            request, FULCRA_ID("setting:/recent"), FULCRA_TYPE_INT, NULL);
    GVariant *said;

    if (*text == '\0' || g_utf8_strlen(text, -1) > 2000)
        return refuse(request, "bad-text", "a text has 1 to 2000 characters");
    said = g_variant_new_parsed(
            "{'type': <'say'>, 'from': <%s>, 'text': <%s>, 'at': <%x>}", name,
            text, g_get_real_time() / 1000);
    g_ptr_array_add(recent, g_variant_ref_sink(said));
    tell(NULL, said);
    while (recent->len > (size_t)fulcra_representation_get_int(keep))
        g_ptr_array_remove_index(recent, 0);
    return NULL;
}

/* The text under @key; empty where there is none. (transfer full) */
static char *
get_text(JsonObject *message, const char *key)
{
    JsonNode *node = json_object_get_member(message, key);
    bool is_text = node && json_node_get_value_type(node) == G_TYPE_STRING;

    return g_strdup(is_text ? json_node_get_string(node) : "");
}

static FulcraRepresentation *
chat_take(FulcraRequest *request, JsonObject *message)
{
    g_autoptr(FulcraRepresentation) kept = fulcra_request_source(
            request, FULCRA_ID("socket:/name"), FULCRA_TYPE_TEXT, NULL);
    const char *me = kept ? fulcra_representation_get_text(kept) : NULL;
    g_autofree char *type = get_text(message, "type");
    g_autofree char *name = get_text(message, "name");
    g_autofree char *text = get_text(message, "text");

    if (g_str_equal(type, "join"))
        return me == NULL
                       ? chat_join(request, name)
                       : refuse(request, "already-joined", "you have a name");
    if (g_str_equal(type, "say"))
        return me != NULL ? chat_say(request, me, text)
                          : refuse(request, "not-joined", "join first");
    return refuse(request, "unknown-type", "a type is join or say");
}

/* A message arrives. Whatever is wrong with it, the socket stays open. */
static FulcraRepresentation *
chat_sink(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) json =
            fulcra_request_source_primary(request, FULCRA_TYPE_JSON, NULL);
    JsonNode *node = json ? fulcra_representation_get_json(json) : NULL;

    if (fulcra_request_get_socket(request) == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a chat needs a WebSocket to answer on");
        return NULL;
    }
    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
        return refuse(request, "not-json", "a message is a JSON object");
    return chat_take(request, json_node_get_object(node));
}

/* A socket opens; it is in the room once it says "join". */
static FulcraRepresentation *
chat_new(FulcraRequest *request, GError **error)
{
    return NULL;
}

static FulcraRepresentation *
chat_delete(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) kept = fulcra_request_source(
            request, FULCRA_ID("socket:/name"), FULCRA_TYPE_TEXT, NULL);
    const char *name = kept ? fulcra_representation_get_text(kept) : NULL;
    unsigned at;

    if (name == NULL ||
            !g_ptr_array_find_with_equal_func(names, name, g_str_equal, &at))
        return NULL;
    g_ptr_array_remove_index(names, at);
    tell(NULL, g_variant_new_parsed("{'type': <'leave'>, 'name': <%s>}", name));
    return NULL;
}

static FulcraRepresentation *
chat_source(FulcraRequest *request, GError **error)
{
    return render(g_variant_new_parsed("{'members': <%@as>}", list_names()));
}

static const FulcraEndpointOps chat_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = chat_source, /* as res:/demo/grouptherapy/members */
    .new_resource = chat_new,
    .sink = chat_sink,
    .delete_resource = chat_delete,
};

static bool
grouptherapy_load(FulcraModule *module, GError **error)
{
    room = fulcra_topic_new("grouptherapy");
    names = g_ptr_array_new_with_free_func(g_free);
    recent = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
    return fulcra_module_add_endpoint(module, "chat", &chat_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("grouptherapy", grouptherapy_load)
