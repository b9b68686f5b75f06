/* SPDX-License-Identifier: MIT */

/*
 * pluggable.c - an overlay whose work is done by requests
 *
 *   pre        may refuse or answer what goes in
 *   post       makes a new answer of the one that comes out
 *   exception  answers in place of an error, once
 *
 * Each step is a continuation of the one before; the request that is answered
 * is all the state there is. It was deferred, so nothing here waits and the
 * steps may come on any thread.
 *
 * DELETE of a socket only reports that it is gone: pre sees it and cannot
 * refuse it.
 */

#include "spaces/error_handler.h"
#include "spaces/kinds.h"
#include <fulcra/fulcra.h>

#include <stdlib.h>
#include <string.h>

typedef struct {
    FulcraDeclaredRequest *pre, *post, *exception; /* (nullable), all */
} Pluggable;

static void
pluggable_free(void *data)
{
    Pluggable *self = data;

    fulcra_host_declared_request_free(self->pre);
    fulcra_host_declared_request_free(self->post);
    fulcra_host_declared_request_free(self->exception);
    g_free(self);
}

static bool
is_farewell(FulcraRequest *request)
{
    return fulcra_request_get_verb(request) == FULCRA_VERB_DELETE &&
           strcmp(fulcra_identifier_get_scheme(
                          fulcra_request_get_identifier(request)),
                   "ws") == 0;
}

/* --- when something failed --- */

/* @error: (transfer none) */
static void
fail(FulcraRequest *request, const GError *error)
{
    Pluggable *self = fulcra_request_get_data(request);

    if (self->exception == NULL)
        fulcra_request_fail(request, g_error_copy(error));
    else
        fulcra__handle_error(request, self->exception, error);
}

/* --- what comes out --- */

static void
posted(FulcraRequest *post, FulcraRepresentation *answer, const GError *error,
        void *user_data)
{
    (void)post;
    if (error != NULL)
        fail(user_data, error);
    else
        fulcra_request_respond(user_data, fulcra_representation_ref(answer));
}

static void
answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraRequest *request = user_data;
    Pluggable *self = fulcra_request_get_data(request);
    FulcraSlot described[2];
    FulcraDeclaredValue response = { "response", answer };
    FulcraDeclaredUse use = { .slots = described,
        .n_slots = G_N_ELEMENTS(described),
        .values = &response,
        .n_values = 1 };

    (void)inner;
    if (error != NULL) {
        fail(request, error);
    } else if (self->post == NULL) {
        fulcra_request_respond(request, fulcra_representation_ref(answer));
    } else {
        fulcra__describe_request(request, described);
        fulcra_host_declared_request_ask(
                self->post, request, &use, posted, request);
    }
}

static void
go_on(FulcraRequest *request)
{
    g_autoptr(FulcraRequest) inner = fulcra_request_forward(request);

    fulcra_request_issue_async(inner, answered, request);
}

/* --- what goes in --- */

/* Whether the answer of pre is meant for who asked. */
static bool
is_final(FulcraRepresentation *answer)
{
    const char *code =
            fulcra_representation_get_header(answer, "httpResponse:/code");

    return code != NULL && atoi(code) >= 300;
}

static bool
is_refusal(FulcraRepresentation *answer)
{
    return fulcra_representation_has_type(answer, FULCRA_TYPE_BOOL) &&
           !fulcra_representation_get_bool(answer);
}

static void
preceded(FulcraRequest *pre, FulcraRepresentation *answer, const GError *error,
        void *user_data)
{
    FulcraRequest *request = user_data;

    (void)pre;
    if (is_farewell(request)) {
        go_on(request);
    } else if (error != NULL) {
        fail(request, error);
    } else if (is_refusal(answer)) {
        g_autoptr(GError) forbidden = g_error_new(FULCRA_ERROR,
                FULCRA_ERROR_FORBIDDEN, "%s %s is not allowed",
                fulcra_verb_to_string(fulcra_request_get_verb(request)),
                fulcra_identifier_get_text(
                        fulcra_request_get_identifier(request)));
        fail(request, forbidden);
    } else if (is_final(answer)) {
        fulcra_request_respond(request, fulcra_representation_ref(answer));
    } else {
        go_on(request);
    }
}

static FulcraRepresentation *
pluggable_overlay(FulcraRequest *request, GError **error)
{
    Pluggable *self = fulcra_request_get_data(request);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    FulcraSlot described[2];
    FulcraDeclaredUse use = { .slots = described,
        .n_slots = G_N_ELEMENTS(described) };

    (void)error;
    if (self->pre == NULL) {
        go_on(request);
        return deferred;
    }
    fulcra__describe_request(request, described);
    fulcra_host_declared_request_ask(
            self->pre, request, &use, preceded, request);
    return deferred;
}

static const FulcraEndpointOps pluggable_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .overlay = pluggable_overlay,
    .destroy = pluggable_free,
};

/* --- building one from a definition --- */

#define REQUEST(key, text)                                                     \
    {                                                                          \
        key, FULCRA_SCHEMA_TEXT_OR_OBJECT,                                     \
                .of = &fulcra_host_declared_request_schema, .help = text       \
    }

static const FulcraSchemaKey pluggable_keys[] = {
    REQUEST("pre",
            "asked first, with {identifier} and {verb}: `bool` false refuses, "
            "an answer whose `httpResponse:/code` is 300 or more is the "
            "answer, any other lets pass"),
    REQUEST("post", "makes the answer of {response}, the one that came out"),
    REQUEST("exception",
            "answers in place of an error: {id}, {message} and {stack}"),
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "the entries that it stands in front of" },
    { NULL },
};

static const FulcraSchema pluggable_schema = { "pluggable overlay",
    pluggable_keys, NULL, "An overlay whose work is done by requests." };

static const FulcraGrammarSlot slots[] = { FULCRA_REQUEST_SLOTS };
static const char *const values[] = { "response", NULL };

static const FulcraDeclaredNames pre_names = {
    .slots = slots,
    .n_slots = G_N_ELEMENTS(slots),
    .automatic = true,
};

static const FulcraDeclaredNames post_names = {
    .slots = slots,
    .n_slots = G_N_ELEMENTS(slots),
    .values = values,
    .automatic = true,
};

static FulcraDeclaredRequest *
parse(FulcraEntry *entry, const char *key, const FulcraDeclaredNames *names)
{
    JsonNode *node = json_object_get_member(entry->definition, key);

    return node != NULL ? fulcra_host_declared_request_new_from_json(
                                  entry, node, names)
                        : NULL;
}

static void *
pluggable_build(FulcraEntry *entry)
{
    Pluggable *self = g_new0(Pluggable, 1);
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("pluggable", &pluggable_ops, self, NULL);

    self->pre = parse(entry, "pre", &pre_names);
    self->post = parse(entry, "post", &post_names);
    self->exception = parse(entry, "exception", &fulcra__error_names);
    fulcra_host_entry_add_overlay(entry, endpoint,
            json_object_get_member(entry->definition, "space"));
    return NULL;
}

const FulcraKind fulcra_kind_pluggable = {
    .size = sizeof(FulcraKind),
    .name = "pluggable",
    .schema = &pluggable_schema,
    .help = "an overlay whose work is done by requests",
    .build = pluggable_build,
};
