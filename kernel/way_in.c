/* SPDX-License-Identifier: MIT */

/*
 * way_in.c - what a subscription finds behind the overlays
 *
 * Overlays decide anew for each who asks; what is behind them is shared. So the
 * root of a subscription notes the last request of its way in by itself, and
 * leaves what that depended on out of the ledgers of the overlays. That request
 * may end after its root has timed out: the lock of the tree decides.
 */

#include "private/cache.h"
#include "private/follow.h"
#include "private/kernel.h"
#include <fulcra-host/topic.h>

FulcraRequest *
fulcra__request_new_following(FulcraKernel *kernel, const char *front,
        FulcraContext *context, FulcraIdentifier *identifier)
{
    FulcraRequest *self = fulcra_host_request_new_root(
            kernel, front, context, FULCRA_VERB_SOURCE, identifier);

    fulcra_host_request_set_subscription(self);
    self->root->follows = true;
    return self;
}

void
fulcra__request_skip_overlays(FulcraRequest *self)
{
    FulcraRoute *route = g_steal_pointer(&self->route);

    if (route == NULL)
        return;
    self->root->n_overlays = (unsigned)route->n_steps - 1;
    self->endpoint = route->steps[route->n_steps - 1].endpoint;
    self->evaluation = route->steps[route->n_steps - 1].evaluation;
    fulcra__route_unref(route);
}

/* Whether a root that does not pass the overlays would ask the same, and be
 * answered the same. */
static bool
is_plain(const FulcraRequest *self, FulcraRequest *root)
{
    for (FulcraRequest *way = self->parent; way != NULL; way = way->parent)
        if (!way->endpoint->ops.passes_on)
            return false;
    return self->identifier == root->identifier && self->verb == root->verb &&
           self->wanted == root->wanted &&
           self->places == fulcra__request_get_places(root) &&
           self->references == NULL && self->passed == NULL &&
           self->primary == NULL && self->headers != NULL &&
           self->headers->len == root->headers->len;
}

static void
way_in_note(FulcraWayIn *self, FulcraRequest *request)
{
    self->reached = true;
    self->plain = is_plain(request, &request->root->request);
    if (request->error == NULL) {
        self->why_not = fulcra__cache_why_not(request);
        self->why_unknown = fulcra__cache_why_unknown(request);
        self->answer = fulcra_representation_ref(request->answer);
    }
    if (request->context != NULL)
        self->context = fulcra_host_context_ref(request->context);
    self->ledger = fulcra__ledger_ref(request->ledger);
}

void
fulcra__way_in_reached(FulcraRequest *self)
{
    FulcraRoot *root = self->root;

    pthread_mutex_lock(&root->lock);
    if (root->way_in == NULL)
        root->way_in = g_new0(FulcraWayIn, 1);
    if (!root->way_in->reached) /* an overlay may ask twice */
        way_in_note(root->way_in, self);
    else
        root->way_in->plain = false;
    pthread_mutex_unlock(&root->lock);
}

/* What ends late is noted too, and released with the tree. */
FulcraWayIn *
fulcra__way_in_take(FulcraRequest *root)
{
    pthread_mutex_lock(&root->root->lock);
    FulcraWayIn *self = g_steal_pointer(&root->root->way_in);
    pthread_mutex_unlock(&root->root->lock);

    if (self == NULL)
        self = g_new0(FulcraWayIn, 1);
    if (root->ledger == NULL)
        root->ledger = fulcra__ledger_new(); /* it did not even begin */
    if (root->route != NULL)
        self->n_overlays = (unsigned)root->route->n_steps - 1;
    else
        way_in_note(self, root);
    return self;
}

bool
fulcra__request_was_overtaken(
        FulcraRequest *request, const FulcraLedger *ledger)
{
    return request->root->table->generation !=
                   fulcra_host_kernel_get_generation(request->root->kernel) ||
           (ledger != NULL && fulcra__ledger_was_cut(ledger));
}

void
fulcra__way_in_free(FulcraWayIn *self)
{
    if (self == NULL)
        return;
    fulcra_host_context_unref(self->context);
    fulcra__ledger_unref(self->ledger);
    fulcra_representation_unref(self->answer);
    g_free(self);
}
