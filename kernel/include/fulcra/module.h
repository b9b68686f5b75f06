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

G_END_DECLS
