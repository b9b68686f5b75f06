/* SPDX-License-Identifier: MIT */

/*
 * endpoint.c - endpoints: a table of functions, its data, and where it runs
 *
 * Changed only by whoever builds it, before it is bound into a space.
 */

#include "private/space.h"
#include <fulcra/error.h>

static FulcraVerbs
ops_verbs(const FulcraEndpointOps *ops)
{
    FulcraVerbs verbs = 0;

    if (ops->source != NULL)
        verbs |= 1u << FULCRA_VERB_SOURCE | 1u << FULCRA_VERB_EXISTS;
    if (ops->sink != NULL)
        verbs |= 1u << FULCRA_VERB_SINK;
    if (ops->new_resource != NULL)
        verbs |= 1u << FULCRA_VERB_NEW;
    if (ops->delete_resource != NULL)
        verbs |= 1u << FULCRA_VERB_DELETE;
    if (ops->exists != NULL)
        verbs |= 1u << FULCRA_VERB_EXISTS;
    if (ops->meta != NULL)
        verbs |= 1u << FULCRA_VERB_META;
    return verbs;
}

FulcraEndpoint *
fulcra_host_endpoint_new(const char *id, const FulcraEndpointOps *ops,
        void *data, FulcraDomain *domain)
{
    g_return_val_if_fail(id != NULL && ops != NULL && ops->size > 0, NULL);
    g_return_val_if_fail(ops->run != FULCRA_RUN_SERIAL || domain != NULL, NULL);

    FulcraEndpoint *self = g_new0(FulcraEndpoint, 1);
    fulcra_refs_init(&self->refs);
    memcpy(&self->ops, ops, MIN(ops->size, sizeof self->ops));
    self->verbs = ops_verbs(&self->ops);
    self->run = ops->run;
    self->data = data;
    self->domain = domain == NULL ? NULL : fulcra_host_domain_ref(domain);
    self->id = g_strdup(id);
    return self;
}

FulcraEndpoint *
fulcra_host_endpoint_ref(FulcraEndpoint *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_endpoint_unref(FulcraEndpoint *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    if (self->ops.destroy != NULL)
        self->ops.destroy(self->data);
    if (self->release_pin != NULL)
        self->release_pin(self->pin);
    fulcra_host_owner_unref(self->owner);
    fulcra_host_domain_unref(self->domain);
    g_free(self->id);
    g_free(self);
}

void
fulcra_host_endpoint_set_module(FulcraEndpoint *self, const char *uri)
{
    self->module = fulcra_intern(uri);
}

static const char *
run_name(FulcraRun run)
{
    static const char *const names[] = { "serial", "concurrent", "inline" };

    return names[run];
}

bool
fulcra_host_endpoint_restrict_run(
        FulcraEndpoint *self, FulcraRun run, GError **error)
{
    /* The enum is ordered from the most restricted to the freest. */
    if (run > self->run) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE,
                "endpoint '%s' is built to run %s: a definition may restrict "
                "that, not widen it to %s",
                self->id, run_name(self->run), run_name(run));
        return false;
    }
    if (run == FULCRA_RUN_SERIAL && self->domain == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE,
                "endpoint '%s' has no domain to run serially in", self->id);
        return false;
    }
    self->run = run;
    return true;
}

void
fulcra_host_endpoint_set_pin(
        FulcraEndpoint *self, void *pin, GDestroyNotify release)
{
    self->pin = pin;
    self->release_pin = release;
}

const char *
fulcra_host_endpoint_get_id(FulcraEndpoint *self)
{
    return self->id;
}

FulcraHandler
fulcra__endpoint_get_handler(FulcraEndpoint *self, FulcraVerb verb)
{
    switch (verb) {
    case FULCRA_VERB_SOURCE:
        return self->ops.source;
    case FULCRA_VERB_SINK:
        return self->ops.sink;
    case FULCRA_VERB_NEW:
        return self->ops.new_resource;
    case FULCRA_VERB_DELETE:
        return self->ops.delete_resource;
    case FULCRA_VERB_EXISTS:
        return self->ops.exists != NULL ? self->ops.exists : self->ops.source;
    case FULCRA_VERB_META:
        return self->ops.meta;
    case FULCRA_N_VERBS:
        break;
    }
    return NULL;
}
