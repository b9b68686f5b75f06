/* SPDX-License-Identifier: MIT */

/*
 * live.c - admin:/live/PATH: the resource admin:/PATH, to be followed
 *
 * What the server says of itself changes all the time and expires at once. Here
 * it holds for a second, so that a subscription is told once a second, where
 * anything has changed.
 */

#include "admin_private.h"

#include <fulcra/identifier.h>

#define HOLDS_US G_USEC_PER_SEC

static void
answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraRequest *request = user_data;

    if (answer == NULL)
        fulcra_request_fail(request, g_error_copy(error));
    else
        fulcra_request_respond(request,
                fulcra_representation_with_expiry(
                        fulcra_representation_ref(answer), FULCRA_EXPIRY_AT,
                        g_get_real_time() + HOLDS_US));
    fulcra_request_unref(request);
}

static FulcraRepresentation *
live_source(FulcraRequest *request, GError **error)
{
    FulcraSlot slots[] = { fulcra_slot_text(
            "path", fulcra_request_get_argument(request, "path")) };
    g_autoptr(FulcraIdentifier) identifier = fulcra_identifier_build(
            FULCRA_GRAMMAR("admin:/{path*}"), slots, 1, error);

    if (identifier == NULL)
        return NULL;
    g_autoptr(FulcraRequest) inner =
            fulcra_request_new(request, FULCRA_VERB_SOURCE, identifier);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    fulcra_request_issue_async(inner, answered, fulcra_request_ref(request));
    return deferred;
}

void
fulcra_admin_bind_live(FulcraSpace *space)
{
    static const FulcraEndpointOps ops = {
        .size = sizeof(FulcraEndpointOps),
        .run = FULCRA_RUN_INLINE,
        .source = live_source,
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("live", &ops, NULL, NULL);

    if (!fulcra_host_space_bind(space, "admin:/live/{path*}",
                1u << FULCRA_VERB_SOURCE, FULCRA_ENTRY_PUBLIC, endpoint,
                &error))
        g_error("%s", error->message);
}
