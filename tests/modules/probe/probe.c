/* SPDX-License-Identifier: MIT */
/* probe - what tests of the loader look at */
#include <fulcra/fulcra.h>

#include <string.h>

/* SOURCE res:/probe/setting/{name}: what setting:/NAME says */
static FulcraRepresentation *
setting_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    FulcraSlot slot = fulcra_slot_text("name", name);
    g_autoptr(FulcraIdentifier) identifier = fulcra_identifier_build(
            FULCRA_GRAMMAR("setting:/{name}"), &slot, 1, error);

    return identifier != NULL
                   ? fulcra_request_source(request, identifier, NULL, error)
                   : NULL;
}

static const FulcraEndpointOps setting_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = setting_source,
};

/* A value that can be set: SOURCE, SINK, DELETE */
typedef struct {
    char *text;
} Value;

static FulcraRepresentation *
value_source(FulcraRequest *request, GError **error)
{
    Value *self = fulcra_request_get_data(request);

    return fulcra_representation_new_text(self->text);
}

static FulcraRepresentation *
value_sink(FulcraRequest *request, GError **error)
{
    Value *self = fulcra_request_get_data(request);

    g_free(self->text);
    self->text = g_strdup(fulcra_representation_get_text(
            fulcra_request_get_primary(request)));
    return NULL;
}

static FulcraRepresentation *
value_delete(FulcraRequest *request, GError **error)
{
    Value *self = fulcra_request_get_data(request);

    g_free(self->text);
    self->text = g_strdup("");
    return fulcra_representation_new_bool(true);
}

static void
value_destroy(void *data)
{
    Value *self = data;

    g_free(self->text);
    g_free(self);
}

static const FulcraEndpointOps value_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = value_source,
    .sink = value_sink,
    .delete_resource = value_delete,
    .destroy = value_destroy,
};

/* text/plain to text/x-loud */
static FulcraRepresentation *
loud_transrept(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *from = fulcra_request_get_primary(request);
    g_autofree char *loud =
            g_ascii_strup(fulcra_representation_get_text(from), -1);

    return fulcra_representation_new_bytes("text/x-loud", loud, strlen(loud));
}

static const FulcraEndpointOps loud_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .transrept = loud_transrept,
};

static bool
probe_load(FulcraModule *module, GError **error)
{
    Value *value = g_new0(Value, 1);

    value->text = g_strdup(fulcra_module_get_uri(module));
    return fulcra_module_add_endpoint(
                   module, "setting", &setting_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "value", &value_ops, value, error) &&
           fulcra_module_add_endpoint(module, "loud", &loud_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("probe", probe_load)
