/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Chains: f(g(h(x))), each step an ordinary request
 */

#include <fulcra-host/request.h>

G_BEGIN_DECLS

typedef struct {
    const char *name;       /* (nullable): for errors; else its number */
    FulcraRequest *request; /* (transfer full): not issued; its argument
                               `operand` is still to come */
} FulcraChainStep;

/** A step that is a conversion. (transfer full) */
FulcraRequest *fulcra_host_request_new_conversion(
        FulcraRequest *parent, const char *type);

/**
 * fulcra_host_request_chain:
 * @self: the request that the chain answers
 * @operand: (transfer full): not issued: what the first step is given
 * @steps: (array length=n_steps): sub-requests of @self, in the order in which
 *     they are evaluated
 *
 * `return fulcra_host_request_chain(request, ...);` issues the last step, whose
 * operand is the one before, and so on. A step is evaluated when the next one
 * asks for its operand. Where a step says all in its identifier, so does the
 * request of the next, and other chains share it. An error's message begins
 * with the step that failed.
 */
FulcraRepresentation *fulcra_host_request_chain(FulcraRequest *self,
        FulcraRequest *operand, const FulcraChainStep *steps, size_t n_steps,
        GError **error);

G_END_DECLS
