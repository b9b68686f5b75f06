/* SPDX-License-Identifier: MIT */
/*
 * visitor - what tests do with a session, over HTTP and over a socket
 *
 * One command a request: "get KEY", "set KEY VALUE", "drop KEY", "has KEY",
 * "login NAME", "logout", "send NAME VALUE". Of a page it is the path, with
 * dots for blanks; a NEW by POST has it as its body. Of a socket it is a
 * message or, during NEW, the header "WS-Command"; the answer is a message.
 */
#include <fulcra/fulcra.h>

#include <string.h>

static FulcraIdentifier *
session_identifier(const char *key, GError **error)
{
    FulcraSlot slot = fulcra_slot_text("key", key);

    return fulcra_identifier_build(
            FULCRA_GRAMMAR("session:/{key}"), &slot, 1, error);
}

static FulcraRepresentation *
ask(FulcraRequest *request, FulcraVerb verb, const char *key, const char *value,
        GError **error)
{
    g_autoptr(FulcraIdentifier) identifier = session_identifier(key, error);
    g_autoptr(FulcraRequest) asked = NULL;

    if (identifier == NULL)
        return NULL;
    asked = fulcra_request_new(request, verb, identifier);
    if (value != NULL) {
        g_autoptr(FulcraRepresentation) primary =
                fulcra_representation_new_text(value);

        fulcra_request_set_primary(asked, primary);
    }
    return fulcra_request_issue(asked, error);
}

/* Puts a header on the response. */
static FulcraRepresentation *
answer_with(const char *name, const char *value)
{
    FulcraRepresentation *answer = fulcra_representation_new_text("sent");
    g_autofree char *header = g_strconcat("httpResponse:/", name, NULL);

    return fulcra_representation_with_header(answer, header, value);
}

static FulcraRepresentation *
run(FulcraRequest *request, const char *command, GError **error)
{
    g_auto(GStrv) words = g_strsplit(command, " ", 3);
    static const struct {
        const char *word;
        FulcraVerb verb;
    } verbs[] = { { "get", FULCRA_VERB_SOURCE }, { "set", FULCRA_VERB_SINK },
        { "drop", FULCRA_VERB_DELETE }, { "has", FULCRA_VERB_EXISTS } };
    unsigned n = g_strv_length(words);

    if (n == 0)
        return fulcra_representation_new_text("nothing");
    if (n == 3 && strcmp(words[0], "send") == 0)
        return answer_with(words[1], words[2]);
    if (strcmp(words[0], "login") == 0)
        return ask(request, FULCRA_VERB_SINK, "login",
                command + MIN(strlen("login "), strlen(command)), error);
    if (strcmp(words[0], "logout") == 0)
        return ask(request, FULCRA_VERB_SINK, "logout", "true", error);
    for (size_t i = 0; n >= 2 && i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(words[0], verbs[i].word) == 0)
            return ask(request, verbs[i].verb, words[1], words[2], error);
    return fulcra_representation_new_text("nothing");
}

/* --- pages --- */

static FulcraRepresentation *
page_source(FulcraRequest *request, GError **error)
{
    g_autofree char *command =
            g_strdup(fulcra_request_get_argument(request, "command"));

    return run(request, g_strdelimit(command, ".", ' '), error);
}

static FulcraRepresentation *
page_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) body =
            fulcra_request_source_primary(request, NULL, error);

    return body == NULL
                   ? NULL
                   : run(request, fulcra_representation_get_text(body), error);
}

static const FulcraEndpointOps page_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = page_source,
};

static const FulcraEndpointOps form_ops = {
    .size = sizeof(FulcraEndpointOps),
    .new_resource = page_new,
    .sink = page_new,
};

/* The same, answered later. */

static void
later_answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraRequest *request = user_data;

    (void)inner;
    if (error != NULL)
        fulcra_request_fail(request, g_error_copy(error));
    else
        fulcra_request_respond(request, fulcra_representation_ref(answer));
}

static FulcraRepresentation *
later_source(FulcraRequest *request, GError **error)
{
    FulcraSlot slot = fulcra_slot_text(
            "command", fulcra_request_get_argument(request, "command"));
    g_autoptr(FulcraIdentifier) identifier = fulcra_identifier_build(
            FULCRA_GRAMMAR("res:/visitor/do/{command}"), &slot, 1, error);
    g_autoptr(FulcraRequest) inner = NULL;

    if (identifier == NULL)
        return NULL;
    inner = fulcra_request_new(request, FULCRA_VERB_SOURCE, identifier);
    fulcra_request_issue_async(inner, later_answered, request);
    return fulcra_request_defer(request);
}

static const FulcraEndpointOps later_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = later_source,
};

