/* SPDX-License-Identifier: MIT */

/*
 * resolve.c - which endpoint answers a request
 *
 * A scheme that a layer of the context answers for is resolved there and
 * nowhere else. Otherwise the places are walked, nearest first, then the
 * kernel's own space; in each space the entries in the order of declaration,
 * imports included. The endpoint is then evaluated in the places from the one
 * it was found in, with the imports that led to it in front.
 *
 * A failed resolution is walked a second time to say why each candidate said
 * no: reasons cost nothing as long as nobody asks.
 */

#include "private/context.h"
#include "private/error.h"
#include "private/grammar.h"
#include "private/kernel.h"
#include "private/request.h"
#include "private/step.h"

#define MAX_IMPORT_DEPTH 32
#define MAX_OVERLAYS     16
#define MAX_EXTRA_NAMES  64

typedef struct {
    FulcraRequest *request;
    const char *extra[MAX_EXTRA_NAMES]; /* arguments beside the identifier's */
    size_t n_extra;
    FulcraSpace *imports[MAX_IMPORT_DEPTH]; /* that led here, outermost first */
    size_t n_imports;
    struct {
        FulcraEndpoint *endpoint;
        size_t n_imports;     /* that lead to it */
    } overlays[MAX_OVERLAYS]; /* on the way, outermost first */
    size_t n_overlays;
    bool refused; /* nobody may answer: a limiter, or a pattern's limit */
    bool limited; /* it was a pattern's limit */
    FulcraStepped stepped; /* (nullable): is told of each step */
    void *user_data;
} Walk;

static void
walk_init(Walk *self, FulcraRequest *request, FulcraStepped stepped,
        void *user_data)
{
    self->request = request;
    self->n_extra = 0;
    self->n_imports = 0;
    self->n_overlays = 0;
    self->refused = self->limited = false;
    self->stepped = stepped;
    self->user_data = user_data;
    for (unsigned i = 0; request->references && i < request->references->len &&
                         self->n_extra < MAX_EXTRA_NAMES;
            i++)
        self->extra[self->n_extra++] =
                g_array_index(request->references, FulcraArgument, i).name;
    for (unsigned i = 0; request->passed && i < request->passed->len &&
                         self->n_extra < MAX_EXTRA_NAMES;
            i++)
        self->extra[self->n_extra++] =
                g_array_index(request->passed, FulcraPassed, i).name;
}

bool
fulcra_host_request_match(
        FulcraRequest *self, const FulcraGrammar *grammar, const char **reason)
{
    FulcraArguments slots;
    Walk names;

    walk_init(&names, self, NULL, NULL);
    fulcra__arguments_init(&slots);
    if (!fulcra__grammar_match(grammar, self->identifier, names.extra,
                names.n_extra, &slots, reason))
        return false;
    fulcra__arguments_clear(&self->slots);
    self->slots = slots;
    self->matched = &self->slots;
    return true;
}

static void
walk_step(Walk *self, FulcraStepKind kind, const char *name, const char *detail,
        const char *reason)
{
    FulcraStep step = { kind, (unsigned)self->n_imports, name, detail, reason,
        kind == FULCRA_STEP_ENDPOINT && reason == NULL };

    if (self->stepped != NULL)
        self->stepped(&step, self->user_data);
}

static void
walk_step_endpoint(Walk *self, const FulcraEntry *entry, const char *reason)
{
    if (self->stepped != NULL)
        walk_step(self, FULCRA_STEP_ENDPOINT, entry->endpoint->id,
                fulcra_host_grammar_get_text(entry->grammar), reason);
}

/* It matches, but does not answer the verb. */
static void
walk_step_verb(Walk *self, const FulcraEntry *entry)
{
    g_autofree char *reason = g_strdup_printf("matches, but does not answer %s",
            fulcra_verb_to_string(self->request->verb));

    walk_step_endpoint(self, entry, reason);
}

