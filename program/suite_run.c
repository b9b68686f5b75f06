/* SPDX-License-Identifier: MIT */

/*
 * suite_run.c - running a suite, and saying how it went
 *
 * The thread is no event loop, so it waits for each request. Standard output
 * is TAP and nothing else.
 */

#include "suite.h"

#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <stdio.h>

/* --- TAP --- */

/* A line that no reader of TAP takes for more than a name. (transfer full) */
static char *
one_line(const char *name)
{
    g_autofree char *flat = g_strdelimit(g_strdup(name), "\r\n", ' ');
    g_auto(GStrv) parts = g_strsplit(flat, "#", -1);

    return g_strjoinv("\\#", parts);
}

static void
print_result(FulcraTap *self, bool fine, const char *name)
{
    g_autofree char *line = one_line(name);

    self->failed += fine ? 0 : 1;
    printf("%sok %u - %s", fine ? "" : "not ", ++self->count, line);
}

void
fulcra_tap_result(FulcraTap *self, bool fine, const char *name, const char *why)
{
    g_auto(GStrv) lines = g_strsplit(why != NULL ? why : "", "\n", -1);

    print_result(self, fine, name);
    putchar('\n');
    for (size_t i = 0; lines[i] != NULL; i++)
        printf("# %s\n", lines[i]);
}

void
fulcra_tap_skip(FulcraTap *self, const char *name, const char *why)
{
    print_result(self, true, name);
    printf(" # SKIP %s\n", why);
}

/* --- requests --- */

static void
set_headers(FulcraRequest *request, JsonObject *headers)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    if (headers == NULL)
        return;
    json_object_iter_init_ordered(&iter, headers);
    while (json_object_iter_next_ordered(&iter, &name, &value))
        fulcra_request_set_header(
                request, name, json_node_get_string(value), true);
}

static void
add_arguments(FulcraRequest *request, const GArray *arguments)
{
    for (unsigned i = 0; i < arguments->len; i++) {
        const FulcraSuiteArgument *one =
                &g_array_index(arguments, FulcraSuiteArgument, i);

        if (one->identifier != NULL)
            fulcra_request_add_reference(request, one->name, one->identifier);
        else
            fulcra_request_add_value(request, one->name, one->value);
    }
}

/* (transfer full): not issued */
static FulcraRequest *
make_request(FulcraSuite *self, FulcraKernel *kernel,
        const FulcraSuiteRequest *asked)
{
    FulcraRequest *request = fulcra_host_request_new_root(kernel,
            asked->space != NULL ? asked->space : self->space, NULL,
            asked->verb, asked->identifier);

    if (asked->type != NULL)
        fulcra_request_set_wanted_type(request, asked->type);
    if (asked->primary != NULL)
        fulcra_request_set_primary(request, asked->primary);
    add_arguments(request, asked->arguments);
    set_headers(request, asked->headers);
    return request;
}

/* Where the cache has the answer nothing is amiss. */
static const char *
why_unkept(const FulcraExplanation *explanation)
{
    static const char *const kept[] = { "kept", "hit", "shared", NULL };

    if (explanation->cache == NULL)
        return "nothing is kept for this verb, or with kernel.cache 0";
    return g_strv_contains(kept, explanation->cache) ? NULL
                                                     : explanation->cache;
}

static void
ask_and_compare(FulcraSuite *self, FulcraKernel *kernel,
        const FulcraSuiteRequest *asked, const FulcraExpectation *expectation,
        FulcraProblems *differences)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) request = make_request(self, kernel, asked);
    int64_t begin = g_get_monotonic_time();
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, &error);
    int64_t end = g_get_monotonic_time();
    g_autoptr(FulcraExplanation) explanation =
            fulcra_host_request_explain_answer(request);
    g_autofree char *about = fulcra_host_explanation_to_text(explanation);
    FulcraOutcome outcome = {
        .request = asked->node,
        .answer = answer,
        .error = error,
        .took_us = end - begin,
        .for_all = fulcra_host_request_is_for_all(request),
        .unkept = why_unkept(explanation),
        .about = about,
    };

    fulcra_expectation_compare(
            expectation, &outcome, self->document, differences);
}

/* --- suites --- */

static bool
print_differences(FulcraTap *tap, const char *name, FulcraProblems *differences)
{
    bool fine = fulcra_host_problems_count(differences) == 0;
    g_autofree char *why =
            fine ? NULL : fulcra_host_problems_to_text(differences);

    fulcra_tap_result(tap, fine, name, why);
    return fine;
}

/* No tests: only a failure is a line. */
static bool
run_requests(FulcraSuite *self, FulcraKernel *kernel, FulcraTap *tap,
        const GArray *requests, const char *name)
{
    static const FulcraExpectation no_failure = { 0 };
    bool fine = true;

    for (unsigned i = 0; i < requests->len; i++) {
        g_autoptr(FulcraProblems) differences = fulcra_host_problems_new();

        ask_and_compare(self, kernel,
                &g_array_index(requests, FulcraSuiteRequest, i), &no_failure,
                differences);
        if (fulcra_host_problems_count(differences) > 0)
            fine = print_differences(tap, name, differences);
    }
    return fine;
}

static void
run_test(FulcraSuite *self, FulcraKernel *kernel, FulcraTap *tap,
        const FulcraSuiteTest *test)
{
    g_autoptr(FulcraProblems) differences = fulcra_host_problems_new();

    ask_and_compare(
            self, kernel, &test->request, &test->expectation, differences);
    print_differences(tap, test->name, differences);
}

void
fulcra_suite_run(FulcraSuite *self, FulcraKernel *kernel, FulcraTap *tap)
{
    bool ready = run_requests(self, kernel, tap, self->setup, "setup");

    for (unsigned i = 0; i < self->tests->len; i++) {
        const FulcraSuiteTest *test =
                &g_array_index(self->tests, FulcraSuiteTest, i);

        if (ready)
            run_test(self, kernel, tap, test);
        else
            fulcra_tap_skip(tap, test->name, "the setup failed");
    }
    run_requests(self, kernel, tap, self->teardown, "teardown");
}
