/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A module as its own code sees it: a name, and the endpoints that it adds
 */

#include <fulcra-host/kernel.h>
#include <fulcra/module.h>

/* An endpoint that the code added, while the definition is built. */
typedef struct {
    const char *id; /* of the endpoint */
    FulcraEndpoint *endpoint;
    FulcraVerbs verbs; /* that its ops have */
    bool transrepts;
    int run;      /* FulcraRun that the definition gave it, or -1 */
    bool is_used; /* bound by some entry */
} FulcraAdded;

/** @kernel: (nullable): NULL where no request will come. @uri: copied */
FulcraModule *fulcra__module_new(FulcraKernel *kernel, const char *uri);
FulcraModule *fulcra__module_ref(FulcraModule *self);
void fulcra__module_unref(FulcraModule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraModule, fulcra__module_unref)

/** What the code says that it does besides answering; all NULL where it said
 * nothing. */
const FulcraModuleOps *fulcra__module_get_ops(FulcraModule *self);

/** Tells its threads to end. */
void fulcra__module_set_stopping(FulcraModule *self);

/** Adds "thread 'NAME'" to @texts for each that it has. */
void fulcra__module_list_threads(FulcraModule *self, GPtrArray *texts);

/** Of its serial endpoints. (transfer none) */
FulcraDomain *fulcra__module_get_domain(FulcraModule *self);

/** Runs the code's load function. */
bool fulcra__module_load(FulcraModule *self,
        const FulcraModuleDescriptor *descriptor, GError **error);

/** (nullable) (transfer none): until fulcra__module_finish() */
FulcraAdded *fulcra__module_find(FulcraModule *self, const char *id);

/** What was added, until fulcra__module_finish(). (array) */
FulcraAdded *const *fulcra__module_list(FulcraModule *self, size_t *n_added);

/** Whether nobody else holds it. */
bool fulcra__module_is_unique(FulcraModule *self);

/** Lets go of the endpoints: from now on the spaces hold them, and each holds
 * the module. To be called once, however the building went. */
void fulcra__module_finish(FulcraModule *self);