static bool
walk_endpoint(Walk *self, const FulcraEntry *entry)
{
    FulcraRequest *request = self->request;
    const char *reason = NULL;
    bool answers = (entry->verbs >> request->verb & 1u) != 0;

    if (!answers && self->stepped == NULL)
        return false;
    if (!fulcra__grammar_match(entry->grammar, request->identifier, self->extra,
                self->n_extra, &request->slots, &reason)) {
        self->limited |= reason == fulcra__grammar_limit_reached;
        self->refused |= self->limited;
        walk_step_endpoint(self, entry, reason);
        return false;
    }
    if (!answers) {
        fulcra__arguments_clear(&request->slots);
        walk_step_verb(self, entry);
        return false;
    }
    walk_step_endpoint(self, entry, NULL);
    request->endpoint = entry->endpoint;
    return true;
}

static bool walk_space(Walk *self, FulcraSpace *space);

static bool
walk_is_inside(const Walk *self, const FulcraSpace *space)
{
    for (size_t i = 0; i < self->n_imports; i++)
        if (self->imports[i] == space)
            return true;
    return false;
}

static bool
walk_import(Walk *self, const FulcraEntry *entry)
{
    FulcraSpace *space =
            fulcra__table_find(self->request->root->table, entry->uri);

    if (space == NULL) {
        walk_step(self, FULCRA_STEP_IMPORT, entry->uri, NULL,
                "no such space is published");
        if (self->request->ledger != NULL)
            fulcra__ledger_add_space(self->request->ledger, entry->uri);
        return false;
    }
    if (walk_is_inside(self, space) || self->n_imports == MAX_IMPORT_DEPTH) {
        walk_step(self, FULCRA_STEP_IMPORT, entry->uri, NULL,
                "already inside it");
        return false;
    }
    walk_step(self, FULCRA_STEP_IMPORT, entry->uri, NULL, NULL);
    self->imports[self->n_imports++] = space;
    if (walk_space(self, space))
        return true; /* the imports stay, for the evaluation's places */
    self->n_imports--;
    return false;
}

/* An overlay answers for what its wrapped space answers. */
static bool
walk_overlay(Walk *self, const FulcraEntry *entry)
{
    if (self->n_overlays == MAX_OVERLAYS ||
            self->n_imports == MAX_IMPORT_DEPTH) {
        walk_step(self, FULCRA_STEP_OVERLAY, entry->endpoint->id,
                entry->wrapped->uri, "too many inside each other");
        return false;
    }
    walk_step(self, FULCRA_STEP_OVERLAY, entry->endpoint->id,
            entry->wrapped->uri, NULL);
    self->overlays[self->n_overlays].endpoint = entry->endpoint;
    self->overlays[self->n_overlays++].n_imports = self->n_imports;
    self->imports[self->n_imports++] = entry->wrapped;
    if (walk_space(self, entry->wrapped))
        return true;
    self->n_imports--;
    self->n_overlays--;
    return false;
}

static bool
walk_limiter(Walk *self, const FulcraEntry *entry)
{
    FulcraArguments slots;

    fulcra__arguments_init(&slots);
    if (!fulcra__grammar_match(entry->grammar, self->request->identifier,
                self->extra, self->n_extra, &slots, NULL))
        return false;
    fulcra__arguments_clear(&slots);
    walk_step(self, FULCRA_STEP_LIMITER, "limiter",
            fulcra_host_grammar_get_text(entry->grammar), "goes no further");
    self->refused = true;
    return false;
}

static bool
walk_entry(Walk *self, const FulcraEntry *entry)
{
    switch (entry->kind) {
    case ENTRY_ENDPOINT:
        return walk_endpoint(self, entry);
    case ENTRY_IMPORT:
        return walk_import(self, entry);
    case ENTRY_OVERLAY:
        return walk_overlay(self, entry);
    case ENTRY_LIMITER:
        return walk_limiter(self, entry);
    case ENTRY_TRANSREPTOR:
        break;
    }
    return false;
}

