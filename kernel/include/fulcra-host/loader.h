/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The loader
 *
 * A module is a folder with a definition, module.json, and, where it has code,
 * a shared object. The loader reads definitions, maps the code, builds the
 * spaces that a definition declares and publishes those of all modules in one
 * step. It uses the kernel as every other part of the host does; the kernel
 * does not know that there are modules.
 *
 * What an entry of a space may be, besides an endpoint, an import and a
 * transreptor, is a table that the host adds to: see FulcraKind.
 *
 * One thread at a time may use a loader, but for what <fulcra-host/change.h>
 * declares: once all is set up, modules are changed and looked at with that.
 */

#include <fulcra-host/kernel.h>
#include <fulcra-host/schema.h>
#include <fulcra/module.h>

G_BEGIN_DECLS

typedef struct _FulcraLoader FulcraLoader;

/** The definition in a module's folder. */
#define FULCRA_DEFINITION "module.json"

/** The space that imports every public space with "attach": "front". */
#define FULCRA_SPACE_FRONT "urn:fulcra:front"

/* --- kinds of entry --- */

typedef struct _FulcraEntry FulcraEntry;
typedef struct _FulcraKind FulcraKind;

/* An entry of a space's `endpoints`, while it is built. Valid during the
 * call; what is kept is copied or referenced. */
struct _FulcraEntry {
    FulcraKernel *kernel;
    FulcraModule *module;
    const char *module_uri;
    const char *folder;          /* of the module: an absolute path */
    FulcraSpace *space;          /* not sealed yet */
    FulcraEntry *outer;          /* (nullable): the overlay or other entry in
                                    whose own space this one stands */
    FulcraVisibility visibility; /* what the entry says under "private" */
    JsonNode *node;              /* what stands under the kind's name, checked
                                    against its schema */
    JsonObject *definition;      /* the same, as an object; NULL for a text */
    FulcraDocument *document;
    FulcraProblems *problems;
    const FulcraKind *kind;
    void *user_data; /* of fulcra_host_loader_add_kind() */
};

/*
 * FulcraKind:
 *
 * An entry { "NAME": { ... } } of a space is built by the kind of that name.
 * Its schema says which keys the object may have; "private" stands beside the
 * name and is dealt with by the loader.
 *
 * @build binds endpoints into entry->space; what is wrong it reports to
 * entry->problems, and the module is then not loaded. It may return an
 * instance, something that lives as long as the module does: it is started
 * after the module's spaces were published, stopped before they are
 * withdrawn, and freed in the end. An instance that was built is freed also
 * where it was never started.
 */
struct _FulcraKind {
    size_t size; /* sizeof(FulcraKind): members are only appended */
    const char *name;
    const FulcraSchema *schema; /* (nullable): of the object; NULL for a text */
    const char *help;
    void *(*build)(FulcraEntry *entry);
    void (*start)(void *instance); /* (nullable) */
    void (*stop)(void *instance);  /* (nullable) */
    void (*free)(void *instance);  /* (nullable) */

    /* (nullable): what ends when @instance does, for whoever is about to
     * unload it: "timer every 5s". (transfer full) (nullable) */
    char *(*affects)(void *instance);

    /* (nullable): what of @instance goes on though it was stopped. (transfer
     * full) (nullable) */
    char *(*left)(void *instance);
};

/**
 * fulcra_host_entry_bind:
 * @grammar: (nullable): a text or a list of texts of the definition; NULL is
 *     reported as missing
 * @verbs: see fulcra_host_space_bind()
 *
 * Binds @endpoint, which is given the name of the module, into the space that
 * the entry stands in. A malformed grammar is reported where it stands.
 */
bool fulcra_host_entry_bind(FulcraEntry *self, JsonNode *grammar,
        FulcraVerbs verbs, FulcraEndpoint *endpoint);

/**
 * fulcra_host_entry_build_space:
 * @entries: a list of entries, checked as FULCRA_SCHEMA_ENTRIES: kinds,
 *     endpoints of the library, imports, whatever a space may have
 *
 * Builds a space of its own that is not published: for an overlay to wrap. It
 * is named after the space of the entry, "URI#KIND"; setting:/{name} answers in
 * it. What is wrong is reported.
 *
 * Returns: (transfer full): sealed
 */
FulcraSpace *fulcra_host_entry_build_space(
        FulcraEntry *self, JsonNode *entries);

/**
 * fulcra_host_entry_add_overlay:
 * @endpoint: (transfer none): its ops have `overlay`; it is given the name of
 *     the module
 * @entries: (nullable): the entry's "space"; NULL is reported as missing
 *
 * Puts @endpoint in front of the space that @entries make, where the entry
 * stands. The key of a kind's schema for it:
 *
 *     { "space", FULCRA_SCHEMA_ENTRIES, .required = true, .help = ... }
 */
bool fulcra_host_entry_add_overlay(
        FulcraEntry *self, FulcraEndpoint *endpoint, JsonNode *entries);

/**
 * fulcra_host_entry_build_overlay:
 * @overlay: an entry, checked as FULCRA_SCHEMA_OVERLAY: that of an overlay, but
 *     without a "space"
 *
 * Builds it in front of nothing: fulcra_host_request_detour() leads requests
 * through it.
 *
 * Returns: (transfer full) (nullable): NULL where it is wrong, which is
 * reported
 */
