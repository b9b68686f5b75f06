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

/** @uri: copied */
FulcraModule *fulcra__module_new(FulcraKernel *kernel, const char *uri);
FulcraModule *fulcra__module_ref(FulcraModule *self);
void fulcra__module_unref(FulcraModule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraModule, fulcra__module_unref)

/** Runs the code's load function. */
bool fulcra__module_load(FulcraModule *self,
        const FulcraModuleDescriptor *descriptor, GError **error);

/** (nullable) (transfer none): until fulcra__module_finish() */
FulcraAdded *fulcra__module_find(FulcraModule *self, const char *id);

/** What was added, until fulcra__module_finish(). (array) */
FulcraAdded *const *fulcra__module_list(FulcraModule *self, size_t *n_added);

/** Lets go of the endpoints: from now on the spaces hold them, and each holds
 * the module. To be called once, however the building went. */
void fulcra__module_finish(FulcraModule *self);
