/* SPDX-License-Identifier: MIT */

/*
 * request_read.c - what an endpoint reads of the request it is handed
 *
 * All of it stays as it was when the request was issued. What an answer comes
 * to depend on by reading is noted: see ledger.h.
 */

#include "private/context.h"
#include "private/kernel.h"
#include "private/request.h"
#include <fulcra-host/socket.h>
#include <fulcra/representation.h>

FulcraVerb
fulcra_request_get_verb(FulcraRequest *self)
{
    return self->verb;
}

FulcraIdentifier *
fulcra_request_get_identifier(FulcraRequest *self)
{
    return self->identifier;
}

const char *
fulcra_request_get_endpoint_id(FulcraRequest *self)
{
    return self->endpoint == NULL ? NULL : self->endpoint->id;
}

const char *
fulcra_host_request_get_module(FulcraRequest *self)
{
    return self->endpoint == NULL ? NULL : self->endpoint->module;
}

void *
fulcra_request_get_data(FulcraRequest *self)
{
    return self->endpoint == NULL ? NULL : self->endpoint->data;
}

FulcraRepresentation *
fulcra_request_get_primary(FulcraRequest *self)
{
    return self->primary;
}

const char *
fulcra_request_get_wanted_type(FulcraRequest *self)
{
    return self->wanted;
}

FulcraKernel *
fulcra_host_request_get_kernel(FulcraRequest *self)
{
    return self->root->kernel;
}

static const char *
request_find_header(FulcraRequest *self, const char *name, bool inherited)
{
    for (unsigned i = 0; self->headers && i < self->headers->len; i++) {
        FulcraRequestHeader *header =
                &g_array_index(self->headers, FulcraRequestHeader, i);

        if ((!inherited || header->inherited) &&
                g_ascii_strcasecmp(header->name, name) == 0)
            return header->value;
    }
    return NULL;
}

static const char *
request_get_header(FulcraRequest *self, const char *name)
{
    const char *value = request_find_header(self, name, false);

    for (FulcraRequest *above = self->parent; value == NULL && above != NULL;
            above = above->parent)
        value = request_find_header(above, name, true);
    return value;
}

uint64_t
fulcra__request_header_value(FulcraRequest *self, const char *name)
{
    const char *value = request_get_header(self, name);

    if (value == NULL)
        return 0;
    return fulcra__hash_bytes(value, strlen(value)) | 1; /* absence is 0 */
}

/* The answer depends on the header, whether there is one or not. */
const char *
fulcra_request_get_header(FulcraRequest *self, const char *name)
{
    fulcra__request_note(self, FULCRA__NOTED_HEADER, name,
            self->ledger == NULL ? 0
                                 : fulcra__request_header_value(self, name));
    return request_get_header(self, name);
}

/* Counts down *index while looking, so that lists can be asked in turn. */
static const FulcraArgument *
arguments_find(
        const FulcraArgument *items, size_t n, const char *name, size_t *index)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(items[i].name, name) == 0 && (*index)-- == 0)
            return &items[i];
    return NULL;
}

const FulcraArgument *
fulcra__request_get_argument(
        FulcraRequest *self, const char *name, size_t index)
{
    const FulcraArgument *found = NULL;

    if (self->resolved != NULL)
        found = arguments_find(fulcra__arguments_items(&self->resolved->slots),
                self->resolved->slots.n, name, &index);
    if (found == NULL)
        found = arguments_find(self->identifier->arguments,
                self->identifier->n_arguments, name, &index);
    if (found == NULL && self->references != NULL)
        found = arguments_find((FulcraArgument *)self->references->data,
                self->references->len, name, &index);
    return found;
}

size_t
fulcra__request_list_extra_names(
        FulcraRequest *self, const char *names[FULCRA__MAX_EXTRA_NAMES])
{
    size_t n = 0;

    for (unsigned i = 0; self->references && i < self->references->len &&
                         n < FULCRA__MAX_EXTRA_NAMES;
            i++)
        names[n++] = g_array_index(self->references, FulcraArgument, i).name;
    for (unsigned i = 0; self->passed && i < self->passed->len &&
                         n < FULCRA__MAX_EXTRA_NAMES;
            i++)
        names[n++] = g_array_index(self->passed, FulcraPassed, i).name;
    return n;
}

