/* SPDX-License-Identifier: MIT */
/*
 * definition.c - the tables behind module.json, and the registry of kinds
 *
 * The checker, the JSON Schema in doc/module.schema.json and the tables in
 * doc/guide/module-definition.md are made from these; a test compares them.
 */

#include "definition.h"

#include "setting.h"

#include <string.h>

static const char *const verbs[] = { "SOURCE", "SINK", "NEW", "DELETE",
    "EXISTS", "META", NULL };

static const char *const runs[] = { "serial", "concurrent", "inline", NULL };

/* --- entries that the loader builds itself --- */

#define PRIVATE_KEY                                                            \
    {                                                                          \
        "private", FULCRA_SCHEMA_BOOL,                                         \
                .fallback = "false",                                           \
                .help = "not seen by who imports this space"                   \
    }

static const FulcraSchemaKey endpoint_keys[] = {
    { "id", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "of an endpoint that the library adds" },
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "which identifiers it answers here" },
    { "verbs", FULCRA_SCHEMA_TEXTS, .choices = verbs,
            .help = "which verbs it answers here; all that it can without "
                    "this key" },
    { "run", FULCRA_SCHEMA_TEXT, .choices = runs,
            .help = "restricts where it runs; never widens what the code "
                    "says" },
    PRIVATE_KEY,
    { NULL },
};

static const FulcraSchema endpoint_schema = {
    "endpoint",
    endpoint_keys,
    "id",
    "Binds an endpoint of the library to identifiers. One endpoint may be "
    "bound several times.",
};

static const FulcraSchemaKey attached_keys[] = {
    { "attach", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "all public spaces that say so: whichever modules are "
                    "loaded, in their order" },
    { NULL },
};

static const FulcraSchema attached_schema = { "dynamic import", attached_keys,
    NULL, "Pulls in all public spaces with the same `attach`." };

static const FulcraSchemaKey import_keys[] = {
    { "import", FULCRA_SCHEMA_TEXT_OR_OBJECT, .required = true,
            .of = &attached_schema,
            .help = "URI of a public space, or of one of this module; or "
                    "`{ \"attach\": \"TYPE\" }`" },
    PRIVATE_KEY,
    { NULL },
};

static const FulcraSchema import_schema = {
    "import",
    import_keys,
    "import",
    "Lets the endpoints of another space answer in this one.",
};

static const FulcraSchemaKey types_keys[] = {
    { "from", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "type of representation that it takes" },
    { "to", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "type that it makes of it" },
    { NULL },
};

static const FulcraSchema types_schema = { "conversion", types_keys, NULL,
    NULL };

static const FulcraSchemaKey transreptor_keys[] = {
    { "transrept", FULCRA_SCHEMA_OBJECT, .required = true, .of = &types_schema,
            .help = "what it converts into what" },
    { "id", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "of an endpoint that the library adds" },
    { NULL },
};

static const FulcraSchema transreptor_schema = {
    "transreptor",
    transreptor_keys,
    "transrept",
    "Lets an endpoint of the library convert representations.",
};

/* --- the module and its spaces --- */

static const FulcraSchemaKey space_keys[] = {
    { "uri", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "its name, as imports spell it" },
    { "public", FULCRA_SCHEMA_BOOL, .fallback = "false",
            .help = "whether other modules may import it" },
    { "attach", FULCRA_SCHEMA_TEXT,
            .help = "a type of dynamic import that pulls it in: `front` is "
                    "what "
                    "HTTP and WebSocket clients reach" },
    { "private-filter", FULCRA_SCHEMA_BOOL, .fallback = "true",
            .help = "whether its private entries are hidden from who imports "
                    "it" },
    { "endpoints", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "its entries; the first that matches wins" },
    { NULL },
};

static const FulcraSchema space_schema = {
    "space",
    space_keys,
    NULL,
    "An ordered list of entries in which identifiers are resolved.",
};

