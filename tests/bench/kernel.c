/* SPDX-License-Identifier: MIT */

/*
 * kernel.c - what the kernel's own operations cost, one thread, no transport
 *
 *     kernel [-t SECONDS] [-n ITERATIONS] [NAME]...
 *
 * Four spaces of twenty endpoints each: three are imported by the fourth. What
 * is asked for is answered by the very last, so that resolution asks eighty.
 * Prints a line of JSON for each case: CPU nanoseconds of one operation, in
 * the best batch and in the median one.
 */

#include "fulcrum.h"
#include "measure.h"

#include <fulcra-host/grammar.h>
#include <fulcra-host/identifier.h>
#include <fulcra-host/kernel.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/fulcra.h>
#include <stdio.h>

#define FRONT       "urn:bench:front"
#define N_SPACES    4
#define N_ENDPOINTS 20
#define N_MISSES    65536
#define CACHE_BYTES ((size_t)1 << 20) /* so that misses never fit in */

static FulcraKernel *kernel;
static FulcraSpace *spaces[N_SPACES];
static FulcraRepresentation *never, *always;
static FulcraIdentifier *last; /* what the last endpoint answers */
static FulcraIdentifier *misses[N_MISSES];

static void
check(const void *result, const GError *error)
{
    if (result == NULL)
        g_error("%s", error == NULL ? "no result" : error->message);
}

/* --- the endpoints --- */

static FulcraRepresentation *
always_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_ref(always);
}

static FulcraRepresentation *
always_sink(FulcraRequest *request, GError **error)
{
    return NULL;
}

static FulcraRepresentation *
never_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_ref(never);
}

/* What a chain begins with. */
static FulcraRepresentation *
keyed_source(FulcraRequest *request, GError **error)
{
    fulcra_request_attach_key(request, "bench");
    return fulcra_representation_ref(never);
}

static FulcraRepresentation *
step_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(
            request, FULCRA_ID("arg:operand"), FULCRA_TYPE_TEXT, error);
}

/* Runs a case in the place of an endpoint's code. */
typedef void (*Inside)(FulcraRequest *request, unsigned n);
static Inside inside;
static unsigned inside_n;

static FulcraRepresentation *
inside_source(FulcraRequest *request, GError **error)
{
    inside(request, inside_n);
    return fulcra_representation_ref(always);
}

#define OPS(function)                                                          \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_INLINE,           \
        .source = function                                                     \
    }
static const FulcraEndpointOps last_ops = { .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = always_source,
    .sink = always_sink };
static const FulcraEndpointOps never_ops = OPS(never_source);
static const FulcraEndpointOps keyed_ops = OPS(keyed_source);
static const FulcraEndpointOps step_ops = OPS(step_source);
static const FulcraEndpointOps inside_ops = OPS(inside_source);

static void
bind(FulcraSpace *space, const char *grammar, const FulcraEndpointOps *ops)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(grammar, ops, NULL, NULL);

    if (!fulcra_host_space_bind(space, grammar, FULCRA_VERBS_ALL,
                FULCRA_ENTRY_PUBLIC, endpoint, &error))
        g_error("%s: %s", grammar, error->message);
}

static FulcraSpace *
make_space(int index)
{
    static const struct {
        const char *grammar;
        const FulcraEndpointOps *ops;
    } particular[] = {
        { "res:/kept/{name}", &never_ops },
        { "res:/keyed", &keyed_ops },
        { "active:f+operand@{}", &step_ops },
        { "active:g+operand@{}", &step_ops },
        { "active:h+operand@{}", &step_ops },
        { "res:/inside", &inside_ops },
    };
    g_autofree char *uri = g_strdup_printf("urn:bench:%d", index);
    FulcraSpace *space = fulcra_host_space_new(index == 0 ? FRONT : uri);
    int n = 0;

    for (; index == 0 && n < (int)G_N_ELEMENTS(particular); n++)
        bind(space, particular[n].grammar, particular[n].ops);
    for (; n < N_ENDPOINTS; n++) {
        g_autofree char *grammar =
                g_strdup_printf("res:/space-%d/endpoint-%d/{id}", index, n);

        bind(space, grammar, &last_ops);
    }
    for (int i = 1; index == 0 && i < N_SPACES; i++) {
        g_autofree char *imported = g_strdup_printf("urn:bench:%d", i);

        fulcra_host_space_import(space, imported, FULCRA_ENTRY_PUBLIC);
    }
    return fulcra_host_space_seal(space);
}

/* --- roots --- */

