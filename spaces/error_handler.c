/* SPDX-License-Identifier: MIT */

/* error_handler.c - see error_handler.h */

#include "spaces/error_handler.h"
#include <fulcra/fulcra.h>

#define CODE "httpResponse:/code"

static const FulcraGrammarSlot slots[] = { FULCRA_REQUEST_SLOTS,
    FULCRA_ERROR_SLOTS };

const FulcraDeclaredNames fulcra__error_names = {
    .slots = slots,
    .n_slots = G_N_ELEMENTS(slots),
    .automatic = true,
};

typedef struct {
    FulcraRequest *request; /* its deferral holds it */
    GError *error;
} Handled;

void
fulcra__describe_request(FulcraRequest *request, FulcraSlot described[2])
{
    described[0] = fulcra_slot_text("identifier",
            fulcra_identifier_get_text(fulcra_request_get_identifier(request)));
    described[1] = fulcra_slot_text(
            "verb", fulcra_verb_to_string(fulcra_request_get_verb(request)));
}

/* (transfer full), both */
static FulcraRepresentation *
with_status(FulcraRepresentation *answer, const GError *error)
{
    g_autofree char *code = NULL;

    if (fulcra_representation_get_header(answer, CODE) != NULL)
        return answer;
    code = g_strdup_printf("%u", fulcra_host_error_get_status(error));
    return fulcra_representation_with_header(answer, CODE, code);
}

static void
handled(FulcraRequest *handler, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Handled *self = user_data;

    (void)handler;
    if (answer != NULL) {
        fulcra_request_respond(self->request,
                with_status(fulcra_representation_ref(answer), self->error));
        g_error_free(self->error);
    } else {
        fulcra_log_warning(self->request,
                "what is to answer in place of the error '%s' fails: %s",
                self->error->message, error->message);
        fulcra_request_fail(self->request, self->error);
    }
    g_free(self);
}

void
fulcra__handle_error(FulcraRequest *request,
        const FulcraDeclaredRequest *handler, const GError *error)
{
    const char *stack = fulcra_error_get_stack(error);
    FulcraSlot given[5];
    FulcraDeclaredUse use = { .slots = given, .n_slots = G_N_ELEMENTS(given) };
    Handled *self;

    if (g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_CANCELLED)) {
        fulcra_request_fail(request, g_error_copy(error));
        return;
    }
    fulcra__describe_request(request, given);
    given[2] = fulcra_slot_text(
            "id", fulcra_error_id(error->domain == FULCRA_ERROR
                                          ? (FulcraErrorCode)error->code
                                          : FULCRA_ERROR_FAILED));
    given[3] = fulcra_slot_text("message", error->message);
    given[4] = fulcra_slot_text("stack", stack != NULL ? stack : "");
    self = g_new(Handled, 1);
    *self = (Handled){ request, g_error_copy(error) };
    fulcra_host_declared_request_ask(handler, request, &use, handled, self);
}
