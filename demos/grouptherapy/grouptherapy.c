/* SPDX-License-Identifier: MIT */
/* grouptherapy - a group chat; README.md states the protocol, module.json what
 * becomes of each message. SERIAL: one request at a time. */
#include <fulcra/fulcra.h>

static FulcraRepresentation *
chat_join(FulcraRequest *request, GError **error)
{
    FulcraTopic *room = fulcra_topic_get(request, "grouptherapy");
    FulcraSocket *socket = fulcra_request_get_socket(request);
    const char *name = fulcra_request_get_argument(request, "name");

    if (!fulcra_topic_join(room, socket, name, error))
        return NULL;
    fulcra_topic_publish_json(room, "{'type': <'join'>, 'name': <%s>}", name);
    fulcra_socket_send_json(socket, NULL,
            "{'type': <'welcome'>, 'you': <%s>,"
            " 'members': <%@as>, 'recent': <%@av>}",
            name, fulcra_topic_list_names(room), fulcra_topic_get_kept(room));
    fulcra_topic_subscribe(room, socket, error);
    return NULL;
}

static FulcraRepresentation *
chat_say(FulcraRequest *request, GError **error)
{
    FulcraTopic *room = fulcra_topic_get(request, "grouptherapy");
    FulcraRepresentation *text = fulcra_request_get_primary(request);
    g_autofree char *name = fulcra_topic_get_name(
            room, fulcra_request_get_socket(request), error);

    if (name != NULL)
        fulcra_topic_publish_kept(room,
                (unsigned)fulcra_request_source_setting(request, "recent"),
                "{'type': <'say'>, 'from': <%s>, 'text': <%s>, 'at': <%x>}",
                name, fulcra_representation_get_text(text),
                g_get_real_time() / 1000);
    return NULL;
}

static FulcraRepresentation *
chat_leave(FulcraRequest *request, GError **error)
{
    FulcraTopic *room = fulcra_topic_get(request, "grouptherapy");
    g_autofree char *name =
            fulcra_topic_leave(room, fulcra_request_get_socket(request));

    if (name != NULL)
        fulcra_topic_publish_json(
                room, "{'type': <'leave'>, 'name': <%s>}", name);
    return NULL;
}

static FulcraRepresentation *
chat_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_json_printf("{'members': <%@as>}",
            fulcra_topic_list_names(fulcra_topic_get(request, "grouptherapy")));
}

FULCRA_MODULE_DEFINE_ENDPOINT("grouptherapy", "chat", .new_resource = chat_join,
        .sink = chat_say, .delete_resource = chat_leave, .source = chat_source)
