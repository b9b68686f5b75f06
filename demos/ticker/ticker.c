/* SPDX-License-Identifier: MIT */
/*
 * ticker - prices that change by themselves, and every socket gets them
 *
 * A timer (see module.json) asks for active:tick twice a second. It renders the
 * prices and cuts the key that res:/demo/ticker/prices depends on; each socket
 * follows that resource, and so does nothing here know of any socket.
 * SERIAL: one request at a time, so nothing here needs a lock.
 */

#include <fulcra/fulcra.h>
#include <json-glib/json-glib.h>

#define KEY "ticker:prices"

static const char *const symbols[] = { "ARCH", "BEAM", "CRNK", "GEAR", "LEVR",
    "PIVT" };

static struct {
    int cents[G_N_ELEMENTS(symbols)];
    int change[G_N_ELEMENTS(symbols)];
    FulcraRepresentation *latest;
    int64_t rendered, sent, sockets;
} ticker;

/* What is counted: how often prices were rendered, how often they were sent. */
static GVariant *
list_stats(void)
{
    return g_variant_new_parsed("{'rendered': %x, 'sent': %x, 'sockets': %x}",
            ticker.rendered, ticker.sent, ticker.sockets);
}

static GVariant *
list_prices(void)
{
    GVariantBuilder prices;

    g_variant_builder_init(&prices, G_VARIANT_TYPE("aa{sv}"));
    for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++)
        g_variant_builder_add_parsed(&prices,
                "{'symbol': <%s>, 'cents': <%i>, 'change': <%i>}", symbols[i],
                ticker.cents[i], ticker.change[i]);
    return g_variant_builder_end(&prices);
}

static FulcraRepresentation *
render(GVariant *message)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(message);
    size_t length;
    char *json = json_gvariant_serialize_data(owned, &length);

    return fulcra_representation_new_take(
            FULCRA_TYPE_JSON_TEXT, json, length, g_free);
}

static void
change_prices(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++) {
        ticker.change[i] = g_random_int_range(-99, 100);
        ticker.cents[i] = CLAMP(ticker.cents[i] + ticker.change[i], 100, 99999);
    }
    ticker.rendered++;
    ticker.sent += ticker.sockets;
    g_clear_pointer(&ticker.latest, fulcra_representation_unref);
    ticker.latest = render(g_variant_new_parsed(
            "{'type': <'prices'>, 'at': <%x>, 'prices': <%@aa{sv}>,"
            " 'stats': <%@a{sx}>}",
            g_get_real_time() / 1000, list_prices(), list_stats()));
}

static FulcraRepresentation *
tick_sink(FulcraRequest *request, GError **error)
{
    change_prices();
    fulcra_request_cut_key(request, KEY);
    return NULL;
}

/* What the prices are is the first message that it gets. */
static FulcraRepresentation *
feed_new(FulcraRequest *request, GError **error)
{
    FulcraSocket *socket = fulcra_request_get_socket(request);

    if (socket == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a feed needs a WebSocket to go to");
        return NULL;
    }
    if (!fulcra_socket_subscribe(
                socket, FULCRA_ID("res:/demo/ticker/prices"), NULL, error))
        return NULL;
    ticker.sockets++;
    ticker.sent++;
    return NULL;
}

/* What a client says is not listened to. */
static FulcraRepresentation *
feed_sink(FulcraRequest *request, GError **error)
{
    return NULL;
}

static FulcraRepresentation *
feed_delete(FulcraRequest *request, GError **error)
{
    ticker.sockets--;
    return NULL;
}

static FulcraRepresentation *
prices_source(FulcraRequest *request, GError **error)
{
    fulcra_request_attach_key(request, KEY);
    return fulcra_representation_ref(ticker.latest);
}

static FulcraRepresentation *
stats_source(FulcraRequest *request, GError **error)
{
    return render(list_stats());
}

static const FulcraEndpointOps tick_ops = {
    .size = sizeof(FulcraEndpointOps),
    .sink = tick_sink,
};

static const FulcraEndpointOps feed_ops = {
    .size = sizeof(FulcraEndpointOps),
    .new_resource = feed_new,
    .sink = feed_sink,
    .delete_resource = feed_delete,
};

static const FulcraEndpointOps prices_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = prices_source,
};

static const FulcraEndpointOps stats_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = stats_source,
};

static bool
ticker_load(FulcraModule *module, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++)
        ticker.cents[i] = g_random_int_range(2000, 20000);
    change_prices();
    return fulcra_module_add_endpoint(module, "tick", &tick_ops, NULL, error) &&
           fulcra_module_add_endpoint(module, "feed", &feed_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "prices", &prices_ops, NULL, error) &&
           fulcra_module_add_endpoint(module, "stats", &stats_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("ticker", ticker_load)
