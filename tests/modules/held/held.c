/* SPDX-License-Identifier: MIT */

/*
 * held - endpoints that answer when they are told to
 *
 * held     every verb: deferred until released
 * release  SOURCE res:/release: answers the one held longest, says which
 * inside   SOURCE res:/inside: what is held, in order, a line each
 * plain    every verb: answers at once; SINK of a socket says so to it
 */

#include <fulcra/fulcra.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *held; /* of FulcraRequest, guarded by lock */

/* What tells requests apart: verb, path and message. (transfer full) */
static char *
label(FulcraRequest *request)
{
    FulcraRepresentation *primary = fulcra_request_get_primary(request);
    const char *text =
            primary != NULL ? fulcra_representation_get_text(primary) : NULL;
    const char *name = fulcra_request_get_argument(request, "name");

    return g_strdup_printf("%s %s%s%s",
            fulcra_verb_to_string(fulcra_request_get_verb(request)),
            name != NULL ? name : "", text != NULL ? " " : "",
            text != NULL ? text : "");
}

static FulcraRepresentation *
hold(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *deferred = fulcra_request_defer(request);

    (void)error;
    pthread_mutex_lock(&lock);
    g_ptr_array_add(held, request);
    pthread_mutex_unlock(&lock);
    return deferred;
}

static FulcraRepresentation *
release_source(FulcraRequest *request, GError **error)
{
    FulcraRequest *first = NULL;

    (void)request;
    pthread_mutex_lock(&lock);
    if (held->len > 0)
        first = g_ptr_array_remove_index(held, 0);
    pthread_mutex_unlock(&lock);
    if (first == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "none held");
        return NULL;
    }

    g_autofree char *what = label(first);
    FulcraVerb verb = fulcra_request_get_verb(first);
    fulcra_request_respond(first, verb == FULCRA_VERB_SOURCE
                                          ? fulcra_representation_new_text(what)
                                          : NULL);
    return fulcra_representation_new_text(what);
}

static FulcraRepresentation *
inside_source(FulcraRequest *request, GError **error)
{
    g_autoptr(GString) lines = g_string_new(NULL);

    (void)request;
    (void)error;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < held->len; i++) {
        g_autofree char *what = label(held->pdata[i]);

        g_string_append_printf(lines, "%s\n", what);
    }
    pthread_mutex_unlock(&lock);
    return fulcra_representation_new_text(lines->str);
}

static FulcraRepresentation *
plain_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");

    if (g_strcmp0(name, "forbidden") == 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN, "not you");
        return NULL;
    }
    FulcraRepresentation *answer = fulcra_representation_new_text("plain");
    if (g_strcmp0(name, "own") != 0)
        return answer;
    answer = fulcra_representation_with_header(
            answer, "httpResponse:/header/Vary", "Accept");
    return fulcra_representation_with_header(
            answer, "httpResponse:/header/Access-Control-Allow-Origin", "*");
}

static FulcraRepresentation *
plain_sink(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *primary = fulcra_request_get_primary(request);

    if (fulcra_request_get_socket(request) == NULL)
        return NULL;
    if (strcmp(fulcra_representation_get_text(primary), "fail") == 0)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN, "not that");
    else
        fulcra_request_sink(
                request, FULCRA_ID("wsResponse:/message"), primary, error);
    return NULL;
}

static FulcraRepresentation *
plain_any(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return NULL;
}

static const FulcraEndpointOps held_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = hold,
    .sink = hold,
    .new_resource = hold,
    .delete_resource = hold,
};

static const FulcraEndpointOps release_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = release_source,
};

static const FulcraEndpointOps inside_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = inside_source,
};

static const FulcraEndpointOps plain_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = plain_source,
    .sink = plain_sink,
    .new_resource = plain_any,
    .delete_resource = plain_any,
};

static const FulcraEndpointOps worker_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = plain_source,
    .sink = plain_sink,
    .new_resource = plain_any,
    .delete_resource = plain_any,
};

static bool
held_load(FulcraModule *module, GError **error)
{
    static const struct {
        const char *id;
        const FulcraEndpointOps *ops;
    } endpoints[] = {
        { "held", &held_ops },
        { "release", &release_ops },
        { "inside", &inside_ops },
        { "plain", &plain_ops },
        { "worker", &worker_ops },
    };

    held = g_ptr_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++)
        if (!fulcra_module_add_endpoint(
                    module, endpoints[i].id, endpoints[i].ops, NULL, error))
            return false;
    return true;
}

FULCRA_MODULE_DEFINE("held", held_load)
