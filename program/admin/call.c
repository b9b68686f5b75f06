/* SPDX-License-Identifier: MIT */

/*
 * call.c - from a request for admin:/ to the control thread, and back
 *
 * The endpoint runs on the admin plane's loop: it reads what came with the
 * request, posts the call and defers. Every call that changes something ends
 * as a line in the log, here and nowhere else.
 */

#include "call.h"
#include "admin_private.h"

#include <fulcra-host/schema.h>
#include <fulcra/log.h>
#include <string.h>

struct _FulcraAdminCall {
    FulcraTask task;
    FulcraAdmin *admin;
    const FulcraAdminResource *resource;
    FulcraRequest *request;
    FulcraRepresentation *params; /* (nullable): httpRequest:/params */
    char *who;
};

static void
call_free(FulcraAdminCall *self)
{
    fulcra_request_unref(self->request);
    g_clear_pointer(&self->params, fulcra_representation_unref);
    g_free(self->who);
    g_free(self);
}

/* --- what came with it --- */

FulcraAdmin *
fulcra_admin_call_get_admin(FulcraAdminCall *self)
{
    return self->admin;
}

FulcraRequest *
fulcra_admin_call_get_request(FulcraAdminCall *self)
{
    return self->request;
}

const char *
fulcra_admin_call_get_who(FulcraAdminCall *self)
{
    return self->who;
}

/* A repeated parameter is a list: its last value counts. (nullable) */
static const char *
get_param(FulcraAdminCall *self, const char *name)
{
    JsonNode *node = self->params != NULL
                             ? fulcra_representation_get_json(self->params)
                             : NULL;

    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
        return NULL;
    node = json_object_get_member(json_node_get_object(node), name);
    if (node != NULL && JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *list = json_node_get_array(node);

        node = json_array_get_element(list, json_array_get_length(list) - 1);
    }
    return node != NULL && json_node_get_value_type(node) == G_TYPE_STRING
                   ? json_node_get_string(node)
                   : NULL;
}

const char *
fulcra_admin_call_get(FulcraAdminCall *self, const char *name)
{
    const char *slot = fulcra_request_get_argument(self->request, name);

    return slot != NULL ? slot : get_param(self, name);
}

bool
fulcra_admin_call_get_bool(FulcraAdminCall *self, const char *name)
{
    const char *text = fulcra_admin_call_get(self, name);

    return text != NULL && strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
}

bool
fulcra_admin_call_get_number(FulcraAdminCall *self, const char *name,
        int64_t fallback, int64_t most, int64_t *number)
{
    const char *text = fulcra_admin_call_get(self, name);

    *number = fallback;
    if (text == NULL ||
            g_ascii_string_to_signed(text, 10, 0, most, number, NULL))
        return true;
    fulcra_admin_call_refuse(self,
            "%s: '%s' is not a whole number from 0 to %" G_GINT64_FORMAT, name,
            text, most);
    return false;
}

/* The first parameter that the resource does not take. (nullable) */
static const char *
find_unknown(FulcraAdminCall *self, const char *const *takes)
{
    JsonNode *node = self->params != NULL
                             ? fulcra_representation_get_json(self->params)
                             : NULL;
    JsonObjectIter iter;
    const char *name;

    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
        return NULL;
    json_object_iter_init(&iter, json_node_get_object(node));
    while (json_object_iter_next(&iter, &name, NULL))
        if (!g_strv_contains(takes, name))
            return name;
    return NULL;
}

