/* SPDX-License-Identifier: MIT */

/*
 * crowd - one slow resource that everybody follows
 *
 * price   SOURCE res:/crowd/price: how often it was changed; takes 200 ms
 * change  SOURCE res:/crowd/change/{n}: changes it so often, as fast as can be
 * count   SOURCE res:/crowd/count: how often it was evaluated
 * socket  ws:/crowd: follows the price
 */

#include <fulcra/fulcra.h>
#include <stdatomic.h>
#include <stdlib.h>

#define KEY "crowd:price"

static atomic_int changes, evaluations;

static FulcraRepresentation *
always(FulcraRepresentation *answer)
{
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
price_source(FulcraRequest *request, GError **error)
{
    int now = atomic_load(&changes);

    (void)error;
    fulcra_request_attach_key(request, KEY);
    atomic_fetch_add(&evaluations, 1);
    g_usleep(200000);
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%d", now);
}

static FulcraRepresentation *
change_source(FulcraRequest *request, GError **error)
{
    int n = atoi(fulcra_request_get_argument(request, "n"));

    (void)error;
    while (n-- > 0) {
        atomic_fetch_add(&changes, 1);
        fulcra_request_cut_key(request, KEY);
    }
    return always(fulcra_representation_new_text("changed"));
}

static FulcraRepresentation *
count_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return always(fulcra_representation_new_int(atomic_load(&evaluations)));
}

static FulcraRepresentation *
socket_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) price =
            fulcra_representation_new_identifier(FULCRA_ID("res:/crowd/price"));

    fulcra_request_sink(
            request, FULCRA_ID("wsResponse:/subscribe"), price, error);
    return NULL;
}

#define SOURCE(function)                                                       \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_CONCURRENT,       \
        .source = function                                                     \
    }
static const FulcraEndpointOps price_ops = SOURCE(price_source);
static const FulcraEndpointOps change_ops = SOURCE(change_source);
static const FulcraEndpointOps count_ops = SOURCE(count_source);
static const FulcraEndpointOps socket_ops = { .size = sizeof(FulcraEndpointOps),
    .new_resource = socket_new };

static bool
crowd_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(
                   module, "price", &price_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "change", &change_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "count", &count_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "socket", &socket_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("crowd", crowd_load)