static FulcraRequest *
root_new(FulcraVerb verb, FulcraIdentifier *identifier)
{
    return fulcra_host_request_new_root(kernel, FRONT, NULL, verb, identifier);
}

static void
root_ask(FulcraVerb verb, FulcraIdentifier *identifier)
{
    g_autoptr(GError) error = NULL;
    FulcraRequest *request = root_new(verb, identifier);
    FulcraRepresentation *answer = fulcra_request_issue(request, &error);

    check(answer, error);
    fulcra_representation_unref(answer);
    fulcra_request_unref(request);
}

static void
run_inside(Inside function, unsigned n)
{
    inside = function;
    inside_n = n;
    root_ask(FULCRA_VERB_SOURCE, FULCRA_ID("res:/inside"));
}

/* As a module asks. */
static void
ask(FulcraRequest *request, FulcraIdentifier *identifier)
{
    g_autoptr(GError) error = NULL;
    FulcraRepresentation *answer =
            fulcra_request_source(request, identifier, NULL, &error);

    check(answer, error);
    fulcra_representation_unref(answer);
}

/* --- the cases --- */

static void
run_request(unsigned n)
{
    while (n-- > 0)
        fulcra_request_unref(root_new(FULCRA_VERB_SOURCE, last));
}

static void
run_resolve(unsigned n)
{
    while (n-- > 0) {
        g_autoptr(GError) error = NULL;
        FulcraRequest *request = root_new(FULCRA_VERB_SINK, last);
        FulcraResolution *found = fulcra_host_request_resolve(request, &error);

        check(found, error);
        fulcra_host_resolution_unref(found);
        fulcra_request_unref(request);
    }
}

static void
inside_dispatch(FulcraRequest *request, unsigned n)
{
    while (n-- > 0)
        ask(request, last);
}

static void
run_dispatch(unsigned n)
{
    run_inside(inside_dispatch, n);
}

static void
run_dispatch_root(unsigned n)
{
    while (n-- > 0)
        root_ask(FULCRA_VERB_SOURCE, last);
}

static void
run_dispatch_sink(unsigned n)
{
    while (n-- > 0)
        root_ask(FULCRA_VERB_SINK, last);
}

static void
inside_hit(FulcraRequest *request, unsigned n)
{
    while (n-- > 0)
        ask(request, FULCRA_ID("res:/kept/x"));
}

static void
run_hit(unsigned n)
{
    run_inside(inside_hit, n);
}

static void
run_hit_root(unsigned n)
{
    while (n-- > 0)
        root_ask(FULCRA_VERB_SOURCE, FULCRA_ID("res:/kept/x"));
}

/* Each evaluates. There is no room, and nobody asked before. */
static void
inside_miss(FulcraRequest *request, unsigned n)
{
    static unsigned next;

    while (n-- > 0)
        ask(request, misses[next++ % N_MISSES]);
}

/* The second time it is kept, and another gives room. */
static void
inside_miss_twice(FulcraRequest *request, unsigned n)
{
    static unsigned next;

    for (; n-- > 0; next++) {
        ask(request, misses[next % N_MISSES]);
        ask(request, misses[next % N_MISSES]);
    }
}

static void
make_misses(void)
{
    for (int i = 0; i < N_MISSES; i++) {
        g_autofree char *text = g_strdup_printf("res:/kept/%d", i);

        misses[i] = fulcra_host_identifier_parse(text, NULL);
    }
}

/* So that there is no room. */
static void
fill_cache(void)
{
    make_misses();
    run_inside(inside_miss, N_MISSES);
}

static void
run_miss(unsigned n)
{
    run_inside(inside_miss, n);
}

static void
run_miss_twice(unsigned n)
{
    run_inside(inside_miss_twice, n);
}

static FulcraIdentifier *
chain(void)
{
    return FULCRA_ID("active:chain+operand@res:/keyed"
                     "+step@active:h+step@active:g+step@active:f");
}

static void
inside_chain_warm(FulcraRequest *request, unsigned n)
{
    while (n-- > 0)
        ask(request, chain());
}

static void
run_chain_warm(unsigned n)
{
    run_inside(inside_chain_warm, n);
}

static void
inside_chain_cold(FulcraRequest *request, unsigned n)
{
    while (n-- > 0) {
        fulcra_request_cut_key(request, "bench");
        ask(request, chain());
    }
}

static void
run_chain_cold(unsigned n)
{
    run_inside(inside_chain_cold, n);
}

