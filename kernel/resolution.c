/* SPDX-License-Identifier: MIT */

/*
 * resolution.c - what requests were resolved to
 *
 * Transports keep one for the messages of a socket; the others are kept by the
 * threads that made them (resolutions.c). A request that uses one takes from it
 * what answers, and holds it for its slots.
 */

#include "private/context.h"
#include "private/kernel.h"
#include "private/request.h"

FulcraResolution *
fulcra__resolution_new(FulcraRequest *request, uint64_t where,
        const FulcraCutSlot *walked, unsigned n_walked)
{
    FulcraResolution *self =
            g_malloc(sizeof *self + n_walked * sizeof walked[0]);

    memset(self, 0, sizeof *self);
    fulcra_refs_init(&self->refs);
    self->generation = request->root->table->generation;
    self->identifier = fulcra_identifier_ref(request->identifier);
    self->verb = request->verb;
    self->where = where;
    fulcra__arguments_init(&self->slots);
    self->n_walked = n_walked;
    if (n_walked > 0)
        memcpy(self->walked, walked, n_walked * sizeof walked[0]);
    return self;
}

FulcraResolution *
fulcra_host_resolution_ref(FulcraResolution *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_resolution_unref(FulcraResolution *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    fulcra_identifier_unref(self->identifier);
    fulcra__arguments_clear(&self->slots);
    fulcra__route_unref(self->route);
    g_free(self);
}

/* --- routes --- */

FulcraRoute *
fulcra__route_new(size_t n_steps)
{
    FulcraRoute *self =
            g_malloc(sizeof *self + n_steps * sizeof self->steps[0]);

    fulcra_refs_init(&self->refs);
    self->n_steps = n_steps;
    return self;
}

FulcraRoute *
fulcra__route_ref(FulcraRoute *self)
{
    if (self != NULL)
        fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__route_unref(FulcraRoute *self)
{
    if (self != NULL && fulcra_refs_drop(&self->refs))
        g_free(self);
}

/* --- using them --- */

void
fulcra__request_take_resolution(
        FulcraRequest *self, FulcraResolution *resolution, bool hold)
{
    fulcra_host_resolution_unref(self->resolved);
    fulcra__route_unref(self->route);
    self->resolved = NULL;
    if (hold || resolution->slots.n > 0 || resolution->route != NULL ||
            fulcra__request_may_be_kept(self))
        self->resolved = fulcra_host_resolution_ref(resolution);
    self->route = fulcra__route_ref(resolution->route);
    self->endpoint = resolution->endpoint;
    self->evaluation = resolution->evaluation != NULL
                               ? resolution->evaluation
                               : fulcra__request_get_places(self);
}

/* As the one that @self has, if any, but for the slots. (transfer full) */
static FulcraResolution *
resolution_without_slots(FulcraRequest *self)
{
    const FulcraResolution *before = self->resolved;

    if (before == NULL)
        return fulcra__resolution_new(self, 0, NULL, 0);
    FulcraResolution *own = fulcra__resolution_new(
            self, before->where, before->walked, before->n_walked);
    own->endpoint = before->endpoint;
    own->evaluation = before->evaluation;
    own->places = before->places;
    own->route = fulcra__route_ref(before->route);
    return own;
}

bool
fulcra_host_request_match(
        FulcraRequest *self, const FulcraGrammar *grammar, const char **reason)
{
    const char *names[FULCRA__MAX_EXTRA_NAMES];
    size_t n_names = fulcra__request_list_extra_names(self, names);
    FulcraArguments slots;

    fulcra__arguments_init(&slots);
    if (!fulcra__grammar_match(
                grammar, self->identifier, names, n_names, &slots, reason))
        return false;

    FulcraResolution *own = resolution_without_slots(self);
    own->slots = slots;
    fulcra_host_resolution_unref(self->resolved);
    self->resolved = own;
    return true;
}

/* --- those that transports keep --- */

FulcraResolution *
fulcra_host_request_resolve(FulcraRequest *self, GError **error)
{
    g_return_val_if_fail(!self->issued, NULL);
    if (!fulcra__request_resolve(self, true, error))
        return NULL;
    return fulcra_host_resolution_ref(self->resolved);
}

void
fulcra_host_request_use_resolution(
        FulcraRequest *self, FulcraResolution *resolution)
{
    FulcraSpace *space;

    if (resolution->generation != self->root->table->generation)
        return;
    if (resolution->places != NULL)
        self->places = resolution->places;
    else
        self->layer = fulcra__context_find(self->context,
                fulcra__identifier_scheme(self->identifier), &space);
    if (resolution->verb != self->verb)
        self->unkept = "it was resolved as another verb";
    fulcra__request_take_resolution(self, resolution, false);
}

bool
fulcra_host_resolution_is_current(FulcraResolution *self, FulcraKernel *kernel)
{
    return self->generation == fulcra_host_kernel_get_generation(kernel);
}

static bool
slots_equal(const FulcraArguments *a, const FulcraArguments *b)
{
    const FulcraArgument *one = fulcra__arguments_items(a);
    const FulcraArgument *other = fulcra__arguments_items(b);

    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (one[i].name != other[i].name ||
                one[i].identifier != other[i].identifier ||
                g_strcmp0(one[i].text, other[i].text) != 0)
            return false;
    return true;
}

static bool
routes_equal(const FulcraRoute *a, const FulcraRoute *b)
{
    if (a == NULL || b == NULL || a->n_steps != b->n_steps)
        return a == b;
    for (size_t i = 0; i < a->n_steps; i++)
        if (a->steps[i].endpoint != b->steps[i].endpoint ||
                a->steps[i].evaluation != b->steps[i].evaluation)
            return false;
    return true;
}

bool
fulcra_host_resolution_equal(FulcraResolution *a, FulcraResolution *b)
{
    return a->generation == b->generation && a->endpoint == b->endpoint &&
           a->evaluation == b->evaluation && routes_equal(a->route, b->route) &&
           slots_equal(&a->slots, &b->slots);
}

const char *
fulcra_host_resolution_get_endpoint_id(FulcraResolution *self)
{
    return self->endpoint->id;
}
