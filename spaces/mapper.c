/* SPDX-License-Identifier: MIT */

/*
 * mapper.c - identifiers to declared requests
 *
 * A mapper is opaque: what it wraps is reached through its map and in no other
 * way. Each entry of a map that stands in the definition is an endpoint of the
 * space around it, so that resolution, verbs and traces are the kernel's work.
 * A map that is a resource cannot be read while the kernel resolves; there the
 * mapper claims a grammar as a whole and looks into the map when it is asked.
 *
 * What an entry makes is resolved in the wrapped space first, then where the
 * mapper stands. Between the two lies a space with the entries that are
 * protected: only requests that come from inside meet it. It is owned by the
 * entries outside; its own only borrow it, while a request holds it.
 */

#include "spaces/kinds.h"
#include "spaces/mapper_map.h"
#include <fulcra-host/identifier.h>
#include <fulcra/fulcra.h>

#include <pthread.h>
#include <string.h>

/* The spaces that requests go into. */
typedef struct {
    FulcraSpace *wrapped; /* (nullable) (transfer full) */
    FulcraSpace *inside;  /* (nullable): protected entries */
    bool owns_inside;
} Within;

static void
within_clear(Within *self)
{
    fulcra_host_space_unref(self->wrapped);
    if (self->owns_inside)
        fulcra_host_space_unref(self->inside);
}

/* --- answering --- */

/* A request that a mapper has passed on. */
typedef struct {
    FulcraRequest *request; /* its deferral holds it */
    const FulcraMapItem *item;
    FulcraMap *map; /* (nullable): that holds the item */
} Passed;

/* With the headers of the entry. What @answer states of its expiry says nothing
 * of that of the map. (transfer full) */
static FulcraRepresentation *
mapped(const Passed *self, FulcraRepresentation *answer)
{
    const GPtrArray *headers = self->item->headers;

    fulcra_representation_ref(answer);
    if (self->map != NULL)
        answer = fulcra_representation_with_expiry(
                answer, FULCRA_EXPIRY_DEPENDENT, 0);
    for (unsigned i = 0; i + 1 < headers->len; i += 2)
        answer = fulcra_representation_with_header(
                answer, headers->pdata[i], headers->pdata[i + 1]);
    return answer;
}

static void
answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Passed *self = user_data;

    (void)inner;
    if (error != NULL)
        fulcra_request_fail(self->request, g_error_copy(error));
    else
        fulcra_request_respond(self->request, mapped(self, answer));
    fulcra__map_unref(self->map);
    g_free(self);
}

/* @request: deferred. @map: (nullable): that @item is of */
static void
pass(FulcraRequest *request, const Within *within, const FulcraMapItem *item,
        FulcraMap *map)
{
    FulcraDeclaredUse use = {
        .verb = fulcra_request_get_verb(request),
        .spaces = { within->inside, within->wrapped },
        .headers = true,
    };
    GError *error = NULL;
    g_autoptr(FulcraRequest) inner = fulcra_host_declared_request_instantiate(
            item->request, request, &use, &error);
    Passed *passed;

    fulcra_host_request_relay(request);
    if (inner == NULL) {
        fulcra_request_fail(request, error);
        return;
    }
    passed = g_new(Passed, 1);
    *passed = (Passed){ request, item, map ? fulcra__map_ref(map) : NULL };
    fulcra_request_issue_async(inner, answered, passed);
}

/* --- entries of the definition --- */

typedef struct {
    Within within;
    FulcraMapItem *item;
} Mapping;

static void
mapping_free(void *data)
{
    Mapping *self = data;

    within_clear(&self->within);
    fulcra__map_item_free(self->item);
    g_free(self);
}

static FulcraRepresentation *
mapping_answer(FulcraRequest *request, GError **error)
{
    const Mapping *self = fulcra_request_get_data(request);
    FulcraRepresentation *deferred = fulcra_request_defer(request);

    (void)error;
    pass(request, &self->within, self->item, NULL);
    return deferred;
}

#define ALL_VERBS(handler)                                                     \
    .source = handler, .sink = handler, .new_resource = handler,               \
    .delete_resource = handler, .exists = handler, .meta = handler

static const FulcraEndpointOps mapping_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    ALL_VERBS(mapping_answer),
    .destroy = mapping_free,
};

/* --- a map that is a resource --- */

