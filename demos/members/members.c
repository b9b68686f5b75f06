/* SPDX-License-Identifier: MIT */
/*
 * members - a page and a chat for those who are logged in
 *
 * Who that is, module.json says: a gatekeeper stands in front of all this, and
 * a session in front of the gatekeeper. What is here knows of no cookies and
 * turns nobody away.
 */

#include "login.h"
#include "room.h"
#include "template.h"
#include <json-glib/json-glib.h>

static FulcraRepresentation *
page_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) user = fulcra_request_source(
            request, FULCRA_ID("session:/user"), FULCRA_TYPE_TEXT, error);
    g_autoptr(FulcraRepresentation) csrf =
            user == NULL
                    ? NULL
                    : fulcra_request_source(request, FULCRA_ID("session:/csrf"),
                              FULCRA_TYPE_TEXT, error);

    if (csrf == NULL)
        return NULL;
    const TemplateValue values[] = {
        { "user", fulcra_representation_get_text(user) },
        { "csrf", fulcra_representation_get_text(csrf) },
    };
    return template_fill(request,
            FULCRA_ID("res:/demo/members/template/members.html"), values,
            G_N_ELEMENTS(values), error);
}

static FulcraRepresentation *
logout_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) yes = fulcra_representation_new_bool(true);

    if (!fulcra_request_sink(request, FULCRA_ID("session:/logout"), yes, error))
        return NULL;
    return template_see_other("/demo/members/login");
}

/* --- the room --- */

static FulcraRepresentation *
room_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) user = fulcra_request_source(
            request, FULCRA_ID("session:/user"), FULCRA_TYPE_TEXT, error);

    if (user != NULL)
        room_enter(fulcra_request_get_socket(request),
                fulcra_representation_get_text(user));
    return NULL;
}

/* A text is said as it is, and so is that of {"type":"say","text":"..."}. */
static const char *
said(FulcraRepresentation *message, FulcraRepresentation *json)
{
    JsonNode *node = json ? fulcra_representation_get_json(json) : NULL;
    JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT(node)
                                 ? json_node_get_object(node)
                                 : NULL;
    JsonNode *text = object ? json_object_get_member(object, "text") : NULL;

    if (object == NULL)
        return fulcra_representation_has_type(message, FULCRA_TYPE_TEXT)
                       ? fulcra_representation_get_text(message)
                       : NULL;
    return text != NULL && json_node_get_value_type(text) == G_TYPE_STRING
                   ? json_node_get_string(text)
                   : NULL;
}

static FulcraRepresentation *
room_sink(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) keep = fulcra_request_source(
            request, FULCRA_ID("setting:/recent"), FULCRA_TYPE_INT, error);
    g_autoptr(FulcraRepresentation) json =
            fulcra_request_source_primary(request, FULCRA_TYPE_JSON, NULL);

    if (keep != NULL)
        room_say(fulcra_request_get_socket(request),
                said(fulcra_request_get_primary(request), json),
                (size_t)fulcra_representation_get_int(keep));
    return NULL;
}

static FulcraRepresentation *
room_delete(FulcraRequest *request, GError **error)
{
    room_leave(fulcra_request_get_socket(request));
    return NULL;
}

/* SERIAL: one request at a time, so nothing here needs a lock. */
static const FulcraEndpointOps page_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = page_source,
};
static const FulcraEndpointOps login_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = login_source,
    .new_resource = login_new,
};
static const FulcraEndpointOps logout_ops = {
    .size = sizeof(FulcraEndpointOps),
    .new_resource = logout_new,
};
static const FulcraEndpointOps room_ops = {
    .size = sizeof(FulcraEndpointOps),
    .new_resource = room_new,
    .sink = room_sink,
    .delete_resource = room_delete,
};

static bool
members_load(FulcraModule *module, GError **error)
{
    room_open();
#define ADD(id) fulcra_module_add_endpoint(module, #id, &id##_ops, NULL, error)
    return ADD(page) && ADD(login) && ADD(logout) && ADD(room);
#undef ADD
}

FULCRA_MODULE_DEFINE("members", members_load)
