/* SPDX-License-Identifier: MIT */

/*
 * Looking: what is published, and each step of a resolution
 */

#include "kernel-fixture.h"
#include <fulcra-host/inspect.h>
#include <string.h>

static FulcraRepresentation *
yes(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_bool(true);
}

static const FulcraEndpointOps ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = yes,
};

static void
bind(FulcraSpace *space, const char *grammar, FulcraVisibility visibility)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("yes", &ops, NULL, NULL);

    fulcra_host_endpoint_set_module(endpoint, "urn:test:module");
    fulcra_host_space_bind(
            space, grammar, FULCRA_VERBS_ALL, visibility, endpoint, &error);
    g_assert_no_error(error);
}

/* A front that imports "urn:test:more" and something that is not there. */
static FulcraKernel *
make_kernel(void)
{
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    FulcraSpace *spaces[] = { fulcra_host_space_new(FRONT),
        fulcra_host_space_new("urn:test:more") };

    bind(spaces[0], "res:/a", FULCRA_ENTRY_PUBLIC);
    fulcra_host_space_import(spaces[0], "urn:test:none", FULCRA_ENTRY_PUBLIC);
    fulcra_host_space_import(spaces[0], "urn:test:more", FULCRA_ENTRY_PUBLIC);
    bind(spaces[1], "res:/b", FULCRA_ENTRY_PRIVATE);
    bind(spaces[1], "res:/b", FULCRA_ENTRY_PUBLIC);
    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++)
        fulcra_host_space_seal(spaces[i]);
    fulcra_host_kernel_publish(kernel, spaces, G_N_ELEMENTS(spaces), NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++)
        fulcra_host_space_unref(spaces[i]);
    return kernel;
}

static void
append_step(const FulcraStep *step, void *user_data)
{
    g_string_append_printf(user_data, "%u %s %s %s %s\n", step->depth,
            fulcra_host_step_kind_to_string(step->kind), step->name,
            step->detail ? step->detail : "-",
            step->answers  ? "answers"
            : step->reason ? step->reason
                           : "-");
}

static bool
explain(FulcraKernel *kernel, FulcraVerb verb, const char *text, GString *steps)
{
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, NULL);
    g_autoptr(FulcraRequest) request =
            fulcra_host_request_new_root(kernel, FRONT, NULL, verb, identifier);

    g_string_truncate(steps, 0);
    return fulcra_host_request_explain(request, append_step, steps);
}

static void
test_explain(void)
{
    FulcraKernel *kernel = make_kernel();
    g_autoptr(GString) steps = g_string_new(NULL);

    g_assert_true(explain(kernel, FULCRA_VERB_SOURCE, "res:/b", steps));
    g_assert_cmpstr(steps->str, ==,
            "0 space urn:test:front - -\n"
            "0 endpoint yes res:/a prefix differs\n"
            "0 import urn:test:none - no such space is published\n"
            "0 import urn:test:more - -\n"
            "1 endpoint yes - private\n"
            "1 endpoint yes res:/b answers\n");
    g_assert_false(explain(kernel, FULCRA_VERB_SINK, "res:/a", steps));
    g_assert_nonnull(strstr(
            steps->str, "yes res:/a matches, but does not answer SINK\n"));
    fulcra_host_kernel_free(kernel);
}

static void
test_spaces(void)
{
    FulcraKernel *kernel = make_kernel();
    g_autoptr(GPtrArray) spaces = fulcra_host_kernel_list_spaces(kernel);
    FulcraEntryInfo info;

    g_assert_cmpuint(spaces->len, ==, 2);
    g_assert_cmpstr(
            fulcra_host_space_get_uri(spaces->pdata[0]), ==, "urn:test:front");
    g_assert_cmpuint(fulcra_host_space_get_n_entries(spaces->pdata[0]), ==, 3);
    fulcra_host_space_get_entry(spaces->pdata[0], 1, &info);
    g_assert_cmpstr(info.kind, ==, "import");
    g_assert_cmpstr(info.uri, ==, "urn:test:none");
    fulcra_host_space_get_entry(spaces->pdata[1], 0, &info);
    g_assert_cmpstr(info.kind, ==, "endpoint");
    g_assert_cmpstr(info.grammar, ==, "res:/b");
    g_assert_cmpstr(info.module, ==, "urn:test:module");
    g_assert_true(info.private_);
    g_assert_cmpuint(info.verbs, ==,
            1u << FULCRA_VERB_SOURCE | 1u << FULCRA_VERB_EXISTS);
    fulcra_host_kernel_free(kernel);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inspect/explain", test_explain);
    g_test_add_func("/inspect/spaces", test_spaces);
    return g_test_run();
}