/* --- sockets --- */

static int news, sinks, deletes;

static FulcraRepresentation *
socket_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) command = fulcra_request_source(
            request, FULCRA_ID("httpRequest:/header/WS-Command"), NULL, NULL);
    g_autoptr(FulcraRepresentation) answer = NULL;

    news++;
    if (command == NULL)
        return NULL;
    if (strcmp(fulcra_representation_get_text(command), "refuse") == 0) {
        answer = ask(request, FULCRA_VERB_SINK, "touched", "yes", error);
        return fulcra_representation_with_header(
                fulcra_representation_new_text("no"), "httpResponse:/code",
                "418");
    }
    answer = run(request, fulcra_representation_get_text(command), error);
    return NULL;
}

static FulcraRepresentation *
socket_sink(FulcraRequest *request, GError **error)
{
    FulcraSocket *socket = fulcra_request_get_socket(request);
    const char *command =
            fulcra_representation_get_text(fulcra_request_get_primary(request));
    g_autoptr(GError) failed = NULL;
    g_autoptr(FulcraRepresentation) answer = run(request, command, &failed);
    g_autoptr(FulcraRepresentation) text =
            failed != NULL ? fulcra_representation_new_printf(FULCRA_TYPE_TEXT,
                                     "failed: %s", failed->message)
                           : NULL;

    (void)error;
    sinks++;
    if (text == NULL &&
            !fulcra_representation_has_type(answer, FULCRA_TYPE_NONE))
        text = fulcra_representation_new_text(
                fulcra_representation_get_text(answer));
    else if (text == NULL)
        text = fulcra_representation_new_text("done");
    fulcra_socket_send(socket, text, NULL);
    return NULL;
}

static FulcraRepresentation *
socket_delete(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    deletes++;
    return NULL;
}

static const FulcraEndpointOps socket_ops = {
    .size = sizeof(FulcraEndpointOps),
    .new_resource = socket_new,
    .sink = socket_sink,
    .delete_resource = socket_delete,
};

/* SOURCE res:/visitor/counts: how many NEW, SINK, DELETE reached us */
static FulcraRepresentation *
counts_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%d %d %d", news, sinks, deletes);
}

static const FulcraEndpointOps counts_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = counts_source,
};

/* --- what takes an effort --- */

static int efforts;

/* The same for everybody, for ever. */
static FulcraRepresentation *
shared_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_printf(
                    FULCRA_TYPE_TEXT, "shared, made %d", ++efforts),
            FULCRA_EXPIRY_NEVER, 0);
}

/* Of whoever asks. */
static FulcraRepresentation *
personal_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) user = fulcra_request_source(
            request, FULCRA_ID("session:/user"), FULCRA_TYPE_TEXT, error);
    g_autoptr(FulcraRepresentation) has = NULL;
    g_autoptr(FulcraRequest) asked = fulcra_request_new(
            request, FULCRA_VERB_EXISTS, FULCRA_ID("session:/cart"));

    if (user != NULL)
        has = fulcra_request_issue(asked, error);
    if (has == NULL)
        return NULL;
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT,
            "%s, cart %s, made %d", fulcra_representation_get_text(user),
            fulcra_representation_get_text(has), ++efforts);
}

static const FulcraEndpointOps shared_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = shared_source,
};
static const FulcraEndpointOps personal_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = personal_source,
};

/* --- what a gatekeeper asks --- */

static FulcraRepresentation *
may_source(FulcraRequest *request, GError **error)
{
    const char *how = fulcra_request_get_argument(request, "how");
    const char *verb = fulcra_request_get_argument(request, "verb");
    const char *identifier = fulcra_request_get_argument(request, "identifier");
    const char *id = fulcra_request_get_argument(request, "id");

    if (strcmp(how, "fail") == 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "the database is down");
        return NULL;
    }
    if (strcmp(how, "maybe") == 0)
        return fulcra_representation_new_text("perhaps");
    if (strcmp(how, "mine") == 0)
        return fulcra_representation_new_bool(strcmp(id, "7") == 0);
    if (strcmp(how, "read") == 0)
        return fulcra_representation_new_bool(strcmp(verb, "SOURCE") == 0);
    return fulcra_representation_new_bool(
            identifier == NULL || strstr(identifier, "secret") == NULL);
}

static const FulcraEndpointOps may_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = may_source,
};

static bool
visitor_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(module, "page", &page_ops, NULL, error) &&
           fulcra_module_add_endpoint(module, "form", &form_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "later", &later_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "socket", &socket_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "counts", &counts_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "shared", &shared_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "personal", &personal_ops, NULL, error) &&
           fulcra_module_add_endpoint(module, "may", &may_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("visitor", visitor_load)
