/* SPDX-License-Identifier: MIT */
/*
 * topics - messages that go to all who are subscribed; README.md says how
 *
 * The topics are the server's, found by their keys: nothing is kept here, so
 * the module may be replaced at any time. Everything is INLINE: a publication
 * takes note of the message for each event loop, and returns.
 */

#include <fulcra/fulcra.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define LONGEST_NAME 64
#define FAMILY       ":family" /* ends the key of what a family hears */
#define NAMED        1000000   /* subscribers that are listed */

/* --- which topic --- */

static bool
name_is_valid(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "0123456789._~-");

    return length > 0 && length <= LONGEST_NAME && name[length] == '\0';
}

/* "topic:NAME", and what @end is. (transfer full) */
static char *
get_key(FulcraRequest *request, const char *end, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");

    if (name != NULL && name_is_valid(name))
        return g_strconcat("topic:", name, end, NULL);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "\"%.*s\" names no topic: a name is 1 to %d letters, digits and "
            "\"._~-\", and stands for one topic: there are no wildcards; "
            "active:topicFamily follows what is beneath a name",
            2 * LONGEST_NAME, name == NULL ? "" : name, LONGEST_NAME);
    return NULL;
}

static int64_t
get_setting(FulcraRequest *request, FulcraIdentifier *setting, GError **error)
{
    g_autoptr(FulcraRepresentation) value =
            fulcra_request_source(request, setting, FULCRA_TYPE_INT, error);

    return value == NULL ? -1 : fulcra_representation_get_int(value);
}

/* A message goes to as many families as its name has levels. */
static bool
check_depth(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    int64_t most = get_setting(request, FULCRA_ID("setting:/depth"), error);
    int64_t depth = 1;

    for (const char *at = name; (at = strchr(at, '.')) != NULL; at++)
        depth++;
    if (most >= 0 && depth > most)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "\"%s\" has %" G_GINT64_FORMAT
                " levels: topics have up to %" G_GINT64_FORMAT,
                name, depth, most);
    return depth <= most;
}

/* @end: "" or FAMILY. (transfer full) (nullable) */
static FulcraTopic *
open_topic(FulcraRequest *request, const char *end, GError **error)
{
    g_autofree char *key = get_key(request, end, error);
    FulcraTopic *topic = key == NULL ? NULL : fulcra_topic_find(request, key);
    int64_t most;

    if (key == NULL || topic != NULL)
        return topic;
    if (!check_depth(request, error))
        return NULL;
    most = get_setting(request, FULCRA_ID("setting:/topics"), error);
    if (most < 0)
        return NULL;
    return fulcra_topic_open(request, key, (unsigned)most, error);
}

/* What is asked about; that there is none is no error. */
static bool
find_topic(FulcraRequest *request, const char *end, FulcraTopic **topic,
        GError **error)
{
    g_autofree char *key = get_key(request, end, error);
    g_autofree char *presence = g_strconcat(key, ":presence", NULL);

    if (key == NULL)
        return false;
    fulcra_request_attach_key(request, key);
    fulcra_request_attach_key(request, presence);
    *topic = fulcra_topic_find(request, key);
    return true;
}

/* --- publishing --- */

static bool
check_size(FulcraRequest *request, size_t size, GError **error)
{
    int64_t most = get_setting(request, FULCRA_ID("setting:/message"), error);

    if (most >= 0 && size > (size_t)most)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "a message of %zu bytes: topics take up to %" G_GINT64_FORMAT,
                size, most);
    return most >= 0 && size <= (size_t)most;
}

/* To those who follow NAME and what is beneath: of "a.b" these are "a.b", "a".
 */
static void
publish_to_families(
        FulcraRequest *request, const char *name, FulcraRepresentation *message)
{
    char key[sizeof "topic:" + LONGEST_NAME + sizeof FAMILY] = "topic:";
    char *begin = key + strlen(key);

    memcpy(begin, name, strlen(name));
    for (char *end = begin + strlen(name); end != NULL;
            end = g_strrstr_len(begin, end - begin, ".")) {
        memcpy(end, FAMILY, sizeof FAMILY);
        g_autoptr(FulcraTopic) family = fulcra_topic_find(request, key);
        if (family != NULL)
            fulcra_topic_publish(family, message);
    }
}

/* U+0000 is as good a character as any. */
static bool
is_utf8(const char *bytes, size_t length)
{
    const char *end = bytes + length;

    while (!g_utf8_validate(bytes, end - bytes, &bytes)) {
        if (*bytes != '\0')
            return false;
        bytes++;
    }
    return true;
}

static bool
publish_primary(FulcraRequest *request, bool raw, GError **error)
{
    FulcraRepresentation *primary = fulcra_request_get_primary(request);
    size_t length = 0;
    const char *bytes =
            primary == NULL ? NULL
                            : fulcra_representation_get_bytes(primary, &length);
    g_autoptr(FulcraRepresentation) message = NULL;
    g_autoptr(FulcraTopic) topic = NULL;

    if (bytes == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a message to a topic is text or bytes, as the primary");
        return false;
    }
    if (!check_size(request, length, error))
        return false;
    message = fulcra_representation_ref(primary);
    if (raw)
        message = fulcra_representation_with_type(message,
                is_utf8(bytes, length) ? FULCRA_TYPE_TEXT : FULCRA_TYPE_BYTES);
    topic = open_topic(request, "", error);
    if (topic == NULL)
        return false;
    fulcra_topic_publish(topic, message);
    publish_to_families(
            request, fulcra_request_get_argument(request, "name"), message);
    return true;
}

/* --- topic:/NAME --- */