static bool
check_known(FulcraAdminCall *self, const char *const *takes)
{
    const char *unknown = find_unknown(self, takes);

    if (unknown == NULL)
        return true;
    const char *near = fulcra_host_nearest(unknown, takes);
    fulcra_admin_call_refuse(self, "no parameter '%s'%s%s%s", unknown,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return false;
}

/* Whether the parameters are those that the resource takes; if not, the call
 * has failed. */
static bool
check_params(FulcraAdminCall *self)
{
    const char *text = self->resource->takes;
    g_auto(GStrv) takes = g_strsplit(text != NULL ? text : "", ",", -1);
    const char *missing = NULL;

    for (char **name = takes; *name != NULL; name++) {
        if (!g_str_has_suffix(*name, "!"))
            continue;
        (*name)[strlen(*name) - 1] = '\0';
        if (missing == NULL && fulcra_admin_call_get(self, *name) == NULL)
            missing = *name;
    }
    if (!check_known(self, (const char *const *)takes))
        return false;
    if (missing != NULL)
        fulcra_admin_call_refuse(self, "the parameter %s is missing", missing);
    return missing == NULL;
}

/* --- answering --- */

/* "cache expire key=stock:*" (transfer full) */
static char *
describe(FulcraAdminCall *self)
{
    const char *takes = self->resource->takes;
    g_autofree char *all = g_strconcat("id,uri,", takes, NULL);
    g_auto(GStrv) names = g_strsplit_set(all, ",!", -1);
    GString *text = g_string_new(self->resource->name);

    for (char **name = names; *name != NULL; name++) {
        const char *value =
                **name != '\0' ? fulcra_admin_call_get(self, *name) : NULL;

        if (value != NULL && strcmp(*name, "primary") != 0)
            g_string_append_printf(text, " %s=%s", *name, value);
    }
    return g_string_free(text, FALSE);
}

static void
audit(FulcraAdminCall *self, const GError *error)
{
    if (self->resource->verb == FULCRA_VERB_SOURCE || self->resource->logs)
        return;
    g_autofree char *what = describe(self);
    if (error == NULL)
        fulcra_log_info(NULL, "admin: %s, by %s: done", what, self->who);
    else
        fulcra_log_warning(
                NULL, "admin: %s, by %s: %s", what, self->who, error->message);
}

static FulcraRepresentation *
never_kept(FulcraRepresentation *answer /* (transfer full) */)
{
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

/* (transfer full) */
static FulcraRepresentation *
json_answer(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, TRUE);

    return never_kept(fulcra_representation_new_printf(
            FULCRA_TYPE_JSON_TEXT, "%s\n", text));
}

void
fulcra_admin_call_respond(FulcraAdminCall *self, JsonBuilder *builder)
{
    json_builder_end_object(builder);
    audit(self, NULL);
    fulcra_request_respond(self->request, json_answer(builder));
    g_object_unref(builder);
    call_free(self);
}

void
fulcra_admin_call_respond_text(
        FulcraAdminCall *self, const char *type, char *text)
{
    audit(self, NULL);
    fulcra_request_respond(
            self->request, never_kept(fulcra_representation_new_take(
                                   type, text, strlen(text), g_free)));
    call_free(self);
}

/* The status is that of the error, the body says more. */
static FulcraRepresentation *
failure(const GError *error)
{
    g_autoptr(JsonBuilder) builder = fulcra_admin_builder_new();
    g_autofree char *status =
            g_strdup_printf("%u", fulcra_host_error_get_status(error));

    fulcra_admin_put_text(builder, "error",
            error->domain == FULCRA_ERROR
                    ? fulcra_error_id((FulcraErrorCode)error->code)
                    : "failed");
    fulcra_admin_put_text(builder, "message", error->message);
    fulcra_admin_put_text(builder, "trace", fulcra_error_get_trace(error));
    json_builder_end_object(builder);

    return fulcra_representation_with_header(
            json_answer(builder), "httpResponse:/code", status);
}

void
fulcra_admin_call_fail(FulcraAdminCall *self, GError *error)
{
    audit(self, error);
    fulcra_request_respond(self->request, failure(error));
    g_error_free(error);
    call_free(self);
}

void
fulcra_admin_call_refuse(FulcraAdminCall *self, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    GError *error = g_error_new_valist(
            FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT, format, arguments);
    va_end(arguments);
    fulcra_admin_call_fail(self, error);
}

/* --- the endpoint --- */

static void
run(FulcraTask *task)
{
    FulcraAdminCall *self = (FulcraAdminCall *)task;

    if (check_params(self))
        self->resource->answer(self);
}

/* "uid 0 pid 123" of a UNIX socket, an address of others. (transfer full) */
static char *
who_asks(FulcraRequest *request)
{
    g_autoptr(FulcraRepresentation) host = fulcra_request_source(
            request, FULCRA_ID("httpRequest:/remote-host"), NULL, NULL);

    return g_strdup(
            host != NULL ? fulcra_representation_get_text(host) : "nobody");
}

static bool
post(FulcraAdminCall *self)
{
    if (!self->resource->stays)
        return fulcra_control_post(self->admin->control, &self->task);
    fulcra_admin_follow_post(self->admin->follow, &self->task);
    return true;
}

static FulcraRepresentation *
begin(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) params = fulcra_request_source(
            request, FULCRA_ID("httpRequest:/params"), FULCRA_TYPE_JSON, error);

    if (params == NULL)
        return NULL;

    FulcraAdminCall *self = g_new0(FulcraAdminCall, 1);
    const FulcraAdminEndpoint *endpoint = fulcra_request_get_data(request);
    self->task.run = run;
    self->admin = endpoint->admin;
    self->resource = endpoint->resource;
    self->request = fulcra_request_ref(request);
    self->params = g_steal_pointer(&params);
    self->who = who_asks(request);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    if (!post(self))
        fulcra_admin_call_fail(
                self, g_error_new(FULCRA_ERROR, FULCRA_ERROR_OVERLOADED,
                              "the server stops"));
    return deferred;
}

static const FulcraEndpointOps ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = begin,
    .sink = begin,
    .delete_resource = begin,
    .destroy = g_free,
};

static void
bind(FulcraSpace *space, FulcraAdmin *admin,
        const FulcraAdminResource *resource)
{
    FulcraAdminEndpoint *data = g_new0(FulcraAdminEndpoint, 1);
    g_autofree char *grammar = g_strconcat("admin:", resource->path, NULL);
    g_autoptr(GError) error = NULL;

    data->admin = admin;
    data->resource = resource;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(resource->name, &ops, data, NULL);
    if (!fulcra_host_space_bind(space, grammar, 1u << resource->verb,
                FULCRA_ENTRY_PUBLIC, endpoint, &error))
        g_error("%s", error->message);
}

FulcraSpace *
fulcra_admin_make_space(FulcraAdmin *admin)
{
    FulcraSpace *space = fulcra_host_space_new("admin");

    fulcra_admin_bind_monitor(space, "admin", admin->server);
    fulcra_admin_bind_live(space);
    for (size_t i = 0; fulcra_admin_resources[i].name != NULL; i++)
        bind(space, admin, &fulcra_admin_resources[i]);
    return fulcra_host_space_seal(space);
}
