/* SPDX-License-Identifier: MIT */
/*
 * entry.c - one entry of a space after the other, and the spaces that nest
 *
 * What an entry gets wrong is reported where it stands, and building goes on
 * with what is left of it, so that all mistakes show at once.
 */

#include "generation.h"

#include <fulcra/error.h>

#include <string.h>

/* --- entries --- */

typedef struct {
    FulcraEntry entry; /* what kinds see; its first member */
    FulcraGeneration *generation;
    const FulcraBuild *build;
    JsonArray *list; /* that it stands in */
    unsigned index;
    FulcraEndpoint **overlay; /* (nullable): where an overlay is to be put
                                 that stands in front of nothing */
} EntryBuild;

char *
fulcra_host_entry_get_path(FulcraEntry *self, JsonNode *path)
{
    EntryBuild *build = (EntryBuild *)self;

    return fulcra__generation_find(build->generation, self->problems, path);
}

/* "SOURCE, SINK" (transfer full) */
static char *
verbs_to_text(FulcraVerbs verbs)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < FULCRA_N_VERBS; i++)
        if ((verbs & 1u << i) != 0)
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                    fulcra_verb_to_string((FulcraVerb)i));
    return g_string_free(text, false);
}

static void
report_unknown_id(EntryBuild *self, JsonNode *node)
{
    FulcraGeneration *generation = self->generation;
    const char *id = json_node_get_string(node);
    const char *const *ids = (const char *const *)generation->endpoints->pdata;
    const char *nearest = fulcra_host_nearest(id, ids);
    g_autofree char *all = g_strjoinv(", ", (char **)ids);

    if (generation->library == NULL)
        fulcra_host_entry_problem(&self->entry, node,
                "endpoint \"%s\" needs code, and this module has none; add "
                "\"library\": \"NAME.so\"",
                id);
    else if (!generation->has_code)
        return; /* that was reported, and is why */
    else if (nearest != NULL)
        fulcra_host_entry_problem(&self->entry, node,
                "%s adds no endpoint \"%s\"; did you mean \"%s\"?",
                generation->library, id, nearest);
    else
        fulcra_host_entry_problem(&self->entry, node,
                "%s adds no endpoint \"%s\"; it adds %s", generation->library,
                id, *all != '\0' ? all : "none");
}

static FulcraAdded *
find_added(EntryBuild *self)
{
    JsonNode *node = json_object_get_member(self->entry.definition, "id");
    FulcraAdded *added =
            fulcra__module_find(self->entry.module, json_node_get_string(node));

    if (added == NULL)
        report_unknown_id(self, node);
    return added;
}

static void
add_verb(EntryBuild *self, const FulcraAdded *added, JsonNode *node,
        FulcraVerbs *verbs)
{
    g_autofree char *all = NULL;
    FulcraVerb verb;

    if (!fulcra_host_entry_get_verb(&self->entry, node, &verb))
        return;
    *verbs |= 1u << verb;
    if ((added->verbs & 1u << verb) != 0)
        return;
    all = verbs_to_text(added->verbs);
    fulcra_host_entry_problem(&self->entry, node,
            "endpoint \"%s\" does not answer %s; its code answers %s",
            added->id, fulcra_verb_to_string(verb), all);
}

static FulcraVerbs
read_verbs(EntryBuild *self, const FulcraAdded *added)
{
    JsonNode *node = json_object_get_member(self->entry.definition, "verbs");
    FulcraVerbs verbs = 0;
    JsonArray *list;

    if (node == NULL)
        return added->verbs;
    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        add_verb(self, added, node, &verbs);
        return verbs;
    }
    list = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        add_verb(self, added, json_array_get_element(list, i), &verbs);
    return verbs;
}

static int
run_parse(const char *text)
{
    static const char *const names[] = {
        [FULCRA_RUN_SERIAL] = "serial",
        [FULCRA_RUN_CONCURRENT] = "concurrent",
        [FULCRA_RUN_INLINE] = "inline",
    };
    int run = 0;

    while (strcmp(names[run], text) != 0)
        run++;
    return run;
}

/* An endpoint runs one way, however often it is bound. */
static void
restrict_run(EntryBuild *self, FulcraAdded *added)
{
    JsonNode *node = json_object_get_member(self->entry.definition, "run");
    g_autoptr(GError) error = NULL;
    int run;

    if (node == NULL)
        return;
    run = run_parse(json_node_get_string(node));
    if (added->run >= 0 && added->run != run)
        fulcra_host_entry_problem(&self->entry, node,
                "endpoint \"%s\" is given another \"run\" by an entry before; "
                "say it once",
                added->id);
    else if (!fulcra_host_endpoint_restrict_run(
                     added->endpoint, (FulcraRun)run, &error))
        fulcra_host_entry_problem(&self->entry, node, "%s", error->message);
    added->run = run;
}