static FulcraRepresentation *
follow(FulcraRequest *request, const char *end, GError **error)
{
    g_autoptr(FulcraTopic) topic = open_topic(request, end, error);

    return topic == NULL ? NULL : fulcra_representation_new_topic(topic);
}

static FulcraRepresentation *
topic_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraTopic) topic = NULL;
    FulcraRepresentation *last;

    if (fulcra_request_is_subscription(request))
        return follow(request, "", error);
    if (!find_topic(request, "", &topic, error))
        return NULL;
    last = topic == NULL ? NULL : fulcra_topic_get_last(topic);
    if (last == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
                "nothing was published to the topic yet");
    return last;
}

static FulcraRepresentation *
topic_sink(FulcraRequest *request, GError **error)
{
    publish_primary(request, false, error);
    return NULL;
}

static FulcraRepresentation *
topic_exists(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraTopic) topic = NULL;

    if (!find_topic(request, "", &topic, error))
        return NULL;
    return fulcra_representation_new_bool(
            topic != NULL &&
            (fulcra_topic_get_n_published(topic) > 0 ||
                    fulcra_topic_get_n_subscribers(topic) > 0));
}

static FulcraRepresentation *
describe(FulcraRequest *request, const char *end, GError **error)
{
    g_autoptr(FulcraTopic) topic = NULL;
    JsonObject *meta;
    JsonNode *node;
    int64_t at;

    if (!find_topic(request, end, &topic, error))
        return NULL;
    meta = json_object_new();
    at = topic == NULL ? 0 : fulcra_topic_get_published_at(topic);
    json_object_set_int_member(meta, "subscribers",
            topic == NULL ? 0 : fulcra_topic_get_n_subscribers(topic));
    json_object_set_int_member(meta, "published",
            topic == NULL ? 0 : (int64_t)fulcra_topic_get_n_published(topic));
    if (at > 0)
        json_object_set_int_member(meta, "last", at / 1000);
    node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, meta);
    return fulcra_representation_new_json(node);
}

static FulcraRepresentation *
topic_meta(FulcraRequest *request, GError **error)
{
    return describe(request, "", error);
}

/* Who is subscribed stays so. */
static FulcraRepresentation *
topic_delete(FulcraRequest *request, GError **error)
{
    g_autofree char *key = get_key(request, "", error);
    g_autoptr(FulcraTopic) topic =
            key == NULL ? NULL : fulcra_topic_find(request, key);
    bool was_there;

    if (key == NULL)
        return NULL;
    was_there = topic != NULL && fulcra_topic_get_n_published(topic) > 0;
    if (topic != NULL)
        fulcra_topic_clear(topic);
    return fulcra_representation_new_bool(was_there);
}

/* --- topic:/NAME/subscribers --- */

static FulcraRepresentation *
subscribers_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraTopic) topic = NULL;
    g_autoptr(GPtrArray) sockets = NULL;
    JsonArray *ids;
    JsonNode *node;

    if (!find_topic(request, "", &topic, error))
        return NULL;
    ids = json_array_new();
    if (topic != NULL)
        sockets = fulcra_topic_list_subscribers(topic, NAMED);
    for (unsigned i = 0; sockets != NULL && i < sockets->len; i++) {
        g_autofree char *id = fulcra_socket_get_id(sockets->pdata[i]);

        if (id != NULL) /* its NEW is not answered yet */
            json_array_add_string_element(ids, id);
    }
    node = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(node, ids);
    return fulcra_representation_new_json(node);
}

/* --- active:topicFamily: a topic and all beneath it --- */

static FulcraRepresentation *
family_source(FulcraRequest *request, GError **error)
{
    if (fulcra_request_is_subscription(request))
        return follow(request, FAMILY, error);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "a family of topics is for subscriptions: each topic has a last "
            "message, a family has none");
    return NULL;
}

static FulcraRepresentation *
family_meta(FulcraRequest *request, GError **error)
{
    return describe(request, FAMILY, error);
}

/* --- active:topicRoom: every socket is a subscriber, and publishes --- */

static FulcraRepresentation *
room_new(FulcraRequest *request, GError **error)
{
    FulcraSocket *socket = fulcra_request_get_socket(request);
    g_autoptr(FulcraTopic) topic = NULL;

    if (socket == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a room is for WebSockets");
        return NULL;
    }
    topic = open_topic(request, "", error);
    if (topic != NULL)
        fulcra_topic_subscribe(topic, socket, error);
    return NULL;
}

/* The socket has left when this comes. */
static FulcraRepresentation *
room_delete(FulcraRequest *request, GError **error)
{
    return NULL;
}

/* --- active:topicPublish: the body is the message, whatever it is said to be
 * --- */

static FulcraRepresentation *
publish_new(FulcraRequest *request, GError **error)
{
    if (!publish_primary(request, true, error))
        return NULL;
    return fulcra_representation_with_header(
            fulcra_representation_new_text("published\n"), "httpResponse:/code",
            "201");
}

static const FulcraEndpointOps topic_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = topic_source,
    .sink = topic_sink,
    .delete_resource = topic_delete,
    .exists = topic_exists,
    .meta = topic_meta,
};

static const FulcraEndpointOps subscribers_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = subscribers_source,
};

static const FulcraEndpointOps family_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = family_source,
    .meta = family_meta,
};

static const FulcraEndpointOps room_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = room_new,
    .sink = topic_sink,
    .delete_resource = room_delete,
};

static const FulcraEndpointOps publish_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = publish_new,
};

static bool
topics_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(
                   module, "topic", &topic_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "subscribers", &subscribers_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "family", &family_ops, NULL, error) &&
           fulcra_module_add_endpoint(module, "room", &room_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "publish", &publish_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("topics", topics_load)
