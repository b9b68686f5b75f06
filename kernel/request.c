/* SPDX-License-Identifier: MIT */

/*
 * request.c - what a request is made of: its parts, its making and its end
 *
 * Everything here runs on the thread that fills the request in or, once it was
 * issued, reads what does not change any more.
 */

#include "private/request.h"
#include "private/context.h"
#include "private/kernel.h"
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
    atomic_init(&self->running, 1);
    self->root = root;
    self->verb = verb;
    self->identifier = fulcra_identifier_ref(identifier);
    fulcra__arguments_init(&self->slots);
    self->matched = &self->slots;
}

FulcraRequest *
fulcra_host_request_new_root(FulcraKernel *kernel, const char *space,
        FulcraContext *context, FulcraVerb verb, FulcraIdentifier *identifier)
{
    FulcraRoot *root = g_malloc(sizeof *root);

    memset(root, 0, sizeof *root);
    root->kernel = kernel;
    root->table = fulcra__kernel_get_table(kernel);
    root->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    root->answered = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    request_init(&root->request, root, verb, identifier);

    root->fulcrum = space;
    if (context != NULL)
        root->request.context = fulcra_host_context_ref(context);
    return &root->request;
}

FulcraPlaces *
fulcra__request_get_places(FulcraRequest *self)
{
    FulcraRoot *root = self->root;

    if (self->places == NULL && self->parent == NULL) {
        FulcraSpace *fulcrum =
                fulcra__table_find(root->table, fulcra_intern(root->fulcrum));

        if (fulcrum != NULL)
            self->places = fulcra__table_push(root->table, NULL, fulcrum);
    }
    return self->places;
}

FulcraRequest *
fulcra_request_new(
        FulcraRequest *parent, FulcraVerb verb, FulcraIdentifier *identifier)
{
    g_return_val_if_fail(parent != NULL && identifier != NULL, NULL);
    g_return_val_if_fail((unsigned)verb < FULCRA_N_VERBS, NULL);

    FulcraRequest *self = g_malloc(sizeof *self);
    memset(self, 0, sizeof *self);
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
    if (self->tracer_release != NULL)
        self->tracer_release(self->tracer_data);
    fulcra_host_context_unref(self->request.context);
    fulcra__table_unref(self->table);
    if (self->joined != NULL)
        g_ptr_array_unref(self->joined);
    pthread_cond_destroy(&self->answered);
    pthread_mutex_destroy(&self->lock);
}

void
fulcra_request_unref(FulcraRequest *self)
{
    while (self != NULL && fulcra_refs_drop(&self->refs)) {
        FulcraRequest *parent = self->parent;

        if (self->references || self->passed || self->headers)
            request_clear_lists(self);
        fulcra__arguments_clear(&self->slots);
        fulcra_host_resolution_unref(self->kept);
        fulcra__route_unref(self->route);
        fulcra_host_context_unref(self->pushed);
        fulcra_representation_unref(self->answer);
        fulcra_representation_unref(self->primary);
        fulcra_identifier_unref(self->identifier);
        g_clear_error(&self->error);
        fulcra__ledger_unref(self->ledger);
        if (parent == NULL)
            root_clear(self->root);
        g_free(self);
        self = parent;
    }
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
fulcra_request_cut_key(FulcraRequest *self, const char *key)
{
    g_return_if_fail(self != NULL && key != NULL);
    fulcra_host_stats_add(FULCRA_STAT_KEYS_CUT, 1);
    fulcra__cut(key);
}

void
fulcra_host_request_set_tracer(FulcraRequest *self, FulcraTracer tracer,
        void *user_data, GDestroyNotify release)
{
    g_return_if_fail(self->parent == NULL && !self->issued);
    self->root->tracer = tracer;
    self->root->tracer_data = user_data;
    self->root->tracer_release = release;
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

/* --- reading --- */

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
    uint64_t hash = 14695981039346656037u;

    if (value == NULL)
        return 0;
    for (; *value != '\0'; value++)
        hash = (hash ^ (unsigned char)*value) * 1099511628211u;
    return hash | 1; /* absence is 0 */
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
    const FulcraArgument *found =
            arguments_find(fulcra__arguments_items(self->matched),
                    self->matched->n, name, &index);

    if (found == NULL)
        found = arguments_find(self->identifier->arguments,
                self->identifier->n_arguments, name, &index);
    if (found == NULL && self->references != NULL)
        found = arguments_find((FulcraArgument *)self->references->data,
                self->references->len, name, &index);
    return found;
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
    inner->route = self->route;
    fulcra_refs_take(&inner->route->refs);
    inner->step = self->step + 1;
    inner->endpoint = inner->route->steps[inner->step].endpoint;
    inner->evaluation = inner->route->steps[inner->step].evaluation;
    inner->matched = self->matched;
    inner->layer = self->layer;
    inner->places = fulcra__request_get_places(
            self); /* references are resolved as outside */
    inner->wanted = self->wanted;
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
    if (self->wanted == NULL)
        self->wanted = template->wanted;
    if (template->primary != NULL)
        fulcra_request_set_primary(self, template->primary);
    request_copy_parts(self, template);
}

/* Who asked: overlays on the way only passed it on. */
static FulcraRequest *
request_caller(FulcraRequest *self)
{
    FulcraRequest *caller = self->parent;

    while (caller != NULL && fulcra__request_is_at_overlay(caller))
        caller = caller->parent;
    return caller;
}

bool
fulcra_host_request_is_from_root(FulcraRequest *self)
{
    FulcraRequest *caller = request_caller(self);

    while (caller != NULL && caller->relays)
        caller = request_caller(caller);
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
        return request_caller(owner);
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
    while (self->identifier->scheme == scheme_arg) {
        const char *name = self->identifier->base + strlen("arg:");
        FulcraRequest *next = NULL;

        if (owner != NULL)
            next = request_follow(self, owner, name, value);
        if (*value != NULL)
            return true;
        if (next == NULL && self->identifier->scheme == scheme_arg) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                    "argument '%s' is missing", name);
            return false;
        }
        owner = next;
    }
    return true;
}