static void
match(const char *text, FulcraIdentifier *identifier, unsigned n)
{
    g_autoptr(FulcraGrammar) grammar = fulcra_host_grammar_new(text, NULL);
    bool limited;

    while (n-- > 0)
        if (!fulcra_host_grammar_matches(grammar, identifier, &limited))
            g_error("%s does not match", text);
}

static void
run_match_simple(unsigned n)
{
    match("res:/space-3/endpoint-19/{id}", last, n);
}

static void
run_match_active(unsigned n)
{
    match("active:render+operand@{}+title@{}?",
            FULCRA_ID("active:render+operand@res:/x+title@Hello"), n);
}

static void
run_match_pattern(unsigned n)
{
    match("res:/stock/{id:[0-9]+}", FULCRA_ID("res:/stock/4711"), n);
}

static void
run_build(unsigned n)
{
    FulcraSlot slots[] = { fulcra_slot_text("market", "Frankfurt"),
        fulcra_slot_text("symbol", "ACME") };

    while (n-- > 0) {
        g_autoptr(GError) error = NULL;
        FulcraIdentifier *built = fulcra_identifier_build(
                FULCRA_GRAMMAR("res:/stock/{market}/{symbol}"), slots,
                G_N_ELEMENTS(slots), &error);

        check(built, error);
        fulcra_identifier_unref(built);
    }
}

static const MeasureCase cases[] = {
    { "request", "a root request, not issued", run_request, NULL },
    { "resolve", "and resolved: 4 spaces of 20 endpoints, the last",
            run_resolve, NULL },
    { "dispatch", "a sub-request resolved so and run, SOURCE, not kept",
            run_dispatch, NULL },
    { "dispatch-root", "the same, a root request", run_dispatch_root, NULL },
    { "dispatch-sink", "the same, SINK", run_dispatch_sink, NULL },
    { "hit", "SOURCE by a module, in the cache", run_hit, NULL },
    { "hit-root", "the same, a root request", run_hit_root, NULL },
    { "miss", "SOURCE, evaluated and turned away: no room", run_miss, NULL },
    { "miss-twice", "the same twice: then it is kept, and another evicted",
            run_miss_twice, NULL },
    { "chain-warm", "active:chain of three, in the cache", run_chain_warm,
            NULL },
    { "chain-cold", "active:chain of three, all of it cut before",
            run_chain_cold, NULL },
    { "match-simple", "a grammar with one slot", run_match_simple, NULL },
    { "match-active", "a grammar with two arguments", run_match_active, NULL },
    { "match-pattern", "a grammar with a regular expression", run_match_pattern,
            NULL },
    { "build", "an identifier with two slots", run_build, NULL },
    { "fulcrum", "a WebSocket's fulcrum, made, registered, released",
            bench_fulcrum_run, bench_fulcrum_hold },
};

static void
open_kernel(void)
{
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;

    limits.timeout_ms = 3600 * 1000;
    limits.cache_bytes = CACHE_BYTES;
    kernel = fulcra_host_kernel_new(&limits);
    always = fulcra_representation_with_expiry(
            fulcra_representation_new_text("x"), FULCRA_EXPIRY_ALWAYS, 0);
    never = fulcra_representation_with_expiry(
            fulcra_representation_new_text("x"), FULCRA_EXPIRY_NEVER, 0);
    for (int i = 0; i < N_SPACES; i++)
        spaces[i] = make_space(i);
    fulcra_host_kernel_publish(kernel, spaces, N_SPACES, NULL);
    last = fulcra_host_identifier_parse("res:/space-3/endpoint-19/7", NULL);
    bench_fulcrum_open(kernel, FRONT);
}

static void
close_kernel(void)
{
    bench_fulcrum_close();
    for (int i = 0; misses[0] != NULL && i < N_MISSES; i++)
        fulcra_identifier_unref(misses[i]);
    fulcra_identifier_unref(last);
    fulcra_host_kernel_free(kernel);
    bench_fulcrum_free();
    for (int i = 0; i < N_SPACES; i++)
        fulcra_host_space_unref(spaces[i]);
    fulcra_representation_unref(never);
    fulcra_representation_unref(always);
}

int
main(int argc, char **argv)
{
    MeasureOptions options;

    measure_options(&options, argc, argv, cases, G_N_ELEMENTS(cases));
    open_kernel();
    if (measure_is_wanted(&options, "miss") ||
            measure_is_wanted(&options, "miss-twice"))
        fill_cache();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        if (measure_is_wanted(&options, cases[i].name))
            measure_case(&options, &cases[i]);
    close_kernel();
    return 0;
}
