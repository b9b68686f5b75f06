/* SPDX-License-Identifier: MIT */

/*
 * request.c - what a request is made of: its parts, its making and its end
 *
 * Everything here runs on the thread that fills the request in or, once it was
 * issued, reads what does not change any more.
 */

#include "private/request.h"
#include "private/context.h"
#include "private/follow.h"
#include "private/kernel.h"
#include "private/memory.h"
#include "private/thread.h"
#include <fulcra-host/identifier.h>
#include <fulcra-host/socket.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

const char *
fulcra_verb_to_string(FulcraVerb verb)
{
    static const char *const names[] = { "SOURCE", "SINK", "NEW", "DELETE",
        "EXISTS", "META" };

    g_return_val_if_fail((unsigned)verb < FULCRA_N_VERBS, "?");
    return names[verb];
}

/* --- making and ending --- */

static void
request_init(FulcraRequest *self, FulcraRoot *root, FulcraVerb verb,
        FulcraIdentifier *identifier)
{
    fulcra_refs_init(&self->refs);
    atomic_init(&self->running, FULCRA__RUNNING_ITSELF);
    self->root = root;
    self->verb = verb;
    self->identifier = fulcra_identifier_ref(identifier);
}

/* @table: (transfer full) */
static FulcraRequest *
root_new(FulcraKernel *kernel, FulcraTable *table, const char *space,
        FulcraContext *context, FulcraVerb verb, FulcraIdentifier *identifier)
{
    FulcraRoot *root = fulcra__block_new_zeroed(sizeof *root);

    root->kernel = kernel;
    root->table = table;
    root->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    root->answered = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    request_init(&root->request, root, verb, identifier);

    root->fulcrum = space;
    if (context != NULL)
        root->request.context = fulcra_host_context_ref(context);
    return &root->request;
}

FulcraRequest *
fulcra_host_request_new_root(FulcraKernel *kernel, const char *space,
        FulcraContext *context, FulcraVerb verb, FulcraIdentifier *identifier)
{
    return root_new(kernel, fulcra_host_kernel_get_table(kernel), space,
            context, verb, identifier);
}

FulcraRequest *
fulcra_host_request_new_root_in(FulcraKernel *kernel, FulcraTable *table,
        const char *space, FulcraContext *context, FulcraVerb verb,
        FulcraIdentifier *identifier)
{
    return root_new(kernel, fulcra_host_table_ref(table), space, context, verb,
            identifier);
}

/* The fulcrum that this thread looked up last: most threads serve one. Borrowed
 * from the table of that generation, and looked at for no other. */
static FULCRA__THREAD_LOCAL struct {
    uint64_t generation;
    FulcraPlaces *places; /* of that space alone */
} last_fulcrum;

static FulcraPlaces *
root_find_places(FulcraRoot *self)
{
    uint64_t generation = self->table->generation;

    if (last_fulcrum.generation != generation ||
            strcmp(last_fulcrum.places->space->uri, self->fulcrum) != 0) {
        FulcraPlaces *places = fulcra__table_find_alone(
                self->table, fulcra_intern(self->fulcrum));

        if (places == NULL)
            return NULL;
        last_fulcrum.generation = generation;
        last_fulcrum.places = places;
    }
    return last_fulcrum.places;
}

FulcraPlaces *
fulcra__request_get_places(FulcraRequest *self)
{
    if (self->places == NULL && self->parent == NULL)
        self->places = root_find_places(self->root);
    return self->places;
}

FulcraRequest *
fulcra_request_new(
        FulcraRequest *parent, FulcraVerb verb, FulcraIdentifier *identifier)
{
    g_return_val_if_fail(parent != NULL && identifier != NULL, NULL);
    g_return_val_if_fail((unsigned)verb < FULCRA_N_VERBS, NULL);

    FulcraRequest *self = fulcra__block_new_zeroed(sizeof *self);
    request_init(self, parent->root, verb, identifier);
    self->parent = fulcra_request_ref(parent);
    self->depth = parent->depth + 1;
    self->places = parent->evaluation != NULL
                           ? parent->evaluation
                           : fulcra__request_get_places(parent);
    self->context = parent->context;
    return self;
}

FulcraRequest *
fulcra__request_new_transrept(FulcraRequest *parent, FulcraEndpoint *endpoint,
        FulcraRepresentation *from, const char *to)
{
    FulcraRequest *self =
            fulcra_request_new(parent, FULCRA_VERB_SOURCE, parent->identifier);

    self->transrepts = true;
    self->endpoint = endpoint;
    self->primary = fulcra_representation_ref(from);
    self->wanted = to;
    return self;
}

