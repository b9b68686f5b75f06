/* SPDX-License-Identifier: MIT */

/*
 * gatekeeper.c - who may pass, whatever the verb and whatever the transport
 *
 * The first rule whose grammar and verbs fit decides, for every request anew.
 * It may ask a resource; while that is under way nothing waits. What cannot be
 * decided is refused: an error, an answer that is neither true nor false, a
 * pattern that met its limit.
 *
 * DELETE of a WebSocket always passes: it tells of a socket that has closed.
 */

#include "spaces/gatekeeper.h"
#include "spaces/error_handler.h"
#include "spaces/kinds.h"
#include "spaces/source_text.h"

#include <fulcra-host/grammar.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/endpoint.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>
#include <fulcra/log.h>
#include <fulcra/representation.h>
#include <fulcra/socket.h>
#include <string.h>

static void
rule_free(void *data)
{
    FulcraKeeperRule *self = data;

    g_ptr_array_unref(self->grammars);
    g_array_unref(self->slots);
    fulcra_host_declared_request_free(self->question);
    g_free(self->page);
    g_free(self);
}

FulcraGatekeeper *
fulcra__gatekeeper_new(void)
{
    FulcraGatekeeper *self = g_new0(FulcraGatekeeper, 1);

    self->rules = g_ptr_array_new_with_free_func(rule_free);
    return self;
}

static void
gatekeeper_free(void *data)
{
    FulcraGatekeeper *self = data;

    g_ptr_array_unref(self->rules);
    fulcra_host_space_unref(self->wrapped);
    g_free(self);
}

/* --- which rule --- */

static bool
rule_fits(const FulcraKeeperRule *self, FulcraRequest *request, bool *limited)
{
    FulcraIdentifier *identifier = fulcra_request_get_identifier(request);

    if ((self->verbs >> fulcra_request_get_verb(request) & 1u) == 0)
        return false;
    for (unsigned i = 0; i < self->grammars->len && !*limited; i++)
        if (fulcra_host_grammar_matches(
                    self->grammars->pdata[i], identifier, limited))
            return true;
    return false;
}

/* What decides where no rule does. */
static const FulcraKeeperRule *
otherwise(const FulcraGatekeeper *self)
{
    static const FulcraKeeperRule refuse = { .decision = FULCRA_KEEPER_REFUSE,
        .status = 403 };
    static const FulcraKeeperRule allow = { .decision = FULCRA_KEEPER_ALLOW };

    return self->otherwise ? &allow : &refuse;
}

static const FulcraKeeperRule *
find_rule(const FulcraGatekeeper *self, FulcraRequest *request)
{
    static const FulcraKeeperRule undecided = {
        .decision = FULCRA_KEEPER_REFUSE, .status = 403
    };
    bool limited = false;

    for (unsigned i = 0; i < self->rules->len; i++) {
        const FulcraKeeperRule *rule = self->rules->pdata[i];

        if (rule_fits(rule, request, &limited))
            return rule;
        if (limited)
            return &undecided;
    }
    return otherwise(self);
}

/* --- refusing, in the words of who asks --- */

static bool
is_of_socket(FulcraRequest *request)
{
    return fulcra_request_get_socket(request) != NULL &&
           strcmp(fulcra_identifier_get_scheme(
                          fulcra_request_get_identifier(request)),
                   "ws") == 0;
}

/* Whether somebody will look at what comes: a page that is opened, not a
 * picture in it and nothing that its scripts ask for. */
static bool
wants_page(FulcraRequest *request, const char *method)
{
    g_autofree char *accept = fulcra__source_text(
            request, FULCRA_ID("httpRequest:/header/Accept"));
    g_autofree char *mode = fulcra__source_text(
            request, FULCRA_ID("httpRequest:/header/Sec-Fetch-Mode"));
    const char *accepts = accept == NULL ? "*/*" : accept;

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return false;
    if (mode != NULL && strcmp(mode, "navigate") != 0)
        return false;
    return strstr(accepts, "text/html") != NULL ||
           strstr(accepts, "*/*") != NULL;
}

static FulcraRepresentation *
with_code(FulcraRepresentation *answer, unsigned status)
{
    char code[8];

    g_snprintf(code, sizeof code, "%u", status);
    answer = fulcra_representation_with_header(
            answer, "httpResponse:/code", code);
    answer = fulcra_representation_with_header(
            answer, "httpResponse:/header/Cache-Control", "no-store");
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
refusal_page(const FulcraKeeperRule *rule)
{
    FulcraRepresentation *answer = fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%s\n", rule->page);

    answer = fulcra_representation_with_header(
            answer, "httpResponse:/redirect", rule->page);
    return with_code(answer, 303);
}

static FulcraRepresentation *
refusal_text(const FulcraKeeperRule *rule)
{
    return with_code(fulcra_representation_new_text(
                             rule->status == 401 ? "401 Unauthorized\n"
                                                 : "403 Forbidden\n"),
            rule->status);
}

static FulcraRepresentation *
forbid(FulcraRequest *request, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN,
            "the gatekeeper does not let %s %s pass",
            fulcra_verb_to_string(fulcra_request_get_verb(request)),
            fulcra_identifier_get_text(fulcra_request_get_identifier(request)));
    return NULL;
}

/* (transfer full) (nullable): with @error set where there is no answer that
 * the one who asks would not take for what it asked for. */
