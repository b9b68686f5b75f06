/* SPDX-License-Identifier: MIT */

/*
 * dereference.c - requests made of others: passed on by overlays, and what
 * `arg:NAME` stands for
 */

#include "private/kernel.h"
#include "private/request.h"
#include <fulcra/error.h>
#include <fulcra/representation.h>

/* --- requests made of others --- */

/* Arguments and headers of @from, added to those of @self. */
static void
request_copy_parts(FulcraRequest *self, FulcraRequest *from)
{
    for (unsigned i = 0; from->references && i < from->references->len; i++) {
        FulcraArgument *argument =
                &g_array_index(from->references, FulcraArgument, i);
        fulcra_request_add_reference(
                self, argument->name, argument->identifier);
    }
    for (unsigned i = 0; from->passed && i < from->passed->len; i++) {
        FulcraPassed *passed = &g_array_index(from->passed, FulcraPassed, i);
        if (passed->value != NULL)
            fulcra_request_add_value(self, passed->name, passed->value);
        else
            fulcra_request_add_request(self, passed->name, passed->request);
    }
    for (unsigned i = 0; from->headers && i < from->headers->len; i++) {
        FulcraRequestHeader *header =
                &g_array_index(from->headers, FulcraRequestHeader, i);
        fulcra_request_set_header(
                self, header->name, header->value, header->inherited);
    }
}

FulcraRequest *
fulcra_request_forward(FulcraRequest *self)
{
    g_return_val_if_fail(self != NULL, NULL);
    g_return_val_if_fail(fulcra__request_is_at_overlay(self), NULL);

    FulcraRequest *inner =
            fulcra_request_new(self, self->verb, self->identifier);
    inner->resolved = fulcra_host_resolution_ref(self->resolved);
    inner->route = fulcra__route_ref(self->route);
    inner->step = self->step + 1;
    inner->endpoint = inner->route->steps[inner->step].endpoint;
    inner->evaluation = inner->route->steps[inner->step].evaluation;
    inner->layer = self->layer;
    inner->forwarded = self->parent == NULL || self->forwarded;
    inner->places = fulcra__request_get_places(
            self); /* references are resolved as outside */
    inner->wanted = self->wanted;
    if (self->primary != NULL)
        fulcra_request_set_primary(inner, self->primary);
    request_copy_parts(inner, self);
    return inner;
}

FulcraRequest *
fulcra__request_redirect(FulcraRequest *self, FulcraEndpoint *endpoint)
{
    FulcraRequest *inner =
            fulcra_request_new(self, self->verb, self->identifier);

    self->moved = true;
    if (self->resolved != NULL)
        inner->resolved = fulcra_host_resolution_ref(self->resolved);
    inner->endpoint = endpoint;
    inner->evaluation = self->evaluation;
    inner->layer = self->layer;
    inner->places = fulcra__request_get_places(self);
    inner->wanted = self->wanted;
    inner->unkept = "what would answer it was replaced meanwhile";
    if (self->primary != NULL)
        fulcra_request_set_primary(inner, self->primary);
    request_copy_parts(inner, self);
    return inner;
}

/* --- arg:NAME --- */

/* The request that was passed stays as it is, so that it can be issued again:
 * @self takes over what it asks for, and its scope. */
static void
request_become(FulcraRequest *self, FulcraRequest *template)
{
    fulcra_identifier_unref(self->identifier);
    self->identifier = fulcra_identifier_ref(template->identifier);
    self->verb = template->verb;
    self->places = fulcra__request_get_places(template);
    self->context = template->context;
    self->independent |= template->independent;
    if (self->wanted == NULL)
        self->wanted = template->wanted;
    if (template->primary != NULL)
        fulcra_request_set_primary(self, template->primary);
    request_copy_parts(self, template);
}

FulcraRequest *
fulcra__request_get_caller(FulcraRequest *self)
{
    FulcraRequest *caller = self->parent;

    while (caller != NULL &&
            (caller->moved || fulcra__request_is_at_overlay(caller)))
        caller = caller->parent;
    return caller;
}

bool
fulcra_host_request_is_from_root(FulcraRequest *self)
{
    FulcraRequest *caller = fulcra__request_get_caller(self);

    while (caller != NULL && caller->relays)
        caller = fulcra__request_get_caller(caller);
    return caller == NULL;
}

void
fulcra_host_request_relay(FulcraRequest *self)
{
    self->relays = true;
}

/* What the argument @name of @owner stands for. Returns the request whose
 * arguments a further `arg:` would mean, NULL where @self has what it needs. */
static FulcraRequest *
request_follow(FulcraRequest *self, FulcraRequest *owner, const char *name,
        FulcraRepresentation **value)
{
    const FulcraArgument *argument =
            fulcra__request_get_argument(owner, name, 0);
    if (argument != NULL && argument->text != NULL) {
        *value = fulcra_representation_new_text(argument->text);
        return NULL;
    }
    if (argument != NULL) {
        FulcraIdentifier *target = fulcra_identifier_ref(argument->identifier);
        fulcra_identifier_unref(self->identifier);
        self->identifier = target;
        self->places = fulcra__request_get_places(
                owner); /* as the one who passed it sees it */
        return fulcra__request_get_caller(owner);
    }

    const FulcraPassed *passed = fulcra__request_get_passed(owner, name);
    if (passed == NULL)
        return NULL;
    if (passed->value != NULL) {
        *value = fulcra_representation_ref(passed->value);
        return NULL;
    }
    request_become(self, passed->request);
    return passed->request->parent;
}

bool
fulcra__request_dereference(
        FulcraRequest *self, FulcraRepresentation **value, GError **error)
{
    const char *scheme_arg = self->root->kernel->scheme_arg;
    FulcraRequest *owner = self->parent;

    *value = NULL;
    while (fulcra__identifier_scheme(self->identifier) == scheme_arg) {
        const char *name = self->identifier->base + strlen("arg:");
        FulcraRequest *next = NULL;

        if (owner != NULL)
            next = request_follow(self, owner, name, value);
        if (*value != NULL)
            return true;
        if (next == NULL &&
                fulcra__identifier_scheme(self->identifier) == scheme_arg) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                    "argument '%s' is missing", name);
            return false;
        }
        owner = next;
    }
    return true;
}
