/* SPDX-License-Identifier: MIT */
/*
 * board - prices that take long to compute, once for all who look
 *
 * The views, f(g(prices)), are chains in module.json: the kernel keeps what
 * each step answers until the key `board:prices` is cut, which is what setting
 * a price does, and then sends those who follow a view what it has become.
 * Many threads may be here at a time: what changes is atomic.
 */

#include <fulcra/fulcra.h>
#include <json-glib/json-glib.h>
#include <stdatomic.h>
#include <string.h>

#define TAKES_US   (200 * 1000)
#define TOP        10
#define MOST_ALONE 256 /* sockets; with more, all answers are shared */

static const char *const symbols[] = { "ANVL", "AXLE", "BEAM", "BOLT", "CABL",
    "CLMP", "CRNK", "FLYW", "FORG", "GEAR", "HNGE", "JACK", "LEVR", "PIVT",
    "PULY", "RACK", "SCRW", "SHFT", "VALV", "WDGE" };
static atomic_int cents[G_N_ELEMENTS(symbols)], sockets, computed;
static atomic_bool alone;

static bool
is_shared(void)
{
    return !atomic_load(&alone) || atomic_load(&sockets) > MOST_ALONE;
}

static FulcraRepresentation *
new_object(JsonObject *object)
{
    JsonNode *node = json_node_init_object(json_node_alloc(), object);

    json_object_unref(object);
    return fulcra_representation_new_json(node);
}

/* An answer is shared by those for whom all that it looked at is the same: to
 * look at one's socket is to compute for this one alone. */
static FulcraRepresentation *
prices_source(FulcraRequest *request, GError **error)
{
    JsonObject *prices = json_object_new();

    if (!is_shared())
        fulcra_request_get_socket(request);
    fulcra_request_attach_key(request, "board:prices");
    for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++)
        json_object_set_int_member(prices, symbols[i], atomic_load(&cents[i]));
    g_usleep(TAKES_US); /* markets are complicated */
    atomic_fetch_add(&computed, 1);
    fulcra_request_cut_key(request, "board:stats");
    return fulcra_representation_with_expiry(
            new_object(prices), FULCRA_EXPIRY_NEVER, 0);
}

static int
compare(const void *a, const void *b, void *prices)
{
    int64_t one = json_object_get_int_member(prices, a);
    int64_t other = json_object_get_int_member(prices, b);

    return one < other ? 1 : one > other ? -1 : 0; /* a stable sort */
}

static FulcraRepresentation *
top_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) operand = fulcra_request_source_argument(
            request, "operand", FULCRA_TYPE_JSON, error);
    JsonObject *prices, *top;
    g_autoptr(GList) names = NULL;

    if (operand == NULL)
        return NULL;
    prices = json_node_get_object(fulcra_representation_get_json(operand));
    names = g_list_sort_with_data(
            json_object_get_members(prices), compare, prices);
    top = json_object_new();
    for (GList *at = names; at && json_object_get_size(top) < TOP;
            at = at->next)
        json_object_set_int_member(
                top, at->data, json_object_get_int_member(prices, at->data));
    return new_object(top);
}

static FulcraRepresentation *
price_sink(FulcraRequest *request, GError **error)
{
    const char *symbol = fulcra_request_get_argument(request, "symbol");
    g_autoptr(FulcraRepresentation) text =
            fulcra_request_source_primary(request, FULCRA_TYPE_TEXT, error);
    int64_t price;
    size_t i = 0;

    if (text == NULL)
        return NULL;
    while (i < G_N_ELEMENTS(symbols) && strcmp(symbols[i], symbol) != 0)
        i++;
    if (i < G_N_ELEMENTS(symbols) &&
            g_ascii_string_to_signed(fulcra_representation_get_text(text), 10,
                    1, 9999999, &price, NULL)) {
        atomic_store(&cents[i], (int)price);
        fulcra_request_cut_key(request, "board:prices");
    } else {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a price is a stock there is, and cents from 1 to 9999999");
    }
    return NULL;
}

static FulcraRepresentation *
sharing_sink(FulcraRequest *request, GError **error)
{
    static const char *const keys[] = { "board:prices", "board:stats", NULL };
    g_autoptr(FulcraRepresentation) text =
            fulcra_request_source_primary(request, FULCRA_TYPE_TEXT, error);

    if (text == NULL)
        return NULL;
    atomic_store(
            &alone, strcmp(fulcra_representation_get_text(text), "off") == 0);
    fulcra_request_cut_keys(request, keys);
    return NULL;
}

static FulcraRepresentation *
stats_source(FulcraRequest *request, GError **error)
{
    fulcra_request_attach_key(request, "board:stats");
    return fulcra_representation_new_printf(FULCRA_TYPE_JSON_TEXT,
            "{\"computed\":%d,\"sockets\":%d,\"shared\":%s}",
            atomic_load(&computed), atomic_load(&sockets),
            is_shared() ? "true" : "false");
}

static FulcraRepresentation *
view_new(FulcraRequest *request, GError **error)
{
    FulcraSocket *socket = fulcra_request_get_socket(request);
    FulcraIdentifier *view =
            fulcra_request_get_argument_identifier(request, "view");

    if (socket == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a view is for a WebSocket to follow");
    else if (fulcra_socket_subscribe(socket, view, NULL, error)) {
        atomic_fetch_add(&sockets, 1);
        fulcra_request_cut_key(request, "board:stats");
    }
    return NULL;
}

static FulcraRepresentation *
view_delete(FulcraRequest *request, GError **error)
{
    atomic_fetch_sub(&sockets, 1);
    fulcra_request_cut_key(request, "board:stats");
    return NULL;
}

static const struct {
    const char *id;
    FulcraEndpointOps ops;
} endpoints[] = {
#define OPS(where, ...)                                                        \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = where, __VA_ARGS__           \
    }
    { "prices", OPS(FULCRA_RUN_CONCURRENT, .source = prices_source) },
    { "top", OPS(FULCRA_RUN_CONCURRENT, .source = top_source) },
    { "price", OPS(FULCRA_RUN_INLINE, .sink = price_sink) },
    { "sharing", OPS(FULCRA_RUN_INLINE, .sink = sharing_sink) },
    { "stats", OPS(FULCRA_RUN_INLINE, .source = stats_source) },
    { "view", OPS(FULCRA_RUN_INLINE, .new_resource = view_new,
                      .delete_resource = view_delete) },
};

static bool
board_load(FulcraModule *module, GError **error)
{
    bool ok = true;

    for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++)
        atomic_init(&cents[i], 2000 + 850 * (int)(i * 7 % 20));
    for (size_t i = 0; ok && i < G_N_ELEMENTS(endpoints); i++)
        ok = fulcra_module_add_endpoint(
                module, endpoints[i].id, &endpoints[i].ops, NULL, error);
    return ok;
}

FULCRA_MODULE_DEFINE("board", board_load)