static void
build_endpoint(EntryBuild *self)
{
    JsonNode *grammar =
            json_object_get_member(self->entry.definition, "grammar");
    FulcraAdded *added = find_added(self);

    if (added != NULL && added->verbs == 0)
        fulcra_host_entry_problem(&self->entry,
                json_object_get_member(self->entry.definition, "id"),
                "endpoint \"%s\" only converts; give this entry a "
                "\"transrept\" in place of its \"grammar\"",
                added->id);
    if (added != NULL)
        restrict_run(self, added);
    fulcra__entry_bind_all(&self->entry, grammar,
            added != NULL ? read_verbs(self, added) : 0,
            added != NULL ? added->endpoint : NULL);
}

static void
build_transreptor(EntryBuild *self)
{
    JsonObject *types =
            json_object_get_object_member(self->entry.definition, "transrept");
    FulcraAdded *added = find_added(self);

    if (added == NULL)
        return;
    if (!added->transrepts) {
        fulcra_host_entry_problem(&self->entry,
                json_object_get_member(self->entry.definition, "id"),
                "endpoint \"%s\" does not convert: its code has no "
                "`transrept`",
                added->id);
        return;
    }
    fulcra_host_space_add_transreptor(self->entry.space,
            fulcra_host_json_get_text(types, "from", ""),
            fulcra_host_json_get_text(types, "to", ""), added->endpoint);
}

/* The space of the definition in which the entry stands, however deep. */
static FulcraSpace *
space_published(EntryBuild *self)
{
    FulcraEntry *entry = &self->entry;

    while (entry->outer != NULL)
        entry = entry->outer;
    return entry->space;
}

char *
fulcra__attachment_uri(const char *type)
{
    return strcmp(type, "front") == 0
                   ? g_strdup(FULCRA_SPACE_FRONT)
                   : g_strconcat("urn:fulcra:attached:", type, NULL);
}

/* What is attached as a type is only known once all modules are there. */
static void
build_dynamic_import(EntryBuild *self, JsonNode *node)
{
    JsonNode *type =
            json_object_get_member(json_node_get_object(node), "attach");
    const char *text = json_node_get_string(type);
    g_autofree char *uri = fulcra__attachment_uri(text);

    g_ptr_array_add(self->generation->attachments, (char *)text);
    fulcra_host_space_import(self->entry.space, uri, self->entry.visibility);
}

static void
build_import(EntryBuild *self)
{
    JsonNode *node = json_object_get_member(self->entry.definition, "import");
    const char *uri;

    if (JSON_NODE_HOLDS_OBJECT(node)) {
        build_dynamic_import(self, node);
        return;
    }
    uri = json_node_get_string(node);
    if (strcmp(uri, fulcra_host_space_get_uri(space_published(self))) == 0) {
        fulcra_host_entry_problem(&self->entry, node,
                "space \"%s\" imports itself; take the import out", uri);
        return;
    }
    g_ptr_array_add(self->generation->imports, node);
    fulcra_host_space_import(self->entry.space, uri, self->entry.visibility);
}

static void
build_kind(EntryBuild *self, const FulcraKindSlot *slot)
{
    FulcraInstance one = { .kind = slot->kind };

    self->entry.node =
            json_object_get_member(self->entry.definition, slot->kind->name);
    self->entry.definition = JSON_NODE_HOLDS_OBJECT(self->entry.node)
                                     ? json_node_get_object(self->entry.node)
                                     : NULL;
    self->entry.kind = slot->kind;
    self->entry.user_data = slot->user_data;
    one.instance = slot->kind->build(&self->entry);
    if (one.instance != NULL)
        g_array_append_val(self->generation->instances, one);
}

static void
build_entry(EntryBuild *self)
{
    JsonObject *definition = self->entry.definition;
    const FulcraKindSlot *slot =
            fulcra__kinds_find(self->build->kinds, definition);

    if (json_object_has_member(definition, "transrept"))
        build_transreptor(self);
    else if (json_object_has_member(definition, "import"))
        build_import(self);
    else if (slot != NULL)
        build_kind(self, slot);
    else
        build_endpoint(self);
}

/* A space that is being built. */
typedef struct {
    FulcraGeneration *generation;
    const FulcraBuild *build;
    FulcraEntry *outer; /* (nullable) */
    FulcraSpace *space;
    JsonArray *list;    /* its entries */
    bool shows_private; /* what is private in it, is not */
} SpaceBuild;