FulcraRequest *
fulcra_request_ref(FulcraRequest *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

static void
request_clear_lists(FulcraRequest *self)
{
    for (unsigned i = 0; self->references && i < self->references->len; i++)
        fulcra_identifier_unref(
                g_array_index(self->references, FulcraArgument, i).identifier);
    for (unsigned i = 0; self->passed && i < self->passed->len; i++) {
        FulcraPassed *passed = &g_array_index(self->passed, FulcraPassed, i);

        fulcra_representation_unref(passed->value);
        fulcra_request_unref(passed->request);
    }
    for (unsigned i = 0; self->headers && i < self->headers->len; i++)
        g_free(g_array_index(self->headers, FulcraRequestHeader, i).value);
    g_clear_pointer(&self->references, g_array_unref);
    g_clear_pointer(&self->passed, g_array_unref);
    g_clear_pointer(&self->headers, g_array_unref);
}

static void
root_clear(FulcraRoot *self)
{
    fulcra__tracings_free(self->tracers);
    fulcra_host_context_unref(self->request.context);
    fulcra_host_table_unref(self->table);
    fulcra_host_table_unref(self->older);
    fulcra__way_in_free(self->way_in);
    if (self->joined != NULL)
        g_ptr_array_unref(self->joined);
    if (self->slept)
        pthread_cond_destroy(&self->answered);
    pthread_mutex_destroy(&self->lock);
}

void
fulcra__request_drop(FulcraRequest *self, int n)
{
    for (; self != NULL && fulcra_refs_let_go(&self->refs, n); n = 1) {
        FulcraRequest *parent = self->parent;

        if (self->references || self->passed || self->headers)
            request_clear_lists(self);
        fulcra_host_resolution_unref(self->resolved);
        fulcra__route_unref(self->route);
        fulcra_host_context_unref(self->pushed);
        fulcra_representation_unref(self->answer);
        fulcra_representation_unref(self->primary);
        fulcra_identifier_unref(self->identifier);
        g_clear_error(&self->error);
        fulcra__ledger_unref(self->ledger);
        fulcra__given_unref(self->given);
        g_free(self->expired);
        if (parent == NULL)
            root_clear(self->root);
        fulcra__block_free(self,
                parent == NULL ? sizeof(FulcraRoot) : sizeof(FulcraRequest));
        self = parent;
    }
}

void
fulcra_request_unref(FulcraRequest *self)
{
    fulcra__request_drop(self, 1);
}

/* --- filling in --- */

void
fulcra_request_set_wanted_type(FulcraRequest *self, const char *type)
{
    g_return_if_fail(self != NULL && !self->issued);
    self->wanted = type == NULL ? NULL : fulcra_intern(type);
}

void
fulcra_request_set_primary(FulcraRequest *self, FulcraRepresentation *primary)
{
    g_return_if_fail(self != NULL && !self->issued && primary != NULL);
    fulcra_representation_ref(primary);
    fulcra_representation_unref(self->primary);
    self->primary = primary;
}

void
fulcra_host_request_take_primary(
        FulcraRequest *self, FulcraRepresentation *primary)
{
    g_return_if_fail(self != NULL && !self->issued && primary != NULL);
    fulcra_representation_unref(self->primary);
    self->primary = primary;
}

void
fulcra_request_set_header(FulcraRequest *self, const char *name,
        const char *value, bool inherited)
{
    g_return_if_fail(self != NULL && !self->issued);
    g_return_if_fail(name != NULL && value != NULL);
    if (self->headers == NULL)
        self->headers = g_array_new(false, false, sizeof(FulcraRequestHeader));

    FulcraRequestHeader header = { fulcra_intern(name), g_strdup(value),
        inherited };
    g_array_append_val(self->headers, header);
}

void
fulcra_request_add_reference(
        FulcraRequest *self, const char *name, FulcraIdentifier *identifier)
{
    g_return_if_fail(self != NULL && !self->issued);
    g_return_if_fail(name != NULL && identifier != NULL);
    if (self->references == NULL)
        self->references = g_array_new(false, false, sizeof(FulcraArgument));

    FulcraArgument argument = { .name = fulcra_intern(name),
        .identifier = fulcra_identifier_ref(identifier) };
    g_array_append_val(self->references, argument);
}

static void
request_pass(FulcraRequest *self, FulcraPassed passed)
{
    if (self->passed == NULL)
        self->passed = g_array_new(false, false, sizeof(FulcraPassed));
    g_array_append_val(self->passed, passed);
}

void
fulcra_request_add_value(
        FulcraRequest *self, const char *name, FulcraRepresentation *value)
{
    g_return_if_fail(self != NULL && !self->issued);
    g_return_if_fail(name != NULL && value != NULL);
    request_pass(self, (FulcraPassed){ .name = fulcra_intern(name),
                               .value = fulcra_representation_ref(value) });
}

void
fulcra_request_add_request(
        FulcraRequest *self, const char *name, FulcraRequest *request)
{
    g_return_if_fail(self != NULL && !self->issued);
    g_return_if_fail(name != NULL && request != NULL && !request->issued);
    g_return_if_fail(request->root == self->root);
    request_pass(self, (FulcraPassed){ .name = fulcra_intern(name),
                               .request = fulcra_request_ref(request) });
}

void
fulcra_request_set_timeout(FulcraRequest *self, unsigned milliseconds)
{
    g_return_if_fail(self != NULL && !self->issued);

    int64_t due = g_get_monotonic_time() + (int64_t)milliseconds * 1000;
    int64_t now_set = atomic_load_explicit(&self->due, memory_order_relaxed);
    if (now_set == 0 || due < now_set)
        atomic_store_explicit(&self->due, due, memory_order_relaxed);
}

void
fulcra_request_set_independent(FulcraRequest *self)
{
    g_return_if_fail(self != NULL && !self->issued);
    self->independent = true;
}

/* --- what the answer depends on --- */

bool
fulcra__request_may_be_kept(const FulcraRequest *self)
{
    return (self->root->kernel->limits.cache_bytes != 0 ||
                   self->root->follows) &&
           (self->verb == FULCRA_VERB_SOURCE ||
                   self->verb == FULCRA_VERB_EXISTS ||
                   self->verb == FULCRA_VERB_META);
}

void
fulcra__request_open_ledger(FulcraRequest *self)
{
    const char *scheme = fulcra__identifier_scheme(self->identifier);
    const FulcraResolution *resolved = self->resolved;

    self->ledger = fulcra__ledger_new();
    if (resolved != NULL)
        fulcra__ledger_add_slots(
                self->ledger, resolved->walked, resolved->n_walked);
    if (resolved != NULL && resolved->n_walked == FULCRA__MAX_WALKED)
        self->ledger->bound = "it was looked for in too many spaces";
    if (fulcra__context_is_dynamic(scheme))
        fulcra__ledger_note(self->ledger, FULCRA__NOTED_LAYER, scheme,
                fulcra__context_identity_of(self->context, scheme));
}

void
fulcra__request_note(FulcraRequest *self, FulcraNotedKind kind,
        const char *name, uint64_t value)
{
    if (self->ledger == NULL)
        return;
    pthread_mutex_lock(&self->root->lock);
    if (!self->ledger->closed)
        fulcra__ledger_note(self->ledger, kind, fulcra_intern(name), value);
    pthread_mutex_unlock(&self->root->lock);
}

void
fulcra__request_bind(FulcraRequest *self, const char *why)
{
    if (self->ledger == NULL)
        return;
    pthread_mutex_lock(&self->root->lock);
    if (!self->ledger->closed)
        self->ledger->bound = why;
    pthread_mutex_unlock(&self->root->lock);
}

void
fulcra_request_attach_key(FulcraRequest *self, const char *key)
{
    g_return_if_fail(self != NULL && key != NULL);
    if (self->ledger == NULL)
        return;
    pthread_mutex_lock(&self->root->lock);
    if (!self->ledger->closed) {
        fulcra__ledger_add_key(self->ledger, key);
        self->ledger->asked = true;
    }
    pthread_mutex_unlock(&self->root->lock);
}

void
fulcra_request_attach_check(FulcraRequest *self, FulcraIdentifier *check)
{
    g_return_if_fail(self != NULL && check != NULL);
    if (self->ledger == NULL)
        return;

    FulcraPlaces *places = self->evaluation != NULL
                                   ? self->evaluation
                                   : fulcra__request_get_places(self);
    FulcraCheck *fresh = fulcra__check_new(check, places);
    pthread_mutex_lock(&self->root->lock);
    if (!self->ledger->closed) {
        fulcra__ledger_add_check(self->ledger, fresh);
        self->ledger->asked = true;
    }
    pthread_mutex_unlock(&self->root->lock);
    fulcra__check_unref(fresh);
}

void
fulcra_request_cut_key(FulcraRequest *self, const char *key)
{
    g_return_if_fail(self != NULL && key != NULL);
    fulcra_host_stats_add(FULCRA_STAT_KEYS_CUT, 1);
    fulcra__cut(key);
}

void
fulcra_request_cut_keys(FulcraRequest *self, const char *const *keys)
{
    g_return_if_fail(self != NULL && keys != NULL);
    size_t n = g_strv_length((char **)keys);

    fulcra_host_stats_add(FULCRA_STAT_KEYS_CUT, (int64_t)n);
    fulcra__cut_all(keys, n);
}

void
fulcra_host_request_push_layer(FulcraRequest *self, FulcraContext *layer)
{
    g_return_if_fail(self->parent != NULL && !self->issued);
    fulcra_host_context_ref(layer);
    fulcra_host_context_unref(self->pushed);
    self->context = self->pushed = layer;
}

void
fulcra_host_request_enter(FulcraRequest *self, FulcraSpace *space)
{
    g_return_if_fail(!self->issued && space != NULL);
    self->places = fulcra__table_push(
            self->root->table, fulcra__request_get_places(self), space);
}

FulcraContext *
fulcra_host_request_get_context(FulcraRequest *self)
{
    return self->context;
}
