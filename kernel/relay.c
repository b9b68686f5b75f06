/* SPDX-License-Identifier: MIT */

/*
 * relay.c - requests that stand for others: mappers, chains of overlays
 *
 * What came is passed on by whoever answers it, before the request that takes
 * its place is issued: all of this runs on one thread.
 */

#include "private/request.h"
#include <fulcra-host/identifier.h>
#include <fulcra/error.h>

bool
fulcra_host_request_get_slot(
        FulcraRequest *self, const char *name, size_t index, FulcraSlot *slot)
{
    const FulcraArgument *found =
            fulcra__request_get_argument(self, name, index);

    if (found == NULL)
        return false;
    *slot = (FulcraSlot){ name, found->text, found->identifier };
    return true;
}

void
fulcra_host_request_pass_headers(FulcraRequest *self, FulcraRequest *from)
{
    for (unsigned i = 0; from->headers && i < from->headers->len; i++) {
        FulcraRequestHeader *header =
                &g_array_index(from->headers, FulcraRequestHeader, i);

        fulcra_request_set_header(
                self, header->name, header->value, header->inherited);
    }
}

const char *
fulcra_host_request_get_target_id(FulcraRequest *self)
{
    FulcraRoute *route = self->route;

    return route != NULL ? route->steps[route->n_steps - 1].endpoint->id
                         : fulcra_request_get_endpoint_id(self);
}

/* The overlays run in the scope of the one that sends it round, which wraps
 * the same space. */
void
fulcra_host_request_detour(
        FulcraRequest *self, FulcraEndpoint *const *overlays, size_t n_overlays)
{
    FulcraRoute *before = self->route;

    g_return_if_fail(!self->issued && before != NULL && self->step > 0);
    if (n_overlays == 0)
        return;

    size_t rest = before->n_steps - self->step;
    FulcraRoute *route = fulcra__route_new(n_overlays + rest);
    for (size_t i = 0; i < n_overlays; i++) {
        route->steps[i].endpoint = overlays[i];
        route->steps[i].evaluation = before->steps[self->step - 1].evaluation;
    }
    memcpy(&route->steps[n_overlays], &before->steps[self->step],
            rest * sizeof route->steps[0]);
    self->route = route;
    self->step = 0;
    self->endpoint = route->steps[0].endpoint;
    self->evaluation = route->steps[0].evaluation;
    fulcra__route_unref(before);
}

/* What a request had before arguments of another were added. */
typedef struct {
    FulcraIdentifier *identifier;
    unsigned n_references, n_passed;
} Own;

static bool
own_has(const Own *self, FulcraRequest *request, const char *name)
{
    if (fulcra__identifier_get_argument(self->identifier, name) != NULL)
        return true;
    for (unsigned i = 0; i < self->n_references; i++)
        if (g_array_index(request->references, FulcraArgument, i).name == name)
            return true;
    for (unsigned i = 0; i < self->n_passed; i++)
        if (g_array_index(request->passed, FulcraPassed, i).name == name)
            return true;
    return false;
}

static bool
pass_argument(
        FulcraRequest *self, const FulcraArgument *argument, GError **error)
{
    if (argument->text == NULL) {
        fulcra_request_add_reference(
                self, argument->name, argument->identifier);
        return true;
    }
    if (self->identifier->n_arguments >= FULCRA__IDENTIFIER_MAX_ARGUMENTS) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "%s: more than %d arguments",
                fulcra_identifier_get_text(self->identifier),
                FULCRA__IDENTIFIER_MAX_ARGUMENTS);
        return false;
    }
    FulcraIdentifier *longer = fulcra_host_identifier_with_text_argument(
            self->identifier, argument->name, argument->text);
    fulcra_identifier_unref(self->identifier);
    self->identifier = longer;
    return true;
}

static bool
pass_arguments(FulcraRequest *self, const Own *own,
        const FulcraArgument *arguments, size_t n, GError **error)
{
    for (size_t i = 0; i < n; i++)
        if (!own_has(own, self, arguments[i].name) &&
                !pass_argument(self, &arguments[i], error))
            return false;
    return true;
}

bool
fulcra_host_request_pass_arguments(
        FulcraRequest *self, FulcraRequest *from, GError **error)
{
    g_return_val_if_fail(!self->issued && self != from, false);

    g_autoptr(FulcraIdentifier) before =
            fulcra_identifier_ref(self->identifier);
    Own own = { before, self->references != NULL ? self->references->len : 0,
        self->passed != NULL ? self->passed->len : 0 };

    if (!pass_arguments(self, &own, from->identifier->arguments,
                from->identifier->n_arguments, error))
        return false;
    if (from->references != NULL &&
            !pass_arguments(self, &own,
                    (FulcraArgument *)from->references->data,
                    from->references->len, error))
        return false;
    for (unsigned i = 0; from->passed && i < from->passed->len; i++) {
        FulcraPassed *passed = &g_array_index(from->passed, FulcraPassed, i);

        if (own_has(&own, self, passed->name))
            continue;
        if (passed->value != NULL)
            fulcra_request_add_value(self, passed->name, passed->value);
        else
            fulcra_request_add_request(self, passed->name, passed->request);
    }
    return true;
}
