/* SPDX-License-Identifier: MIT */

/* layer.c - layers of context that stand for the server itself */

#include "layer.h"

#include <fulcra-host/space.h>

typedef struct {
    FulcraContext context;
    FulcraContextClass klass;
    FulcraContextScheme scheme;
} Layer;

static void
layer_free(FulcraContext *context)
{
    Layer *self = (Layer *)context;

    fulcra_host_space_unref(self->scheme.space);
    g_free(self);
}

FulcraContext *
fulcra_admin_layer_new(
        const char *scheme, FulcraSpace *space, FulcraContext *parent)
{
    Layer *self = g_new0(Layer, 1);

    self->scheme.scheme = fulcra_intern(scheme);
    self->scheme.space = space;
    self->klass.name = scheme;
    self->klass.n_schemes = 1;
    self->klass.schemes = &self->scheme;
    self->klass.free = layer_free;
    fulcra_host_context_init(&self->context, &self->klass, parent);
    return &self->context;
}
