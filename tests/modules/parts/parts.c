/* SPDX-License-Identifier: MIT */

/*
 * parts - what applications are put together from, for scenarios
 *
 * show     every verb: the request as it arrived, a line each
 * later    SOURCE: the same, deferred, from another thread
 * allow    SOURCE +identifier@: what a check before a request may say
 * wrap     SOURCE: its argument `response` in brackets
 * fail     SOURCE: the error whose id is the slot
 * counted  SOURCE: how often it was asked, this time included
 * asked    SOURCE: how often counted was asked
 */

#include <fulcra/fulcra.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const char *const names[] = { "operand", "title", "n", "x", "id",
    "message", "stack", "identifier", "verb", "with", "socketid", "status" };

static void
show_argument(FulcraRequest *request, const char *name, GString *text)
{
    size_t n = fulcra_request_get_n_arguments(request, name);

    for (size_t i = 0; i < n; i++) {
        const char *value = fulcra_request_get_argument_at(request, name, i);

        if (value != NULL)
            g_string_append_printf(text, "%s=%s\n", name, value);
    }
    if (n == 0 || fulcra_request_get_argument(request, name) != NULL)
        return;

    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRepresentation) value =
            fulcra_request_source_argument(request, name, NULL, &error);
    g_string_append_printf(text, "%s->%s\n", name,
            value != NULL ? fulcra_representation_get_text(value)
                          : error->message);
}

/* (transfer full) */
static FulcraRepresentation *
show(FulcraRequest *request)
{
    g_autoptr(GString) text = g_string_new(NULL);
    FulcraRepresentation *primary = fulcra_request_get_primary(request);
    const char *header = fulcra_request_get_header(request, "X-Part");

    g_string_append_printf(text, "%s\n",
            fulcra_verb_to_string(fulcra_request_get_verb(request)));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        show_argument(request, names[i], text);
    if (header != NULL)
        g_string_append_printf(text, "X-Part: %s\n", header);
    if (primary != NULL && fulcra_representation_get_text(primary) != NULL)
        g_string_append_printf(
                text, "primary %s\n", fulcra_representation_get_text(primary));
    return fulcra_representation_new_text(text->str);
}

static FulcraRepresentation *
show_any(FulcraRequest *request, GError **error)
{
    (void)error;
    return show(request);
}

static FulcraRepresentation *
show_exists(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_new_bool(true);
}

static const FulcraEndpointOps show_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = show_any,
    .sink = show_any,
    .new_resource = show_any,
    .delete_resource = show_any,
    .exists = show_exists,
};

static void *
answer_later(void *data)
{
    fulcra_request_respond(data, show(data));
    return NULL;
}

static FulcraRepresentation *
later_source(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    pthread_t thread;

    (void)error;
    if (pthread_create(&thread, NULL, answer_later, request) == 0)
        pthread_detach(thread);
    return deferred;
}

static const FulcraEndpointOps later_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = later_source,
};

static FulcraRepresentation *
allow_source(FulcraRequest *request, GError **error)
{
    const char *about = fulcra_request_get_argument(request, "identifier");

    if (strstr(about, "broken") != NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_GONE, "cannot tell");
        return NULL;
    }
    if (strstr(about, "moved") != NULL)
        return fulcra_representation_with_header(
                fulcra_representation_new_text("elsewhere"),
                "httpResponse:/code", "307");
    return fulcra_representation_new_bool(strstr(about, "secret") == NULL);
}

static const FulcraEndpointOps allow_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = allow_source,
};

static FulcraRepresentation *
wrap_source(FulcraRequest *request, GError **error)
{
    const char *with = fulcra_request_get_argument(request, "with");
    g_autoptr(FulcraRepresentation) response = fulcra_request_source_argument(
            request, "response", FULCRA_TYPE_TEXT, error);

    if (response == NULL)
        return NULL;
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%s(%s)",
            with != NULL ? with : "", fulcra_representation_get_text(response));
}

static const FulcraEndpointOps wrap_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = wrap_source,
};

static FulcraRepresentation *
fail_source(FulcraRequest *request, GError **error)
{
    const char *id = fulcra_request_get_argument(request, "x");
    int code = 0;

    while (code < FULCRA_ERROR_FAILED &&
            strcmp(fulcra_error_id((FulcraErrorCode)code), id) != 0)
        code++;
    g_set_error(error, FULCRA_ERROR, code, "as it was asked for");
    return NULL;
}

static const FulcraEndpointOps fail_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = fail_source,
};

static atomic_int count;

static FulcraRepresentation *
counted_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%d", atomic_fetch_add(&count, 1) + 1);
}

static const FulcraEndpointOps counted_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = counted_source,
};

static FulcraRepresentation *
asked_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_printf(
                    FULCRA_TYPE_TEXT, "%d", atomic_load(&count)),
            FULCRA_EXPIRY_ALWAYS, 0);
}

static const FulcraEndpointOps asked_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = asked_source,
};

static bool
parts_load(FulcraModule *module, GError **error)
{
    static const struct {
        const char *id;
        const FulcraEndpointOps *ops;
    } endpoints[] = { { "show", &show_ops }, { "later", &later_ops },
        { "allow", &allow_ops }, { "wrap", &wrap_ops }, { "fail", &fail_ops },
        { "counted", &counted_ops }, { "asked", &asked_ops } };

    for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++)
        if (!fulcra_module_add_endpoint(
                    module, endpoints[i].id, endpoints[i].ops, NULL, error))
            return false;
    return true;
}

FULCRA_MODULE_DEFINE("parts", parts_load)
