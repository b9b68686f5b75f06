/* SPDX-License-Identifier: MIT */

/*
 * stress - endpoints for scenarios about order and hostile messages
 *
 * serial, concurrent and inline echo. slots puts each message into every kind
 * of slot that an identifier has, asks for it, and says whether the same text
 * came back and no more. tripwire counts whoever reaches it: nobody should.
 */

#include <fulcra/fulcra.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int tripped;

static FulcraRepresentation *
accept_any(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return NULL;
}

static FulcraRepresentation *
echo_sink(FulcraRequest *request, GError **error)
{
    fulcra_request_sink(request, FULCRA_ID("wsResponse:/message"),
            fulcra_request_get_primary(request), error);
    return NULL;
}

#define ECHO_OPS(kind)                                                         \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_##kind,           \
        .new_resource = accept_any, .sink = echo_sink,                         \
        .delete_resource = accept_any                                          \
    }

static const FulcraEndpointOps serial_ops = ECHO_OPS(SERIAL);
static const FulcraEndpointOps concurrent_ops = ECHO_OPS(CONCURRENT);
static const FulcraEndpointOps inline_ops = ECHO_OPS(INLINE);

/* --- slots --- */

static FulcraRepresentation *
store_source(FulcraRequest *request, GError **error)
{
    const char *text = fulcra_request_get_argument(request, "text");

    if (fulcra_request_get_n_arguments(request, "text") != 1 ||
            fulcra_request_get_n_arguments(request, "operand") != 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "an argument was added: %s",
                fulcra_identifier_get_text(
                        fulcra_request_get_identifier(request)));
        return NULL;
    }
    return fulcra_representation_new_text(text);
}

static const FulcraEndpointOps store_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = store_source,
};

/* Whether asking with @text in the slot gives @text. */
static bool
slot_returns(FulcraRequest *request, const FulcraGrammar *grammar,
        const char *text, GError **error)
{
    FulcraSlot slot = fulcra_slot_text("text", text);
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_identifier_build(grammar, &slot, 1, error);

    if (identifier == NULL)
        return false;
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_source(request, identifier, FULCRA_TYPE_TEXT, error);
    return answer != NULL &&
           strcmp(fulcra_representation_get_text(answer), text) == 0;
}

/* The text as the value of an argument that is dereferenced. */
static FulcraRepresentation *
show_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(
            request, FULCRA_ID("arg:text"), FULCRA_TYPE_TEXT, error);
}

static const FulcraEndpointOps show_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = show_source,
};

static FulcraRepresentation *
slots_sink(FulcraRequest *request, GError **error)
{
    const char *text =
            fulcra_representation_get_text(fulcra_request_get_primary(request));
    bool same =
            slot_returns(request, FULCRA_GRAMMAR("res:/stress/store/{text}"),
                    text, error) &&
            slot_returns(request,
                    FULCRA_GRAMMAR("res:/stress/store-path/{text*}"), text,
                    error) &&
            slot_returns(request,
                    FULCRA_GRAMMAR("active:stress-store+text@{text}"), text,
                    error) &&
            slot_returns(request,
                    FULCRA_GRAMMAR("active:stress-show+text@{text}"), text,
                    error);
    if (error != NULL && *error != NULL)
        return NULL;

    g_autoptr(FulcraRepresentation) verdict =
            fulcra_representation_new_text(same ? "same" : "changed");
    fulcra_request_sink(
            request, FULCRA_ID("wsResponse:/message"), verdict, error);
    return NULL;
}

static const FulcraEndpointOps slots_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = accept_any,
    .sink = slots_sink,
    .delete_resource = accept_any,
};

/* --- the tripwire --- */

static FulcraRepresentation *
tripwire_any(FulcraRequest *request, GError **error)
{
    (void)error;
    atomic_fetch_add(&tripped, 1);
    fulcra_log_error(request, "the tripwire was reached");
    return fulcra_representation_new_text("tripped");
}

static const FulcraEndpointOps tripwire_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = tripwire_any,
    .sink = tripwire_any,
    .new_resource = tripwire_any,
    .delete_resource = tripwire_any,
    .exists = tripwire_any,
    .meta = tripwire_any,
};

static FulcraRepresentation *
tripped_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_new_int(atomic_load(&tripped));
}

static const FulcraEndpointOps tripped_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = tripped_source,
};

static bool
stress_load(FulcraModule *module, GError **error)
{
    static const struct {
        const char *id;
        const FulcraEndpointOps *ops;
    } endpoints[] = {
        { "serial", &serial_ops },
        { "concurrent", &concurrent_ops },
        { "inline", &inline_ops },
        { "store", &store_ops },
        { "show", &show_ops },
        { "slots", &slots_ops },
        { "tripwire", &tripwire_ops },
        { "tripped", &tripped_ops },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++)
        if (!fulcra_module_add_endpoint(
                    module, endpoints[i].id, endpoints[i].ops, NULL, error))
            return false;
    return true;
}

FULCRA_MODULE_DEFINE("stress", stress_load)
