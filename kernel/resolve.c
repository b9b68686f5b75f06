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
#include <fulcra-host/stats.h>

#define MAX_IMPORT_DEPTH 32
#define MAX_OVERLAYS     16

typedef struct {
    FulcraRequest *request;
    const char *extra[FULCRA__MAX_EXTRA_NAMES];
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
    FulcraCutSlot walked[FULCRA__MAX_WALKED];
    unsigned n_walked;

    /* What was found. */
    FulcraEndpoint *endpoint;
    FulcraArguments slots;
    FulcraPlaces *place; /* it was found in; NULL: in a layer or built in */
} Walk;

static void
walk_init(Walk *self, FulcraRequest *request, FulcraStepped stepped,
        void *user_data)
{
    self->request = request;
    self->n_extra = fulcra__request_list_extra_names(request, self->extra);
    self->n_imports = 0;
    self->n_overlays = 0;
    self->refused = self->limited = false;
    self->stepped = stepped;
    self->user_data = user_data;
    self->n_walked = 0;
    self->endpoint = NULL;
    fulcra__arguments_init(&self->slots);
    self->place = NULL;
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
                self->n_extra, &self->slots, &reason)) {
        self->limited |= reason == fulcra__grammar_limit_reached;
        self->refused |= self->limited;
        walk_step_endpoint(self, entry, reason);
        return false;
    }
    if (!answers) {
        fulcra__arguments_clear(&self->slots);
        walk_step_verb(self, entry);
        return false;
    }
    walk_step_endpoint(self, entry, NULL);
    self->endpoint = entry->endpoint;
    return true;
}

/* The answer depends on every space that is walked, those that say no too: a
 * publish cuts their keys. */
