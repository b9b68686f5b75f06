/* SPDX-License-Identifier: MIT */
/*
 * relations.c - what modules say of one another
 *
 * Who requires whom and in which version, who imports what, who claims the
 * same name, and whom the administrator has settings for. Only when all
 * modules were read can these be judged.
 */

#include "loader-private.h"

#include <string.h>

FulcraGeneration *
fulcra__modules_find(GPtrArray *modules, const char *uri)
{
    for (size_t i = 0; i < modules->len; i++) {
        FulcraGeneration *one = modules->pdata[i];

        if (strcmp(one->uri, uri) == 0)
            return one;
    }
    return NULL;
}

static bool
shares_space(FulcraGeneration *a, FulcraGeneration *b)
{
    for (size_t i = 0; a->space_uris->pdata[i] != NULL; i++)
        for (size_t j = 0; b->space_uris->pdata[j] != NULL; j++)
            if (strcmp(a->space_uris->pdata[i], b->space_uris->pdata[j]) == 0)
                return true;
    return false;
}

FulcraGeneration *
fulcra__modules_find_rival(GPtrArray *modules, FulcraGeneration *one)
{
    for (size_t i = 0; i < modules->len; i++) {
        FulcraGeneration *other = modules->pdata[i];

        if (strcmp(one->uri, other->uri) == 0 &&
                (strcmp(one->path, other->path) == 0 ||
                        strcmp(one->version_text, other->version_text) == 0 ||
                        shares_space(one, other)))
            return other;
    }
    return NULL;
}

/* --- requirements --- */

static const char **
module_uris(GPtrArray *modules)
{
    const char **uris = g_new0(const char *, modules->len + 1);

    for (size_t i = 0; i < modules->len; i++)
        uris[i] = ((FulcraGeneration *)modules->pdata[i])->uri;
    return uris;
}

static void
report_missing(GPtrArray *modules, FulcraGeneration *one, const char *uri,
        JsonNode *range, FulcraProblems *problems)
{
    g_autofree const char **uris = module_uris(modules);
    const char *nearest = fulcra_host_nearest(uri, uris);
    FulcraPosition position =
            fulcra_host_document_get_key(one->document, range);

    if (nearest != NULL)
        fulcra_host_problems_add(problems, one->document, position,
                "module \"%s\" is required and not there; did you mean "
                "\"%s\"?",
                uri, nearest);
    else
        fulcra_host_problems_add(problems, one->document, position,
                "module \"%s\" is required and not there; add its folder: "
                "--modules DIR",
                uri);
}

/* Of several versions side by side one in the range is enough. */
static void
check_required(GPtrArray *modules, FulcraGeneration *one, const char *uri,
        JsonNode *range, FulcraProblems *problems)
{
    const char *text = json_node_get_string(range);
    FulcraGeneration *last = NULL;

    for (size_t i = 0; i < modules->len; i++) {
        FulcraGeneration *other = modules->pdata[i];
        bool matches = true;

        if (strcmp(other->uri, uri) != 0)
            continue;
        if (!fulcra__range_parse(text, &other->version, &matches) || matches)
            return;
        last = other;
    }
    if (last == NULL)
        report_missing(modules, one, uri, range, problems);
    else
        fulcra__generation_problem(one, problems, range,
                "module \"%s\" has version %s, which is not %s", uri,
                last->version_text, text);
}

typedef enum {
    MARK_NEW,
    MARK_VISITING,
    MARK_ORDERED,
} Mark;

static void order(GPtrArray *modules, FulcraGeneration *one, GPtrArray *ordered,
        FulcraProblems *problems);

/* @one requires each module that is named @uri. */
static void
order_required(GPtrArray *modules, FulcraGeneration *one, const char *uri,
        JsonNode *range, GPtrArray *ordered, FulcraProblems *problems)
{
    for (size_t i = 0; i < modules->len; i++) {
        FulcraGeneration *other = modules->pdata[i];

        if (strcmp(other->uri, uri) != 0)
            continue;
        if (other->mark == MARK_NEW)
            order(modules, other, ordered, problems);
        else if (other->mark == MARK_VISITING)
            fulcra_host_problems_add(problems, one->document,
                    fulcra_host_document_get_key(one->document, range),
                    "modules require one another in a circle: \"%s\" and "
                    "\"%s\"; one must do without",
                    uri, one->uri);
    }
}

/* Appends @one to @ordered, after all that it requires. */
static void
order(GPtrArray *modules, FulcraGeneration *one, GPtrArray *ordered,
        FulcraProblems *problems)
{
    JsonObjectIter iter;
    const char *uri;
    JsonNode *range;

    one->mark = MARK_VISITING;
    if (json_object_has_member(one->root, "requires")) {
        json_object_iter_init_ordered(
                &iter, json_object_get_object_member(one->root, "requires"));
        while (json_object_iter_next_ordered(&iter, &uri, &range)) {
            check_required(modules, one, uri, range, problems);
            order_required(modules, one, uri, range, ordered, problems);
        }
    }
    one->mark = MARK_ORDERED;
    g_ptr_array_add(ordered, one);
}