const FulcraPassed *
fulcra__request_get_passed(FulcraRequest *self, const char *name)
{
    for (unsigned i = 0; self->passed && i < self->passed->len; i++) {
        FulcraPassed *passed = &g_array_index(self->passed, FulcraPassed, i);

        if (strcmp(passed->name, name) == 0)
            return passed;
    }
    return NULL;
}

size_t
fulcra_request_get_n_arguments(FulcraRequest *self, const char *name)
{
    size_t n = 0;

    while (fulcra__request_get_argument(self, name, n) != NULL)
        n++;
    for (unsigned i = 0; self->passed && i < self->passed->len; i++)
        n += strcmp(g_array_index(self->passed, FulcraPassed, i).name, name) ==
             0;
    return n;
}

const char *
fulcra_request_get_argument_at(
        FulcraRequest *self, const char *name, size_t index)
{
    const FulcraArgument *argument =
            fulcra__request_get_argument(self, name, index);

    return argument == NULL ? NULL : argument->text;
}

const char *
fulcra_request_get_argument(FulcraRequest *self, const char *name)
{
    return fulcra_request_get_argument_at(self, name, 0);
}

FulcraIdentifier *
fulcra_request_get_argument_identifier(FulcraRequest *self, const char *name)
{
    const FulcraArgument *argument =
            fulcra__request_get_argument(self, name, 0);

    return argument == NULL ? NULL : argument->identifier;
}

FulcraContext *
fulcra_host_request_get_layer(FulcraRequest *self)
{
    return self->layer;
}

FulcraContext *
fulcra_host_request_find_layer(
        FulcraRequest *self, const FulcraContextClass *klass)
{
    FulcraContext *layer = self->context;

    while (layer != NULL && layer->klass != klass)
        layer = layer->parent;
    return layer;
}

FulcraSocket *
fulcra_request_get_socket(FulcraRequest *self)
{
    fulcra__request_bind(self, "it looked at its socket");
    for (FulcraContext *layer = self->context; layer; layer = layer->parent)
        if (layer->klass->get_socket != NULL)
            return layer->klass->get_socket(layer);
    if (self->primary == NULL)
        return NULL;
    return fulcra_representation_get_boxed(self->primary, FULCRA_TYPE_SOCKET);
}

int64_t
fulcra__request_get_due(FulcraRequest *self)
{
    int64_t due = atomic_load_explicit(&self->due, memory_order_relaxed);
    int64_t outer = 0;

    if (self->parent != NULL)
        outer = fulcra__request_get_due(self->parent);
    else if (due == 0)
        due = g_get_monotonic_time() +
              (int64_t)self->root->kernel->limits.timeout_ms * 1000;
    if (due == 0 || (outer != 0 && outer < due))
        due = outer;
    atomic_store_explicit(&self->due, due, memory_order_relaxed);
    return due;
}

int64_t
fulcra_request_get_deadline(FulcraRequest *self)
{
    return fulcra__request_get_due(self);
}

bool
fulcra__request_is_cancelled(FulcraRequest *self)
{
    for (; self != NULL; self = self->parent)
        if (atomic_load(&self->cancelled))
            return true;
    return false;
}

bool
fulcra_request_is_cancelled(FulcraRequest *self)
{
    return fulcra__request_is_cancelled(self);
}

char *
fulcra__request_describe(FulcraRequest *self)
{
    const char *identifier = fulcra_identifier_get_text(self->identifier);

    if (self->transrepts)
        return g_strdup_printf("TRANSREPT %s to %s at '%s'",
                fulcra_representation_get_type(self->primary), self->wanted,
                self->endpoint->id);
    if (self->endpoint == NULL)
        return g_strdup_printf(
                "%s %s", fulcra_verb_to_string(self->verb), identifier);
    return g_strdup_printf("%s %s at '%s'%s%s",
            fulcra_verb_to_string(self->verb), identifier, self->endpoint->id,
            self->endpoint->module != NULL ? " of " : "",
            self->endpoint->module != NULL ? self->endpoint->module : "");
}
