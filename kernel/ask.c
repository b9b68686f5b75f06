/* SPDX-License-Identifier: MIT */

/*
 * ask.c - requests in short: make, issue, wait
 */

#include "private/request.h"
#include "private/run.h"
#include <fulcra-host/identifier.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>
#include <fulcra/representation.h>

FulcraRepresentation *
fulcra_request_source(FulcraRequest *self, FulcraIdentifier *identifier,
        const char *type, GError **error)
{
    g_autoptr(FulcraRequest) request =
            fulcra_request_new(self, FULCRA_VERB_SOURCE, identifier);

    fulcra_request_set_wanted_type(request, type);
    return fulcra_request_issue(request, error);
}

int64_t
fulcra_request_source_setting(FulcraRequest *self, const char *name)
{
    g_return_val_if_fail(self != NULL && name != NULL, 0);
    g_autofree char *text = g_strconcat("setting:/", name, NULL);
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, NULL);
    g_autoptr(FulcraRepresentation) value =
            identifier == NULL ? NULL
                               : fulcra_request_source(self, identifier,
                                         FULCRA_TYPE_INT, NULL);

    return value != NULL ? fulcra_representation_get_int(value) : 0;
}

bool
fulcra_request_sink(FulcraRequest *self, FulcraIdentifier *identifier,
        FulcraRepresentation *primary, GError **error)
{
    g_autoptr(FulcraRequest) request =
            fulcra_request_new(self, FULCRA_VERB_SINK, identifier);

    fulcra_request_set_primary(request, primary);
    FulcraRepresentation *answer = fulcra_request_issue(request, error);
    fulcra_representation_unref(answer);
    return answer != NULL;
}

FulcraRepresentation *
fulcra_request_source_argument(
        FulcraRequest *self, const char *name, const char *type, GError **error)
{
    FulcraSlot slot = fulcra_slot_text("name", name);
    g_autoptr(FulcraIdentifier) identifier = fulcra_identifier_build(
            FULCRA_GRAMMAR("arg:{name}"), &slot, 1, error);

    if (identifier == NULL)
        return NULL;
    return fulcra_request_source(self, identifier, type, error);
}

FulcraRepresentation *
fulcra_request_transrept(FulcraRequest *self, FulcraRepresentation *from,
        const char *type, GError **error)
{
    g_return_val_if_fail(self != NULL && from != NULL && type != NULL, NULL);
    if (fulcra_representation_has_type(from, type))
        return fulcra_representation_ref(from);

    g_autoptr(FulcraRequest) request =
            fulcra_request_new(self, FULCRA_VERB_SOURCE, self->identifier);
    fulcra_request_set_wanted_type(request, type);
    request->issued = true;
    atomic_store(&request->phase, PHASE_PENDING);
    fulcra__request_answered(request, fulcra_representation_ref(from), NULL);
    return fulcra__request_collect(request, error);
}

FulcraRepresentation *
fulcra_request_source_primary(
        FulcraRequest *self, const char *type, GError **error)
{
    if (self->primary == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "%s needs a primary argument",
                fulcra_verb_to_string(self->verb));
        return NULL;
    }
    if (type == NULL)
        return fulcra_representation_ref(self->primary);
    return fulcra_request_transrept(self, self->primary, type, error);
}
