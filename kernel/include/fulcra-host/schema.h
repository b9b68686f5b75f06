/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Schemas
 *
 * A schema is a table, written once: the keys of one kind of object, their
 * types, defaults and help. The checker, the JSON Schema that editors use and
 * the tables of the guide are derived from it.
 *
 *     static const FulcraSchemaKey limits_keys[] = {
 *         { "message", FULCRA_SCHEMA_SIZE, .fallback = "64KiB",
 *           .help = "largest message that a client may send" },
 *         { NULL },
 *     };
 *     static const FulcraSchema limits = { "limits", limits_keys };
 */

#include <fulcra-host/json.h>

G_BEGIN_DECLS

typedef struct _FulcraSchema FulcraSchema;

typedef enum {
    FULCRA_SCHEMA_TEXT,
    FULCRA_SCHEMA_BOOL,
    FULCRA_SCHEMA_INT,
    FULCRA_SCHEMA_DURATION, /* a text such as "500ms" */
    FULCRA_SCHEMA_SIZE,     /* a text such as "64KiB" */
    FULCRA_SCHEMA_TEXTS,    /* one text, or a list of them */
    FULCRA_SCHEMA_OBJECT,   /* of the schema `of` */
    FULCRA_SCHEMA_LIST,     /* of objects of the schema `of` */
    FULCRA_SCHEMA_MAP,      /* any keys; values of `of`, or texts without one */
    FULCRA_SCHEMA_MAPS,     /* any keys; values are maps of any values */
    FULCRA_SCHEMA_ENTRIES,  /* a list of objects, each one of the variants */
    FULCRA_SCHEMA_TEXT_OR_OBJECT, /* a text, or an object of `of` */
    FULCRA_SCHEMA_OVERLAY, /* one of the variants, without its own entries */
    FULCRA_SCHEMA_ANY,     /* checked by other means */
    FULCRA_N_SCHEMA_TYPES
} FulcraSchemaType;

typedef struct {
    const char *name;
    FulcraSchemaType type;
    bool required;
    const char *fallback;       /* (nullable): the default, as it is written */
    const FulcraSchema *of;     /* (nullable) */
    const char *const *choices; /* (nullable): the texts that are allowed */
    int64_t min, max; /* of INT, and in ms or bytes; none where both are 0 */
    const char *help; /* a phrase without a full stop */
} FulcraSchemaKey;

struct _FulcraSchema {
    const char *noun;            /* in messages: "unknown key in this NOUN" */
    const FulcraSchemaKey *keys; /* ends with one whose name is NULL */
    const char *tag;             /* of a variant: the key that tells it apart */
    const char *help;            /* (nullable): a sentence */
};

/**
 * fulcra_host_schema_check:
 * @variants: (nullable) (array zero-terminated=1): for FULCRA_SCHEMA_ENTRIES
 *
 * Reports what is wrong with @node and all below it: wrong types, unknown keys
 * (with what was probably meant), missing keys, values out of range.
 *
 * Returns: whether nothing was
 */
bool fulcra_host_schema_check(const FulcraSchema *self,
        const FulcraSchema *const *variants, FulcraDocument *document,
        JsonNode *node, FulcraProblems *problems);

/** The JSON Schema (2020-12) of it, for editors. (transfer full) */
char *fulcra_host_schema_to_json_schema(const FulcraSchema *self,
        const FulcraSchema *const *variants, const char *title);

/** Its keys as tables in Markdown, a heading and a table for each schema.
 * (transfer full) */
char *fulcra_host_schema_to_markdown(
        const FulcraSchema *self, const FulcraSchema *const *variants);

/**
 * fulcra_host_nearest:
 * @names: (array zero-terminated=1)
 *
 * Returns: (nullable): the one of @names that was probably meant by @name
 */
const char *fulcra_host_nearest(const char *name, const char *const *names);

G_END_DECLS