static void
walk_note(Walk *self, FulcraCutSlot slot)
{
    for (unsigned i = 0; i < self->n_walked; i++)
        if (self->walked[i] == slot)
            return;
    if (self->n_walked < FULCRA__MAX_WALKED)
        self->walked[self->n_walked++] = slot;
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
        walk_note(self, fulcra__cut_slot_of_space(entry->uri));
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
    walk_note(self, space->cut_slot);
    for (size_t i = 0; i < space->n_entries && !self->refused; i++) {
        const FulcraEntry *entry = &space->entries[i];

        if (self->stepped == NULL && fulcra__prefix_rejects(&entry->prefix,
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

static bool
walk_places(Walk *self)
{
    FulcraSpace *builtins = self->request->root->kernel->builtins;

    for (FulcraPlaces *place = fulcra__request_get_places(self->request);
            place != NULL && !self->refused; place = place->parent) {
        walk_step(self, FULCRA_STEP_SPACE, place->space->uri, NULL, NULL);
        if (!walk_space(self, place->space))
            continue;
        self->place = place;
        return true;
    }
    if (self->refused)
        return false;
    walk_step(self, FULCRA_STEP_SPACE, builtins->uri, NULL, NULL);
    return walk_space(self, builtins);
}

/* What answers for the scheme of a request. */
typedef struct {
    FulcraContext *layer; /* (nullable): then it is the places */
    FulcraSpace *space;   /* of the layer */
} Where;

static Where
request_where(FulcraRequest *self)
{
    Where where = { NULL, NULL };

    where.layer = fulcra__context_find(self->context,
            fulcra__identifier_scheme(self->identifier), &where.space);
    return where;
}

/* Stands for it in what is remembered: even and odd, so that no layer is taken
 * for places. 0: the fulcrum is not published. */
static uint64_t
where_number(const Where *self, FulcraRequest *request)
{
    if (self->layer != NULL)
        return self->space->number << 1 | 1;

    FulcraPlaces *places = fulcra__request_get_places(request);
    return places == NULL ? 0 : places->number << 1;
}

static bool
walk(Walk *self, const Where *where)
{
    if (where->layer == NULL)
        return walk_places(self);
    walk_step(self, FULCRA_STEP_CONTEXT, where->layer->klass->name,
            fulcra__identifier_scheme(self->request->identifier), NULL);
    return walk_space(self, where->space);
}

bool
fulcra_host_request_explain(
        FulcraRequest *self, FulcraStepped stepped, void *user_data)
{
    g_return_val_if_fail(!self->issued && stepped != NULL, false);

    Where where = request_where(self);
    Walk asked;

    walk_init(&asked, self, stepped, user_data);
    bool answered = walk(&asked, &where);
    fulcra__arguments_clear(&asked.slots);
    return answered;
}

/* --- what was found --- */

/* The list of places in which the endpoint behind the first @n imports is
 * evaluated: those are in front. */
static FulcraPlaces *
walk_push(Walk *self, size_t n)
{
    FulcraPlaces *place = self->place;

    for (size_t i = 0; i < n; i++)
        place = fulcra__table_push(
                self->request->root->table, place, self->imports[i]);
    return place;
}

/* Past which overlays does it go? */
static FulcraRoute *
walk_route(Walk *self)
{
    size_t n = self->n_overlays;
    FulcraRoute *route = fulcra__route_new(n + 1);

    for (size_t i = 0; i < n; i++) {
        route->steps[i].endpoint = self->overlays[i].endpoint;
        route->steps[i].evaluation =
                walk_push(self, self->overlays[i].n_imports);
    }
    route->steps[n].endpoint = self->endpoint;
    route->steps[n].evaluation = walk_push(self, self->n_imports);
    return route;
}

/* (transfer full) */
static FulcraResolution *
walk_end(Walk *self, const Where *where)
{
    FulcraResolution *resolution = fulcra__resolution_new(self->request,
            where_number(where, self->request), self->walked, self->n_walked);

    resolution->endpoint = self->endpoint;
    resolution->slots = self->slots;
    if (where->layer == NULL)
        resolution->places = fulcra__request_get_places(self->request);
    if (self->place == NULL)
        return resolution;
    if (self->n_overlays > 0) {
        resolution->route = walk_route(self);
        resolution->endpoint = resolution->route->steps[0].endpoint;
        resolution->evaluation = resolution->route->steps[0].evaluation;
    } else {
        resolution->evaluation = walk_push(self, self->n_imports);
    }
    return resolution;
}

/* --- resolving --- */

/* A second walk says why the first found nothing. */
static GError *
unresolved_error(FulcraRequest *request, const Where *where)
{
    GString *trace = g_string_new(NULL);
    Walk again;

    walk_init(&again, request, fulcra__step_trace, trace);
    bool answered = walk(&again, where);
    g_assert(!answered); /* spaces do not change */
    if (fulcra__request_get_places(request) == NULL)
        g_string_prepend(trace, "the space to resolve in is not published\n");

    GError *error = g_error_new(FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED,
            "nothing answers %s %s", fulcra_verb_to_string(request->verb),
            fulcra_identifier_get_text(request->identifier));
    fulcra__error_take_trace(error, g_string_free(trace, false));
    return error;
}

static bool
request_walk(FulcraRequest *self, const Where *where, bool hold, GError **error)
{
    Walk first;

    walk_init(&first, self, NULL, NULL);
    bool answered = walk(&first, where);
    FulcraResolution *resolution = walk_end(&first, where);

    fulcra_host_stats_add(FULCRA_STAT_RESOLUTIONS_MADE, 1);
    if (answered && resolution->where != 0)
        fulcra__resolutions_keep(self, resolution);
    fulcra__request_take_resolution(self, resolution, hold);
    fulcra_host_resolution_unref(resolution);
    if (answered)
        return true;
    if (first.limited)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a pattern takes too long to match the identifier");
    else
        g_propagate_error(error, unresolved_error(self, where));
    return false;
}

/* What is written to a layer, such as a header of the answer, is not written to
 * another's: who asks for that depends on the layer. */
static void
request_note_written(FulcraRequest *self)
{
    const char *scheme = fulcra__identifier_scheme(self->identifier);
    FulcraRequest *above = self;

    while (above != NULL && above->ledger == NULL && !above->independent)
        above = above->parent;
    if (above != NULL && above->ledger != NULL &&
            fulcra__context_is_dynamic(scheme))
        fulcra__request_note(above, FULCRA__NOTED_LAYER, scheme,
                fulcra__context_identity_of(self->context, scheme));
}

static bool
request_writes(const FulcraRequest *self)
{
    return self->verb == FULCRA_VERB_SINK || self->verb == FULCRA_VERB_NEW ||
           self->verb == FULCRA_VERB_DELETE;
}

bool
fulcra__request_resolve(FulcraRequest *self, bool hold, GError **error)
{
    Where where = request_where(self);
    FulcraResolution *known =
            fulcra__resolutions_find(self, where_number(&where, self));

    self->layer = where.layer;
    if (self->parent != NULL && request_writes(self))
        request_note_written(self);
    if (known == NULL)
        return request_walk(self, &where, hold, error);
    fulcra__request_take_resolution(self, known, hold);
    return true;
}