/* The answer depends on every space that was walked, those that say no too:
 * a publish cuts the key that is its URI. */
static void
walk_note_space(Walk *self, FulcraSpace *space)
{
    if (self->request->ledger != NULL && self->stepped == NULL)
        fulcra__ledger_add_space(self->request->ledger, space->uri);
}

static void
walk_step_private(Walk *self, const FulcraEntry *entry)
{
    static const FulcraStepKind kinds[] = {
        [ENTRY_ENDPOINT] = FULCRA_STEP_ENDPOINT,
        [ENTRY_IMPORT] = FULCRA_STEP_IMPORT,
        [ENTRY_TRANSREPTOR] = FULCRA_STEP_ENDPOINT,
        [ENTRY_OVERLAY] = FULCRA_STEP_OVERLAY,
        [ENTRY_LIMITER] = FULCRA_STEP_LIMITER,
    };
    const char *name = entry->endpoint != NULL ? entry->endpoint->id
                       : entry->uri != NULL    ? entry->uri
                                               : "limiter";

    walk_step(self, kinds[entry->kind], name, NULL, "private");
}

static bool
walk_space(Walk *self, FulcraSpace *space)
{
    walk_note_space(self, space);
    for (size_t i = 0; i < space->n_entries && !self->refused; i++) {
        const FulcraEntry *entry = &space->entries[i];

        if (self->trace == NULL && fulcra__prefix_rejects(&entry->prefix,
                                           self->request->identifier))
            continue;
        if (self->n_imports > 0 && entry->visibility == FULCRA_ENTRY_PRIVATE) {
            walk_step_private(self, entry);
            continue;
        }
        if (walk_entry(self, entry))
            return true;
    }
    return false;
}

/* The list of @place with the first @n imports in front. */
static FulcraPlaces *
walk_push(Walk *self, FulcraPlaces *place, size_t n)
{
    for (size_t i = 0; i < n; i++)
        place = fulcra__table_push(
                self->request->root->table, place, self->imports[i]);
    return place;
}

/* The endpoint is known: where is it evaluated, and past which overlays? */
static void
walk_settle(Walk *self, FulcraPlaces *place)
{
    FulcraRequest *request = self->request;
    size_t n = self->n_overlays;

    request->evaluation = walk_push(self, place, self->n_imports);
    if (n == 0)
        return;

    FulcraRoute *route =
            g_malloc(sizeof *route + (n + 1) * sizeof route->steps[0]);
    fulcra_refs_init(&route->refs);
    route->walked = NULL;
    if (request->ledger != NULL) {
        route->walked = fulcra__ledger_new();
        fulcra__ledger_merge(route->walked, request->ledger);
    }
    route->n_steps = n + 1;
    for (size_t i = 0; i < n; i++) {
        route->steps[i].endpoint = self->overlays[i].endpoint;
        route->steps[i].evaluation =
                walk_push(self, place, self->overlays[i].n_imports);
    }
    route->steps[n].endpoint = request->endpoint;
    route->steps[n].evaluation = request->evaluation;
    request->route = route;
    request->endpoint = route->steps[0].endpoint;
    request->evaluation = route->steps[0].evaluation;
}

void
fulcra__route_unref(FulcraRoute *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    fulcra__ledger_unref(self->walked);
    g_free(self);
}

static bool
walk_places(Walk *self)
{
    FulcraRequest *request = self->request;

    for (FulcraPlaces *place = fulcra__request_get_places(request);
            place != NULL && !self->refused; place = place->parent) {
        walk_step(self, FULCRA_STEP_SPACE, place->space->uri, NULL, NULL);
        if (!walk_space(self, place->space))
            continue;
        walk_settle(self, place);
        return true;
    }
    if (self->refused)
        return false;
    walk_step(self, FULCRA_STEP_SPACE, request->root->kernel->builtins->uri,
            NULL, NULL);
    if (walk_space(self, request->root->kernel->builtins)) {
        request->evaluation = fulcra__request_get_places(request);
        return true;
    }
    return false;
}

