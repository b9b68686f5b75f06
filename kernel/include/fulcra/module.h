/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Modules
 *
 * A module is a folder with a definition, module.json, and, where it has
 * code, a shared object that exports one symbol. The definition says which
 * identifiers lead to which endpoint; the code says what endpoints there are:
 *
 *     static bool
 *     hello_load(FulcraModule *module, GError **error)
 *     {
 *         return fulcra_module_add_endpoint(
 *                 module, "hello", &hello_ops, NULL, error);
 *     }
 *
 *     FULCRA_MODULE_DEFINE("hello", hello_load)
 *
 * While the server runs a module may be replaced: its next generation is
 * loaded beside it, with variables of its own, and new requests go there. What
 * a module needs for that beyond its endpoints is in FulcraModuleOps.
 */

#include <fulcra/endpoint.h>
#include <fulcra/types.h>

G_BEGIN_DECLS

/* Raised when a change breaks modules that were built before it. */
#define FULCRA_ABI 1u

#define FULCRA_MODULE_MAGIC 0x46756c63u /* "Fulc" */

/* The one symbol. Checked before anything else of the module is touched. */
typedef struct {
    uint32_t magic;
    uint32_t abi;
    uint32_t size;     /* of this struct */
    uint32_t ops_size; /* of FulcraEndpointOps */
    const char *name;

    /* Says what there is: endpoints and FulcraModuleOps. It runs twice, first
     * in a child process, so that a crash is found there: what counts outside
     * of the process is for FulcraModuleOps.start. */
    bool (*load)(FulcraModule *module, GError **error);
} FulcraModuleDescriptor;

#ifdef __cplusplus
#define FULCRA_EXTERN_C extern "C"
#else
#define FULCRA_EXTERN_C extern
#endif

/* At the end of one C file of the module. */
#define FULCRA_MODULE_DEFINE(module_name, load_function)                       \
    FULCRA_EXTERN_C FULCRA_EXPORT const FulcraModuleDescriptor fulcra_module;  \
    const FulcraModuleDescriptor fulcra_module = {                             \
        FULCRA_MODULE_MAGIC,                                                   \
        FULCRA_ABI,                                                            \
        (uint32_t)sizeof(FulcraModuleDescriptor),                              \
        (uint32_t)sizeof(FulcraEndpointOps),                                   \
        module_name,                                                           \
        load_function,                                                         \
    };

/*
 * The same for a module of one endpoint that needs nothing when it loads; what
 * follows its id are members of FulcraEndpointOps:
 *
 *     FULCRA_MODULE_DEFINE_ENDPOINT("hello", "hello", .source = hello_source)
 */
#define FULCRA_MODULE_DEFINE_ENDPOINT(module_name, id, ...)                    \
    static bool fulcra_module_load_endpoint(                                   \
            FulcraModule *module, GError **error)                              \
    {                                                                          \
        static const FulcraEndpointOps ops = {                                 \
            .size = sizeof(FulcraEndpointOps),                                 \
            __VA_ARGS__,                                                       \
        };                                                                     \
                                                                               \
        return fulcra_module_add_endpoint(module, id, &ops, NULL, error);      \
    }                                                                          \
    FULCRA_MODULE_DEFINE(module_name, fulcra_module_load_endpoint)

/**
 * fulcra_module_add_endpoint:
 * @id: as the definition names it
 * @ops: (transfer none): static
 * @data: (nullable): what fulcra_request_get_data() returns; given to
 *     ops->destroy in the end
 *
 * To be called while the module loads. Fails with FULCRA_ERROR_MODULE where
 * the id was added before or @ops names no verb.
 */
bool fulcra_module_add_endpoint(FulcraModule *module, const char *id,
        const FulcraEndpointOps *ops, void *data, GError **error);

/** The module's URI, as its definition gives it. */
const char *fulcra_module_get_uri(FulcraModule *module);

/*
 * FulcraModuleOps:
 *
 * What a module does when it begins and ends. `static const`, filled with
 * designated initialisers; each member may be NULL.
 */
typedef struct {
    size_t size; /* sizeof(FulcraModuleOps): members are only appended */

    /* Makes it ready: threads, connections. On a thread of its own, before any
     * request comes. Where it fails, or takes longer than the server waits (10
     * s), what served before goes on serving. */
    bool (*start)(FulcraModule *module, GError **error);

    /* Ends what start() began: threads above all. When no request is left that
     * began in this generation; no other call runs meanwhile. */
    void (*stop)(FulcraModule *module);

    /* The form in which its state is exported. */
    unsigned state_version;

    /* What the next generation is given, which was started already. No request
     * to this one runs, and none will, unless the import fails: then it goes
     * on, so nothing may be taken apart. Bytes or text: nothing boxed.
     * Returns: (transfer full) (nullable): NULL with @error set */
    FulcraRepresentation *(*export_state)(FulcraModule *module, GError **error);

    /* @version: the `state_version` of the generation that made @state. To
     * fail is to leave that one serving. */
    bool (*import_state)(FulcraModule *module, unsigned version,
            FulcraRepresentation *state, GError **error);
} FulcraModuleOps;

/** To be called while the module loads. @ops: (transfer none): static */
void fulcra_module_set_ops(FulcraModule *module, const FulcraModuleOps *ops);

/**
 * fulcra_module_thread:
 * @name: for the administrator, who is told which threads are left
 * @run: the thread's code; it returns soon after fulcra_module_is_stopping()
 *
 * Starts a thread of this generation. Code is not unmapped before its threads
 * have ended; one that was started by other means is not known. Any thread.
 *
 * Fails with FULCRA_ERROR_FAILED where the system gives no thread.
 */
bool fulcra_module_thread(FulcraModule *module, const char *name,
        void (*run)(void *data), void *data, GError **error);

/** Whether the generation is about to be stopped, or was. Any thread. */
bool fulcra_module_is_stopping(FulcraModule *module);

G_END_DECLS