static FulcraRepresentation *
refuse(const FulcraKeeperRule *rule, FulcraRequest *request, GError **error)
{
    FulcraVerb verb = fulcra_request_get_verb(request);
    g_autofree char *method = NULL;

    fulcra_host_stats_add(FULCRA_STAT_GATEKEEPER_REFUSED, 1);
    if (is_of_socket(request) && verb == FULCRA_VERB_SINK) {
        fulcra_socket_disconnect(fulcra_request_get_socket(request),
                FULCRA_CLOSE_FORBIDDEN, "forbidden", NULL);
        return forbid(request, error);
    }
    if (fulcra_host_request_is_from_root(request))
        method = fulcra__source_text(request, FULCRA_ID("httpRequest:/method"));
    if (method == NULL)
        return forbid(request, error);
    if (rule->page != NULL && verb == FULCRA_VERB_SOURCE &&
            fulcra_request_get_socket(request) == NULL &&
            wants_page(request, method))
        return refusal_page(rule);
    return refusal_text(rule);
}

/* --- asking --- */

typedef struct {
    const FulcraKeeperRule *rule;
    FulcraRequest *request; /* deferred */
} Asking;

static void
relay(FulcraRequest *inner, FulcraRepresentation *answer, const GError *error,
        void *user_data)
{
    FulcraRequest *request = user_data;

    (void)inner;
    if (error != NULL)
        fulcra_request_fail(request, g_error_copy(error));
    else
        fulcra_request_respond(request, fulcra_representation_ref(answer));
}

static void
let_pass(FulcraRequest *request)
{
    g_autoptr(FulcraRequest) inner = fulcra_request_forward(request);

    fulcra_request_issue_async(inner, relay, request);
}

static void
turn_away(const FulcraKeeperRule *rule, FulcraRequest *request)
{
    GError *error = NULL;
    FulcraRepresentation *answer = refuse(rule, request, &error);

    if (answer != NULL)
        fulcra_request_respond(request, answer);
    else
        fulcra_request_fail(request, error);
}

static void
decided(FulcraRequest *question, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    g_autofree Asking *self = user_data;

    (void)question;
    if (error != NULL)
        fulcra_log_warning(self->request,
                "the gatekeeper cannot decide, and refuses: %s",
                error->message);
    if (answer != NULL && fulcra_representation_get_bool(answer))
        let_pass(self->request);
    else
        turn_away(self->rule, self->request);
}

/* The request as the rule's grammar takes it apart. (transfer full) */
static FulcraRequest *
take_apart(const FulcraKeeperRule *rule, FulcraRequest *request)
{
    FulcraRequest *parts = fulcra_request_new(request, FULCRA_VERB_SOURCE,
            fulcra_request_get_identifier(request));
    bool matches = false;

    for (unsigned i = 0; i < rule->grammars->len && !matches; i++)
        matches = fulcra_host_request_match(
                parts, rule->grammars->pdata[i], NULL);
    return parts;
}

/* The texts are those of @parts and @request. */
static GArray *
list_slots(const FulcraKeeperRule *rule, FulcraRequest *parts,
        FulcraRequest *request)
{
    GArray *slots = g_array_new(false, false, sizeof(FulcraSlot));
    FulcraSlot described[2];

    for (unsigned i = 0; i < rule->slots->len; i++) {
        const char *name =
                g_array_index(rule->slots, FulcraGrammarSlot, i).name;
        FulcraSlot slot;

        for (size_t n = 0; fulcra_host_request_get_slot(parts, name, n, &slot);
                n++)
            g_array_append_val(slots, slot);
    }
    fulcra__describe_request(request, described);
    return g_array_append_vals(slots, described, G_N_ELEMENTS(described));
}

/* Resolved inside first: so that what decides need not pass the gatekeeper. */
static FulcraRequest *
make_question(const FulcraGatekeeper *self, const FulcraKeeperRule *rule,
        FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) parts = take_apart(rule, request);
    g_autoptr(GArray) slots = list_slots(rule, parts, request);
    FulcraDeclaredUse use = { .spaces = { self->wrapped },
        .slots = (FulcraSlot *)slots->data,
        .n_slots = slots->len };

    return fulcra_host_declared_request_instantiate(
            rule->question, request, &use, error);
}

static FulcraRepresentation *
ask(const FulcraGatekeeper *self, const FulcraKeeperRule *rule,
        FulcraRequest *request)
{
    g_autoptr(GError) error = NULL;
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    g_autoptr(FulcraRequest) question =
            make_question(self, rule, request, &error);
    Asking *asking = g_new(Asking, 1);

    *asking = (Asking){ rule, request };
    if (question == NULL) {
        decided(NULL, NULL, error, asking);
        return deferred;
    }
    fulcra_request_set_wanted_type(question, FULCRA_TYPE_BOOL);
    fulcra_request_issue_async(question, decided, asking);
    return deferred;
}

static FulcraRepresentation *
gatekeeper_overlay(FulcraRequest *request, GError **error)
{
    const FulcraGatekeeper *self = fulcra_request_get_data(request);
    const FulcraKeeperRule *rule = find_rule(self, request);

    if (is_of_socket(request) &&
            fulcra_request_get_verb(request) == FULCRA_VERB_DELETE)
        return fulcra_request_pass_on(request, fulcra_request_forward(request));
    switch (rule->decision) {
    case FULCRA_KEEPER_ALLOW:
        return fulcra_request_pass_on(request, fulcra_request_forward(request));
    case FULCRA_KEEPER_ASK:
        return ask(self, rule, request);
    case FULCRA_KEEPER_REFUSE:
    default:
        return refuse(rule, request, error);
    }
}

const FulcraEndpointOps fulcra__gatekeeper_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .overlay = gatekeeper_overlay,
    .passes_on = true,
    .destroy = gatekeeper_free,
};