void
fulcra__modules_order(
        GPtrArray *modules, size_t n_settled, FulcraProblems *problems)
{
    g_autoptr(GPtrArray) ordered = g_ptr_array_new();
    void **all = modules->pdata;

    for (size_t i = 0; i < modules->len; i++)
        ((FulcraGeneration *)all[i])->mark =
                i < n_settled ? MARK_ORDERED : MARK_NEW;
    for (size_t i = n_settled; i < modules->len; i++)
        if (((FulcraGeneration *)all[i])->mark == MARK_NEW)
            order(modules, all[i], ordered, problems);
    if (ordered->len > 0)
        memcpy(all + n_settled, ordered->pdata, ordered->len * sizeof *all);
}

/* --- spaces and imports --- */

/* A space of some module, or of the host, by its URI. */
typedef struct {
    FulcraGeneration *owner; /* NULL for the host */
    bool is_public;
} KnownSpace;

static void
know_space(GHashTable *known, const char *uri, FulcraGeneration *owner,
        bool is_public)
{
    KnownSpace *space = g_new0(KnownSpace, 1);

    space->owner = owner;
    space->is_public = is_public;
    g_hash_table_insert(known, (char *)uri, space);
}

/* Space number @i of @one becomes known, if nobody else has its name. */
static void
know_space_of(GHashTable *known, FulcraGeneration *one, size_t i,
        FulcraProblems *problems)
{
    const char *uri = one->space_uris->pdata[i];
    const KnownSpace *same = g_hash_table_lookup(known, uri);

    if (same == NULL)
        know_space(known, uri, one, fulcra__generation_is_public(one, i));
    else
        fulcra__generation_problem(one, problems,
                json_object_get_member(
                        fulcra__generation_get_space(one, i), "uri"),
                "space \"%s\" is declared by %s as well; give it another name",
                uri, same->owner != NULL ? same->owner->uri : "the server");
}

static GHashTable *
know_spaces(FulcraLoader *self, GPtrArray *modules, FulcraProblems *problems)
{
    GHashTable *known =
            g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    know_space(known, FULCRA_SPACE_FRONT, NULL, false);
    for (size_t i = 0; i < self->host_spaces->len; i++)
        know_space(known,
                fulcra_host_space_get_uri(self->host_spaces->pdata[i]), NULL,
                true);
    for (size_t i = 0; i < modules->len; i++) {
        FulcraGeneration *one = modules->pdata[i];

        for (size_t j = 0; one->space_uris->pdata[j] != NULL; j++)
            know_space_of(known, one, j, problems);
    }
    return known;
}

static void
check_import(FulcraGeneration *one, JsonNode *node, GHashTable *known,
        FulcraProblems *problems)
{
    const char *uri = json_node_get_string(node);
    const KnownSpace *space = g_hash_table_lookup(known, uri);
    g_autofree const char **uris = NULL;
    const char *nearest;

    if (space != NULL && (space->is_public || space->owner == one))
        return;
    if (space != NULL) {
        fulcra__generation_problem(one, problems, node,
                "space \"%s\" is not public: only %s may import it", uri,
                space->owner != NULL ? space->owner->uri : "the server");
        return;
    }
    uris = (const char **)g_hash_table_get_keys_as_array(known, NULL);
    nearest = fulcra_host_nearest(uri, uris);
    if (nearest != NULL)
        fulcra__generation_problem(one, problems, node,
                "there is no space \"%s\"; did you mean \"%s\"?", uri, nearest);
    else
        fulcra__generation_problem(one, problems, node,
                "there is no space \"%s\"; add the folder of its module: "
                "--modules DIR",
                uri);
}

void
fulcra__modules_compare(FulcraLoader *self, GPtrArray *modules,
        size_t n_settled, FulcraProblems *problems)
{
    g_autoptr(GHashTable) known = know_spaces(self, modules, problems);

    for (size_t i = n_settled; i < modules->len; i++) {
        FulcraGeneration *one = modules->pdata[i];

        for (size_t j = 0; j < one->imports->len; j++)
            check_import(one, one->imports->pdata[j], known, problems);
    }
}

/* --- settings --- */

void
fulcra__modules_check_overrides(
        FulcraLoader *self, GPtrArray *modules, FulcraProblems *problems)
{
    g_autofree const char **uris = module_uris(modules);
    JsonObjectIter iter;
    const char *uri;
    JsonNode *values;

    if (self->settings == NULL)
        return;
    json_object_iter_init_ordered(&iter, self->settings);
    while (json_object_iter_next_ordered(&iter, &uri, &values)) {
        const char *nearest = fulcra_host_nearest(uri, uris);

        if (fulcra__modules_find(modules, uri) == NULL)
            fulcra_host_problems_add(problems, self->settings_document,
                    fulcra_host_document_get_key(
                            self->settings_document, values),
                    "settings of module \"%s\", which is not there%s%s%s", uri,
                    nearest != NULL ? "; did you mean \"" : "",
                    nearest != NULL ? nearest : "",
                    nearest != NULL ? "\"?" : "; take them out");
        else if (!JSON_NODE_HOLDS_OBJECT(values))
            fulcra_host_problems_add(problems, self->settings_document,
                    fulcra_host_document_get_value(
                            self->settings_document, values),
                    "the settings of a module must be an object: { ... }");
    }
}