static EntryBuild
begin_entry(const SpaceBuild *self, unsigned i)
{
    FulcraGeneration *generation = self->generation;
    JsonNode *node = json_array_get_element(self->list, i);
    JsonObject *definition = json_node_get_object(node);
    bool hidden = fulcra_host_json_get_bool(definition, "private", false) &&
                  !self->shows_private;

    return (EntryBuild){
        .entry = {
            .kernel = self->build->kernel,
            .module = generation->module,
            .module_uri = generation->uri,
            .folder = generation->path,
            .space = self->space,
            .outer = self->outer,
            .visibility = hidden ? FULCRA_ENTRY_PRIVATE : FULCRA_ENTRY_PUBLIC,
            .node = node,
            .definition = definition,
            .document = generation->document,
            .problems = self->build->problems,
        },
        .generation = generation,
        .build = self->build,
        .list = self->list,
        .index = i,
    };
}

/* --- spaces --- */

/* (transfer full) */
static FulcraSpace *
build_space(SpaceBuild *self, const char *uri)
{
    self->space = fulcra_host_space_new(uri);
    fulcra_host_space_bind(self->space, "setting:/{name}", FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PRIVATE, self->generation->settings, NULL);
    for (unsigned i = 0; i < json_array_get_length(self->list); i++) {
        EntryBuild one = begin_entry(self, i);

        build_entry(&one);
    }
    return fulcra_host_space_seal(self->space);
}

FulcraSpace *
fulcra__space_build(
        FulcraGeneration *generation, const FulcraBuild *build, size_t i)
{
    JsonObject *definition = fulcra__generation_get_space(generation, i);
    SpaceBuild self = {
        .generation = generation,
        .build = build,
        .list = json_object_get_array_member(definition, "endpoints"),
        .shows_private =
                !fulcra_host_json_get_bool(definition, "private-filter", true),
    };

    return build_space(&self, generation->space_uris->pdata[i]);
}

/* "urn:example:shop#mapper"; the second of its kind in a space has "#mapper.2".
 * (transfer full) */
static char *
name_wrapped(EntryBuild *self, const char *kind)
{
    const char *parent = fulcra_host_space_get_uri(self->entry.space);
    unsigned n = 1;

    for (unsigned i = 0; i < self->index; i++)
        n += json_object_has_member(
                json_array_get_object_element(self->list, i), kind);
    return n == 1 ? g_strdup_printf("%s#%s", parent, kind)
                  : g_strdup_printf("%s#%s.%u", parent, kind, n);
}

FulcraSpace *
fulcra_host_entry_build_space(FulcraEntry *self, JsonNode *entries)
{
    EntryBuild *build = (EntryBuild *)self;
    g_autofree char *uri = NULL;

    g_return_val_if_fail(self != NULL && self->kind != NULL, NULL);
    g_return_val_if_fail(
            entries != NULL && JSON_NODE_HOLDS_ARRAY(entries), NULL);

    SpaceBuild wrapped = {
        .generation = build->generation,
        .build = build->build,
        .outer = self,
        .list = json_node_get_array(entries),
    };
    uri = name_wrapped(build, self->kind->name);
    return build_space(&wrapped, uri);
}

static void
release_space(void *space)
{
    fulcra_host_space_unref(space);
}

GPtrArray *
fulcra_host_entry_list_spaces(FulcraEntry *self)
{
    GPtrArray *spaces = g_ptr_array_new_with_free_func(release_space);

    for (; self != NULL; self = self->outer)
        g_ptr_array_insert(spaces, 0, fulcra_host_space_ref(self->space));
    return spaces;
}

bool
fulcra_host_entry_add_overlay(
        FulcraEntry *self, FulcraEndpoint *endpoint, JsonNode *entries)
{
    EntryBuild *build = (EntryBuild *)self;
    g_autoptr(FulcraSpace) wrapped = NULL;

    fulcra_host_endpoint_set_module(endpoint, self->module_uri);
    if (build->overlay != NULL) {
        fulcra_host_endpoint_unref(*build->overlay);
        *build->overlay = fulcra_host_endpoint_ref(endpoint);
        return true;
    }
    if (entries == NULL) {
        fulcra_host_entry_problem(self, NULL,
                "this %s has no \"space\"; add \"space\": [ ... ], the "
                "entries that it stands in front of",
                self->kind->name);
        return false;
    }
    wrapped = fulcra_host_entry_build_space(self, entries);
    fulcra_host_space_add_overlay(
            self->space, endpoint, wrapped, self->visibility);
    return true;
}

FulcraEndpoint *
fulcra_host_entry_build_overlay(FulcraEntry *self, JsonNode *overlay)
{
    EntryBuild *around = (EntryBuild *)self;
    EntryBuild one = *around;
    FulcraEndpoint *endpoint = NULL;
    size_t before = fulcra_host_problems_count(self->problems);

    one.entry.node = overlay;
    one.entry.definition = json_node_get_object(overlay);
    one.entry.kind = NULL;
    one.overlay = &endpoint;
    build_entry(&one);
    if (endpoint == NULL &&
            fulcra_host_problems_count(self->problems) == before)
        fulcra_host_entry_problem(self, overlay,
                "this is no overlay: it lets nothing pass to what comes after");
    return endpoint;
}