static bool
walk_context(Walk *self, FulcraContext *layer, FulcraSpace *space)
{
    FulcraRequest *request = self->request;

    walk_step(self, FULCRA_STEP_CONTEXT, layer->klass->name,
            request->identifier->scheme, NULL);
    if (!walk_space(self, space))
        return false;
    request->layer = layer;
    request->evaluation = fulcra__request_get_places(request);
    return true;
}

static bool
walk(Walk *self)
{
    FulcraRequest *request = self->request;
    FulcraSpace *space;
    FulcraContext *layer = fulcra__context_find(
            request->context, request->identifier->scheme, &space);

    if (request->ledger != NULL &&
            fulcra__context_is_dynamic(request->identifier->scheme))
        fulcra__ledger_note(request->ledger, FULCRA__NOTED_LAYER,
                request->identifier->scheme,
                fulcra__context_identity_of(
                        request->context, request->identifier->scheme));
    if (layer != NULL)
        return walk_context(self, layer, space);
    return walk_places(self);
}

bool
fulcra_host_request_explain(
        FulcraRequest *self, FulcraStepped stepped, void *user_data)
{
    Walk asked;

    g_return_val_if_fail(!self->issued && stepped != NULL, false);
    walk_init(&asked, self, stepped, user_data);
    return walk(&asked);
}

/* --- resolving --- */

bool
fulcra__request_resolve(FulcraRequest *self, GError **error)
{
    Walk first, second;

    walk_init(&first, self, NULL, NULL);
    if (walk(&first))
        return true;
    if (first.limited) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a pattern takes too long to match the identifier");
        return false;
    }

    GString *trace = g_string_new(NULL);
    walk_init(&second, self, fulcra__step_trace, trace);
    bool answered = walk(&second);
    g_assert(!answered); /* spaces do not change */
    if (fulcra__request_get_places(self) == NULL)
        g_string_prepend(trace, "the space to resolve in is not published\n");

    GError *unresolved = g_error_new(FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED,
            "nothing answers %s %s", fulcra_verb_to_string(self->verb),
            fulcra_identifier_get_text(self->identifier));
    fulcra__error_take_trace(unresolved, g_string_free(trace, false));
    g_propagate_error(error, unresolved);
    return false;
}

/* --- resolutions that are kept --- */

FulcraResolution *
fulcra_host_request_resolve(FulcraRequest *self, GError **error)
{
    g_return_val_if_fail(!self->issued, NULL);
    if (!fulcra__request_resolve(self, error))
        return NULL;

    FulcraResolution *kept = g_new0(FulcraResolution, 1);
    fulcra_refs_init(&kept->refs);
    kept->generation = self->root->table->generation;
    kept->endpoint = self->endpoint;
    kept->evaluation = self->evaluation;
    kept->places = fulcra__request_get_places(self);
    kept->route = g_steal_pointer(&self->route);
    kept->slots = self->slots;
    fulcra__arguments_init(&self->slots);
    fulcra_host_request_use_resolution(self, kept);
    return kept;
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
    fulcra__arguments_clear(&self->slots);
    fulcra__route_unref(self->route);
    g_free(self);
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

void
fulcra_host_request_use_resolution(
        FulcraRequest *self, FulcraResolution *resolution)
{
    if (resolution->generation != self->root->table->generation)
        return;
    self->endpoint = resolution->endpoint;
    self->evaluation = resolution->evaluation;
    self->places = resolution->places;
    fulcra_host_resolution_unref(self->kept);
    self->kept = fulcra_host_resolution_ref(resolution);
    self->matched = &self->kept->slots;
    if (resolution->route != NULL)
        fulcra_refs_take(&resolution->route->refs);
    fulcra__route_unref(self->route);
    self->route = resolution->route;
}