FulcraEndpoint *fulcra_host_entry_build_overlay(
        FulcraEntry *self, JsonNode *overlay);

/** The spaces that the entry stands in: the published one, then those of the
 * overlays around the entry, inwards. A root request begins in the first and
 * enters the others. (transfer full): of FulcraSpace */
GPtrArray *fulcra_host_entry_list_spaces(FulcraEntry *self);

/**
 * fulcra_host_entry_get_path:
 * @path: a text of the definition
 *
 * Returns: (transfer full) (nullable): the file or folder within the module's
 * folder that @path names, links resolved; NULL where there is none or it is
 * outside, which is reported
 */
char *fulcra_host_entry_get_path(FulcraEntry *self, JsonNode *path);

/** The grammar that a text of the definition holds; NULL where it is
 * malformed, which is reported. (transfer full) */
FulcraGrammar *fulcra_host_entry_get_grammar(FulcraEntry *self, JsonNode *text);

/** The identifier that a text of the definition holds; NULL where it is
 * malformed, which is reported. (transfer full) */
FulcraIdentifier *fulcra_host_entry_get_identifier(
        FulcraEntry *self, JsonNode *text);

/** The verb that a text of the definition names; false where it names none,
 * which is reported. */
bool fulcra_host_entry_get_verb(
        FulcraEntry *self, JsonNode *text, FulcraVerb *verb);

/** Reports a problem with the value @node of the definition; with all of the
 * entry where it is NULL. */
void fulcra_host_entry_problem(FulcraEntry *self, JsonNode *node,
        const char *format, ...) FULCRA_PRINTF(3, 4);

/* --- the loader --- */

/** (transfer full) */
FulcraLoader *fulcra_host_loader_new(FulcraKernel *kernel);

/** Stops what was started and releases the modules' spaces; their code stays
 * mapped. Call it before fulcra_host_kernel_free(). */
void fulcra_host_loader_free(FulcraLoader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraLoader, fulcra_host_loader_free)

/** @kind: static. To be called before any definition is read. */
void fulcra_host_loader_add_kind(
        FulcraLoader *self, const FulcraKind *kind, void *user_data);

/** @space: (transfer none): sealed: one of the host's own, published together
 * with those of the modules, which may import it. */
void fulcra_host_loader_add_space(FulcraLoader *self, FulcraSpace *space);

/** Lets the module @uri use host symbols: the admin module needs them. */
void fulcra_host_loader_trust(FulcraLoader *self, const char *uri);

/**
 * fulcra_host_loader_set_settings:
 * @settings: (nullable): an object of @document: module URI → setting → value
 *
 * Overrides what the definitions declare. Checked when the modules are loaded;
 * one that is loaded already takes it when it is replaced.
 */
void fulcra_host_loader_set_settings(
        FulcraLoader *self, FulcraDocument *document, JsonNode *settings);

/** Reads the definition in @folder. Fails with FULCRA_ERROR_MODULE; the message
 * has a line for each problem. */
bool fulcra_host_loader_add_folder(
        FulcraLoader *self, const char *folder, GError **error);

/** Adds @folder itself if it has a definition, otherwise each folder in it that
 * has one, sorted by name. All are read; the error has the problems of all. */
bool fulcra_host_loader_scan(
        FulcraLoader *self, const char *folder, GError **error);

/** Whether a module of that URI was added, loaded or not. While nothing
 * changes. */
bool fulcra_host_loader_has(FulcraLoader *self, const char *uri);

/**
 * fulcra_host_loader_check:
 * @path: a definition, or a module's folder
 *
 * Reads and builds a module, code included, and publishes nothing. What it
 * imports and requires may be absent.
 *
 * Returns: whether no problem was found
 */
bool fulcra_host_loader_check(
        FulcraLoader *self, const char *path, FulcraProblems *problems);

/**
 * fulcra_host_loader_load_all:
 *
 * Builds the modules that were added, those that others require first, and
 * publishes their spaces, the host's own and urn:fulcra:front in one step;
 * then starts what is to be started. Where anything fails nothing is published.
 */
bool fulcra_host_loader_load_all(FulcraLoader *self, GError **error);

/** Stops what the modules' definitions started: timers. Their spaces go on. */
void fulcra_host_loader_stop(FulcraLoader *self);

/* A module, as its definition describes it. (transfer none) */
typedef struct {
    const char *uri;
    const char *version;
    const char *title;       /* (nullable) */
    const char *description; /* (nullable) */
    const char *folder;
    const char *library; /* (nullable): file name */
    const char *const *spaces;
    const char *const *endpoints; /* ids that its code added */
} FulcraModuleInfo;

/** How many modules are loaded. Any thread. */
size_t fulcra_host_loader_count(FulcraLoader *self);

/** The modules in the order in which they were loaded. Valid until the loader
 * is used again, on whatever thread. (transfer none) */
const FulcraModuleInfo *fulcra_host_loader_list(
        FulcraLoader *self, size_t *n_modules);

/** The schema of module.json and the variants that its entries may be, with
 * the kinds that were added; as long as @self. */
const FulcraSchema *fulcra_host_loader_get_schema(
        FulcraLoader *self, const FulcraSchema *const **variants);

G_END_DECLS