typedef struct {
    Within within;
    FulcraIdentifier *config;
    pthread_mutex_t lock;
    FulcraMap *map; /* (nullable): the last that was read; under the lock */
} Configured;

static void
configured_free(void *data)
{
    Configured *self = data;

    within_clear(&self->within);
    fulcra_identifier_unref(self->config);
    fulcra__map_unref(self->map);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* (transfer full) (nullable) */
static FulcraMap *
configured_get(Configured *self)
{
    FulcraMap *map = NULL;

    pthread_mutex_lock(&self->lock);
    if (self->map != NULL)
        map = fulcra__map_ref(self->map);
    pthread_mutex_unlock(&self->lock);
    return map;
}

static void
configured_set(Configured *self, FulcraMap *map)
{
    FulcraMap *before;

    pthread_mutex_lock(&self->lock);
    before = self->map;
    self->map = fulcra__map_ref(map);
    pthread_mutex_unlock(&self->lock);
    fulcra__map_unref(before);
}

static bool
same_bytes(FulcraRepresentation *a, FulcraRepresentation *b)
{
    size_t m, n;
    const void *left = fulcra_representation_get_bytes(a, &m);
    const void *right = fulcra_representation_get_bytes(b, &n);

    return a == b || (left != NULL && right != NULL && m == n &&
                             memcmp(left, right, n) == 0);
}

/* The map that @source says, which may be the one before: reading is cheap
 * where nothing has changed. (transfer full) (nullable) */
static FulcraMap *
configured_read(Configured *self, FulcraRepresentation *source, GError **error)
{
    const char *name = fulcra_identifier_get_text(self->config);
    FulcraMap *before = configured_get(self);
    FulcraMap *map;

    if (before != NULL && same_bytes(before->source, source) &&
            !fulcra_representation_is_from_outside(source))
        return before;
    fulcra__map_unref(before);
    map = fulcra__map_new(name, source, error);
    if (map != NULL)
        configured_set(self, map);
    return map;
}

static void
pass_by_map(FulcraRequest *request, FulcraMap *map)
{
    Configured *self = fulcra_request_get_data(request);
    GError *error = NULL;
    const FulcraMapItem *item = fulcra__map_find(
            map, fulcra_identifier_get_text(self->config), request, &error);

    if (item != NULL)
        pass(request, &self->within, item, map);
    else
        fulcra_request_fail(request, error);
}

static void
config_answered(FulcraRequest *inner, FulcraRepresentation *source,
        const GError *error, void *user_data)
{
    FulcraRequest *request = user_data;
    Configured *self = fulcra_request_get_data(request);
    GError *failure = NULL;
    FulcraMap *map = NULL;

    (void)inner;
    if (error != NULL)
        failure = g_error_copy(error);
    else
        map = configured_read(self, source, &failure);
    if (map != NULL) {
        pass_by_map(request, map);
        fulcra__map_unref(map);
        return;
    }
    g_prefix_error(&failure, "the map of a mapper: ");
    fulcra_request_fail(request, failure);
}

/* Asked for each time: so the answer depends on it, and the cache knows whether
 * it has changed. */
static FulcraRepresentation *
configured_answer(FulcraRequest *request, GError **error)
{
    Configured *self = fulcra_request_get_data(request);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    g_autoptr(FulcraRequest) inner =
            fulcra_request_new(request, FULCRA_VERB_SOURCE, self->config);

    (void)error;
    if (self->within.wrapped != NULL)
        fulcra_host_request_enter(inner, self->within.wrapped);
    fulcra_request_issue_async(inner, config_answered, request);
    return deferred;
}

static const FulcraEndpointOps configured_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    ALL_VERBS(configured_answer),
    .destroy = configured_free,
};

/* --- building one from a definition --- */

static const FulcraSchemaKey mapper_keys[] = {
    { "map", FULCRA_SCHEMA_LIST, .of = &fulcra__map_item_schema,
            .help = "what is asked for instead of which identifiers; the "
                    "first entry that matches wins" },
    { "config", FULCRA_SCHEMA_TEXT,
            .help = "or the identifier of a JSON resource, an object with a "
                    "`map`; the answers depend on it" },
    { "grammar", FULCRA_SCHEMA_TEXTS,
            .help = "with `config`: the identifiers that the mapper answers "
                    "for; what the map does not have is unresolved" },
    { "space", FULCRA_SCHEMA_ENTRIES,
            .help = "where the requests are resolved first; reached through "
                    "the map alone" },
    { NULL },
};

