/* SPDX-License-Identifier: MIT */

/*
 * json.c - members of JSON resources
 *
 *     active:json+operand@res:/order+path@lines[0].price
 *
 * The operand is asked for as FULCRA_TYPE_JSON, so the kernel parses it, once
 * however many members are asked for. A member that is an object or an array is
 * answered as JSON, any other as the plain type that it has.
 */

#include "path.h"
#include <fulcra/fulcra.h>
#include <json-glib/json-glib.h>

/* What is asked for, and the node that it is in. */
typedef struct {
    FulcraRepresentation *operand;
    JsonNode *node; /* (nullable): there is no such member */
} Member;

/* False with @error where the operand or the path is at fault; @why, a text of
 * the caller's, says where the walk ended if there is no such member. */
static bool
find(FulcraRequest *request, Member *member, GString *why, GError **error)
{
    const char *path = fulcra_request_get_argument(request, "path");

    if (path == NULL && fulcra_request_get_n_arguments(request, "path") > 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "the path must be a text, as in +path@a.b[0]");
        return false;
    }
    member->operand = fulcra_request_source_argument(
            request, "operand", FULCRA_TYPE_JSON, error);
    if (member->operand == NULL)
        return false;

    JsonNode *root = fulcra_representation_get_json(member->operand);
    if (json_path_find(
                root, path != NULL ? path : "", &member->node, why, error))
        return true;
    fulcra_representation_unref(member->operand);
    return false;
}

/* A string, a number, true, false or null. */
static FulcraRepresentation *
value_to_representation(JsonNode *node)
{
    switch (json_node_get_value_type(node)) {
    case G_TYPE_STRING:
        return fulcra_representation_new_text(json_node_get_string(node));
    case G_TYPE_BOOLEAN:
        return fulcra_representation_new_bool(json_node_get_boolean(node));
    case G_TYPE_INT64:
        return fulcra_representation_new_int(json_node_get_int(node));
    default: {
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        return fulcra_representation_new_text(g_ascii_dtostr(
                number, sizeof number, json_node_get_double(node)));
    }
    }
}

/* A part of the operand, which is not copied. */
static FulcraRepresentation *
member_to_representation(const Member *member)
{
    FulcraRepresentation *part =
            JSON_NODE_HOLDS_VALUE(member->node)
                    ? value_to_representation(member->node)
                    : fulcra_representation_new_boxed(
                              FULCRA_TYPE_JSON, member->node, NULL);

    return fulcra_representation_with_whole(part, member->operand);
}

static FulcraRepresentation *
member_source(FulcraRequest *request, GError **error)
{
    Member member = { NULL, NULL };
    g_autoptr(GString) why = g_string_new(NULL);
    FulcraRepresentation *answer = NULL;

    if (!find(request, &member, why, error))
        return NULL;
    if (member.node == NULL)
        g_set_error(
                error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "%s", why->str);
    else
        answer = member_to_representation(&member);
    fulcra_representation_unref(member.operand);
    return answer;
}

static FulcraRepresentation *
member_exists(FulcraRequest *request, GError **error)
{
    Member member = { NULL, NULL };
    g_autoptr(GString) why = g_string_new(NULL);

    if (!find(request, &member, why, error))
        return NULL;
    fulcra_representation_unref(member.operand);
    return fulcra_representation_new_bool(member.node != NULL);
}

static const FulcraEndpointOps member_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = member_source,
    .exists = member_exists,
};

static bool
json_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(
            module, "member", &member_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("json", json_load)