static const FulcraSchemaKey module_keys[] = {
    { "$schema", FULCRA_SCHEMA_TEXT,
            .help = "for editors: where `module.schema.json` is" },
    { "uri", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "its name; the last part is the name that its code gives "
                    "itself" },
    { "version", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "three numbers, such as `1.0.0`" },
    { "title", FULCRA_SCHEMA_TEXT, .help = "what people call it" },
    { "description", FULCRA_SCHEMA_TEXT, .help = "what it is for" },
    { "library", FULCRA_SCHEMA_TEXT,
            .help = "its shared object, in its folder; a module may do "
                    "without" },
    { "unmap", FULCRA_SCHEMA_BOOL, .fallback = "false",
            .help = "a promise of its author: once nothing of a generation is "
                    "in use, nothing points into its code, which may then be "
                    "unmapped" },
    { "requires", FULCRA_SCHEMA_MAP,
            .help = "modules that it needs: URI and versions, such as "
                    "`>=1.0 <2` or `*`" },
    { "settings", FULCRA_SCHEMA_MAP, .of = &fulcra__setting_schema,
            .help = "what an administrator may change" },
    { "spaces", FULCRA_SCHEMA_LIST, .required = true, .of = &space_schema,
            .help = "what it publishes" },
    { NULL },
};

const FulcraSchema fulcra__module_schema = {
    "module",
    module_keys,
    NULL,
    "The whole of `module.json`.",
};

/* --- kinds --- */

struct _FulcraKinds {
    GPtrArray *slots;    /* of FulcraKindSlot */
    GPtrArray *variants; /* of const FulcraSchema *, ending with NULL */
};

/* What is told apart by a key of its own goes first, then what is left must be
 * an endpoint: transreptors have an id too. */
static void
list_variants(FulcraKinds *self)
{
    g_ptr_array_set_size(self->variants, 0);
    g_ptr_array_add(self->variants, (void *)&transreptor_schema);
    g_ptr_array_add(self->variants, (void *)&import_schema);
    for (size_t i = 0; i < self->slots->len; i++)
        g_ptr_array_add(self->variants,
                &((FulcraKindSlot *)self->slots->pdata[i])->entry);
    g_ptr_array_add(self->variants, (void *)&endpoint_schema);
    g_ptr_array_add(self->variants, NULL);
}

static void
slot_free(void *data)
{
    FulcraKindSlot *self = data;

    g_free((char *)self->entry.noun);
    g_free(self);
}

FulcraKinds *
fulcra__kinds_new(void)
{
    FulcraKinds *self = g_new0(FulcraKinds, 1);

    self->slots = g_ptr_array_new_with_free_func(slot_free);
    self->variants = g_ptr_array_new();
    list_variants(self);
    return self;
}

void
fulcra__kinds_free(FulcraKinds *self)
{
    g_ptr_array_unref(self->variants);
    g_ptr_array_unref(self->slots);
    g_free(self);
}

void
fulcra__kinds_add(FulcraKinds *self, const FulcraKind *kind, void *user_data)
{
    static const FulcraSchemaKey private_key = PRIVATE_KEY;
    FulcraKindSlot *slot = g_new0(FulcraKindSlot, 1);

    slot->kind = kind;
    slot->user_data = user_data;
    slot->keys[0] = (FulcraSchemaKey){
        .name = kind->name,
        .type = kind->schema != NULL ? FULCRA_SCHEMA_OBJECT
                                     : FULCRA_SCHEMA_TEXT,
        .required = true,
        .of = kind->schema,
        .help = kind->help,
    };
    slot->keys[1] = private_key;
    slot->entry.noun = g_strconcat(kind->name, " entry", NULL);
    slot->entry.keys = slot->keys;
    slot->entry.tag = kind->name;
    g_ptr_array_add(self->slots, slot);
    list_variants(self);
}

const FulcraSchema *const *
fulcra__kinds_get_variants(FulcraKinds *self)
{
    return (const FulcraSchema *const *)self->variants->pdata;
}

const FulcraKindSlot *
fulcra__kinds_find(FulcraKinds *self, JsonObject *entry)
{
    for (size_t i = 0; i < self->slots->len; i++) {
        const FulcraKindSlot *slot = self->slots->pdata[i];

        if (json_object_has_member(entry, slot->kind->name))
            return slot;
    }
    return NULL;
}