static const FulcraSchema mapper_schema = { "mapper", mapper_keys, NULL,
    "Answers for the identifiers of its map by other requests." };

static void
bind(FulcraEntry *entry, FulcraSpace *space, FulcraVisibility visibility,
        FulcraMapItem *item, Within within)
{
    Mapping *self = g_new0(Mapping, 1);
    FulcraSpace *around = entry->space;
    FulcraVisibility usual = entry->visibility;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("mapper", &mapping_ops, self, NULL);

    if (within.wrapped != NULL)
        fulcra_host_space_ref(within.wrapped);
    if (within.owns_inside)
        fulcra_host_space_ref(within.inside);
    self->within = within;
    self->item = item;
    entry->space = space;
    entry->visibility = visibility;
    fulcra_host_entry_bind(entry, item->grammar, item->verbs, endpoint);
    entry->space = around;
    entry->visibility = usual;
}

static void
build_item(FulcraEntry *entry, JsonNode *node, Within within)
{
    FulcraMapItem *item =
            fulcra__map_item_parse(entry->document, entry->problems, node);

    if (item == NULL)
        return;
    within.owns_inside = !item->is_protected && within.inside != NULL;
    bind(entry, item->is_protected ? within.inside : entry->space,
            item->is_private ? FULCRA_ENTRY_PRIVATE : entry->visibility, item,
            within);
}

static bool
has_protected(JsonArray *map)
{
    for (unsigned i = 0; i < json_array_get_length(map); i++)
        if (fulcra_host_json_get_bool(
                    json_array_get_object_element(map, i), "protected", false))
            return true;
    return false;
}

static void
build_map(FulcraEntry *entry, JsonArray *map, FulcraSpace *wrapped)
{
    g_autoptr(FulcraSpace) inside = NULL;
    Within within = { .wrapped = wrapped };

    if (has_protected(map)) {
        g_autofree char *uri = g_strconcat(
                fulcra_host_space_get_uri(entry->space), "#protected", NULL);

        within.inside = inside = fulcra_host_space_new(uri);
    }
    for (unsigned i = 0; i < json_array_get_length(map); i++)
        build_item(entry, json_array_get_element(map, i), within);
    if (inside != NULL)
        fulcra_host_space_seal(inside);
}

static void
build_configured(FulcraEntry *entry, JsonNode *config, FulcraSpace *wrapped)
{
    Configured *self = g_new0(Configured, 1);
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("mapper", &configured_ops, self, NULL);

    pthread_mutex_init(&self->lock, NULL);
    self->config = fulcra_host_entry_get_identifier(entry, config);
    self->within.wrapped =
            wrapped != NULL ? fulcra_host_space_ref(wrapped) : NULL;
    fulcra_host_entry_bind(entry,
            json_object_get_member(entry->definition, "grammar"),
            FULCRA_VERBS_ALL, endpoint);
}

static void *
mapper_build(FulcraEntry *entry)
{
    JsonNode *map = json_object_get_member(entry->definition, "map");
    JsonNode *config = json_object_get_member(entry->definition, "config");
    JsonNode *grammar = json_object_get_member(entry->definition, "grammar");
    JsonNode *space = json_object_get_member(entry->definition, "space");
    g_autoptr(FulcraSpace) wrapped =
            space != NULL ? fulcra_host_entry_build_space(entry, space) : NULL;

    if ((map == NULL) == (config == NULL))
        fulcra_host_entry_problem(entry, NULL,
                "a mapper has either a \"map\" or a \"config\": say what it "
                "maps");
    else if (map != NULL && grammar != NULL)
        fulcra_host_entry_problem(entry, grammar,
                "the grammars of a mapper stand in its \"map\"; take this "
                "\"grammar\" out");
    else if (map != NULL)
        build_map(entry, json_node_get_array(map), wrapped);
    else
        build_configured(entry, config, wrapped);
    return NULL;
}

const FulcraKind fulcra_kind_mapper = {
    .size = sizeof(FulcraKind),
    .name = "mapper",
    .schema = &mapper_schema,
    .help = "identifiers to requests",
    .build = mapper_build,
};
