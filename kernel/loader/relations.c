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
fulcra__loader_find(FulcraLoader *self, const char *uri)
{
    for (size_t i = 0; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        if (strcmp(one->uri, uri) == 0)
            return one;
    }
    return NULL;
}

/* --- requirements --- */

static const char **
module_uris(FulcraLoader *self)
{
    const char **uris = g_new0(const char *, self->generations->len + 1);

    for (size_t i = 0; i < self->generations->len; i++)
        uris[i] = ((FulcraGeneration *)self->generations->pdata[i])->uri;
    return uris;
}

static void
report_missing(FulcraLoader *self, FulcraGeneration *one, const char *uri,
        JsonNode *range, FulcraProblems *problems)
{
    g_autofree const char **uris = module_uris(self);
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

static void
check_required(FulcraLoader *self, FulcraGeneration *one, const char *uri,
        JsonNode *range, FulcraProblems *problems)
{
    FulcraGeneration *other = fulcra__loader_find(self, uri);
    bool matches;

    if (other == NULL)
        report_missing(self, one, uri, range, problems);
    else if (fulcra__range_parse(
                     json_node_get_string(range), &other->version, &matches) &&
             !matches)
        fulcra__generation_problem(one, problems, range,
                "module \"%s\" has version %s, which is not %s", uri,
                other->version_text, json_node_get_string(range));
}

typedef enum {
    MARK_NEW,
    MARK_VISITING,
    MARK_ORDERED,
} Mark;

/* Appends @one to @ordered, after all that it requires. */
static void
order(FulcraLoader *self, FulcraGeneration *one, GPtrArray *ordered,
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
            FulcraGeneration *other = fulcra__loader_find(self, uri);

            check_required(self, one, uri, range, problems);
            if (other != NULL && other->mark == MARK_NEW)
                order(self, other, ordered, problems);
            else if (other != NULL && other->mark == MARK_VISITING)
                fulcra_host_problems_add(problems, one->document,
                        fulcra_host_document_get_key(one->document, range),
                        "modules require one another in a circle: \"%s\" and "
                        "\"%s\"; one must do without",
                        uri, one->uri);
        }
    }
    one->mark = MARK_ORDERED;
    g_ptr_array_add(ordered, one);
}

void
fulcra__loader_order(FulcraLoader *self, FulcraProblems *problems)
{
    g_autoptr(GPtrArray) ordered = g_ptr_array_new();
    void **all = self->generations->pdata;

    for (size_t i = 0; i < self->generations->len; i++)
        ((FulcraGeneration *)all[i])->mark =
                i < self->n_loaded ? MARK_ORDERED : MARK_NEW;
    for (size_t i = self->n_loaded; i < self->generations->len; i++)
        if (((FulcraGeneration *)all[i])->mark == MARK_NEW)
            order(self, all[i], ordered, problems);
    if (ordered->len > 0)
        memcpy(all + self->n_loaded, ordered->pdata,
                ordered->len * sizeof *all);
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
know_spaces(FulcraLoader *self, FulcraProblems *problems)
{
    GHashTable *known =
            g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    know_space(known, FULCRA_SPACE_FRONT, NULL, false);
    for (size_t i = 0; i < self->host_spaces->len; i++)
        know_space(known,
                fulcra_host_space_get_uri(self->host_spaces->pdata[i]), NULL,
                true);
    for (size_t i = 0; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

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

/* --- settings --- */

static void
check_overrides(FulcraLoader *self, FulcraProblems *problems)
{
    g_autofree const char **uris = module_uris(self);
    JsonObjectIter iter;
    const char *uri;
    JsonNode *values;

    if (self->settings == NULL)
        return;
    json_object_iter_init_ordered(&iter, self->settings);
    while (json_object_iter_next_ordered(&iter, &uri, &values)) {
        const char *nearest = fulcra_host_nearest(uri, uris);

        if (fulcra__loader_find(self, uri) == NULL)
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

void
fulcra__loader_compare(FulcraLoader *self, FulcraProblems *problems)
{
    g_autoptr(GHashTable) known = know_spaces(self, problems);

    for (size_t i = self->n_loaded; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        for (size_t j = 0; j < one->imports->len; j++)
            check_import(one, one->imports->pdata[j], known, problems);
    }
    check_overrides(self, problems);
}
