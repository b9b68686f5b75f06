/* SPDX-License-Identifier: MIT */

/*
 * request.c - fulcra request: load, ask once, print, exit
 *
 * The main thread is no event loop, so it waits. Trace records come from
 * whatever thread a request ends on; they are printed when all threads have
 * gone.
 */

#include "client/client.h"
#include "setup.h"
#include <fulcra-host/identifier.h>
#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

#include <stdio.h>
#include <string.h>

/* --- the tree of requests --- */

typedef struct {
    pthread_mutex_t lock; /* over records while threads run */
    GPtrArray *records;   /* of Record */
} Tree;

typedef struct {
    FulcraTraceRecord record;
    char *identifier, *endpoint, *space, *error, *explanation;
    const char *cache;
} Record;

static void
record_free(void *data)
{
    Record *self = data;

    g_free(self->identifier);
    g_free(self->endpoint);
    g_free(self->space);
    g_free(self->error);
    g_free(self->explanation);
    g_free(self);
}

static void
tree_add(const FulcraTraceRecord *record, void *user_data)
{
    Tree *tree = user_data;
    Record *kept = g_new0(Record, 1);

    kept->record = *record;
    kept->identifier = g_strdup(record->identifier);
    kept->endpoint = g_strdup(record->endpoint);
    kept->space = g_strdup(record->space);
    kept->error = g_strdup(record->error);
    kept->cache = record->cache;
    kept->explanation = fulcra_host_explanation_to_text(record->explanation);
    pthread_mutex_lock(&tree->lock);
    g_ptr_array_add(tree->records, kept);
    pthread_mutex_unlock(&tree->lock);
}

static int
compare_order(const void *a, const void *b)
{
    const Record *first = *(Record *const *)a, *second = *(Record *const *)b;

    return (first->record.order > second->record.order) -
           (first->record.order < second->record.order);
}

static void
tree_print(Tree *tree)
{
    g_ptr_array_sort(tree->records, compare_order);
    for (unsigned i = 0; i < tree->records->len; i++) {
        const Record *one = tree->records->pdata[i];
        double us =
                (double)(one->record.ended_ns - one->record.started_ns) / 1000;

        fprintf(stderr, "%*s%s %s  %.1f us", (int)(2 * one->record.depth), "",
                fulcra_verb_to_string(one->record.verb), one->identifier, us);
        if (one->endpoint != NULL)
            fprintf(stderr, "  by %s", one->endpoint);
        if (one->space != NULL)
            fprintf(stderr, " in %s", one->space);
        if (one->cache != NULL)
            fprintf(stderr, "  cache: %s", one->cache);
        fprintf(stderr, "%s%s\n", one->error ? "  failed: " : "",
                one->error ? one->error : "");
        if (*one->explanation != '\0')
            fprintf(stderr, "%*s  (%s)\n", (int)(2 * one->record.depth), "",
                    one->explanation);
    }
}

static void
tree_clear(Tree *tree)
{
    g_ptr_array_unref(tree->records);
    pthread_mutex_destroy(&tree->lock);
}

/* --- the answer --- */

static void
print_bytes(const void *bytes, size_t length)
{
    const char *text = bytes;

    fwrite(bytes, 1, length, stdout);
    if (length > 0 && text[length - 1] != '\n')
        putchar('\n');
}

static void
print_answer(FulcraRepresentation *answer)
{
    size_t length;
    const void *bytes = fulcra_representation_get_bytes(answer, &length);
    const char *const *strings = NULL;

    if (bytes != NULL) {
        print_bytes(bytes, length);
    } else if (fulcra_representation_has_type(answer, FULCRA_TYPE_JSON)) {
        g_autofree char *text =
                json_to_string(fulcra_representation_get_json(answer), TRUE);
        printf("%s\n", text);
    } else if (fulcra_representation_has_type(answer, FULCRA_TYPE_STRINGS)) {
        for (strings = fulcra_representation_get_strings(answer);
                *strings != NULL; strings++)
            printf("%s\n", *strings);
    } else if (!fulcra_representation_has_type(answer, FULCRA_TYPE_NONE)) {
        printf("(of type %s: cannot be printed)\n",
                fulcra_representation_get_type(answer));
    }
}

static void
print_error(const GError *error)
{
    const char *trace = fulcra_error_get_trace(error);
    const char *stack = fulcra_error_get_stack(error);

    fulcra_complain("%s", error->message);
    if (trace != NULL)
        fprintf(stderr, "%s\n", trace);
    else if (stack != NULL)
        fprintf(stderr, "%s\n", stack);
}

/* --- asking --- */

static bool
parse_verb(const char *name, FulcraVerb *verb)
{
    for (unsigned i = 0; i < FULCRA_N_VERBS; i++) {
        if (g_ascii_strcasecmp(name, fulcra_verb_to_string((FulcraVerb)i)) ==
                0) {
            *verb = (FulcraVerb)i;
            return true;
        }
    }
    return false;
}

static FulcraRepresentation *
ask(FulcraKernel *kernel, FulcraOptions *options, FulcraVerb verb,
        FulcraIdentifier *identifier, Tree *tree, GError **error)
{
    const char *type = fulcra_options_get(options, "type");
    const char *primary = fulcra_options_get(options, "primary");
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            kernel, FULCRA_SPACE_FRONT, NULL, verb, identifier);

    if (type != NULL)
        fulcra_request_set_wanted_type(request, fulcra_intern(type));
    if (primary != NULL) {
        g_autoptr(FulcraRepresentation) value =
                fulcra_representation_new_text(primary);
        fulcra_request_set_primary(request, value);
    }
    if (fulcra_options_has(options, "trace"))
        fulcra_host_request_add_tracer(request, tree_add, tree, NULL);
    return fulcra_request_issue(request, error);
}

static bool
load_and_ask(FulcraKernel *kernel, FulcraLoader *loader,
        const FulcraSettings *settings, FulcraOptions *options, FulcraVerb verb,
        FulcraIdentifier *identifier, Tree *tree)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRepresentation) answer = NULL;

    if (!fulcra_setup_scan(loader, settings, &error) ||
            !fulcra_host_loader_load_all(loader, &error)) {
        fulcra_complain("%s", error->message);
        return false;
    }
    answer = ask(kernel, options, verb, identifier, tree, &error);
    if (answer == NULL) {
        print_error(error);
        return false;
    }
    print_answer(answer);
    return true;
}

static int
request_once(FulcraOptions *options, const FulcraSettings *settings,
        FulcraVerb verb, FulcraIdentifier *identifier)
{
    Tree tree = { .records = g_ptr_array_new_with_free_func(record_free) };

    pthread_mutex_init(&tree.lock, NULL);
    fulcra_setup_log(settings);
    FulcraKernel *kernel = fulcra_setup_kernel(settings);
    FulcraLoader *loader = fulcra_setup_loader(kernel, settings, NULL, NULL);
    bool fine = load_and_ask(
            kernel, loader, settings, options, verb, identifier, &tree);

    fulcra_host_loader_free(loader);
    fulcra_host_kernel_free(kernel);
    fflush(stdout);
    tree_print(&tree);
    tree_clear(&tree);
    return fine ? FULCRA_EXIT_FINE : FULCRA_EXIT_FAILED;
}

static bool
is_for_a_server(const FulcraOptions *options)
{
    return fulcra_options_has(options, "live") ||
           fulcra_options_has(options, "socket") ||
           fulcra_options_has(options, "json");
}

static int
request(FulcraOptions *options)
{
    const char *text = fulcra_options_get_operands(options)[0];
    const char *name = fulcra_options_get(options, "verb");
    FulcraVerb verb = FULCRA_VERB_SOURCE;
    g_autoptr(GError) error = NULL;

    if (is_for_a_server(options))
        return fulcra_client_request(options);
    if (name != NULL && !parse_verb(name, &verb)) {
        fulcra_complain("request: no verb '%s'; SOURCE, SINK, NEW, DELETE, "
                        "EXISTS and META would be right",
                name);
        return FULCRA_EXIT_USAGE;
    }
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, &error);
    if (identifier == NULL) {
        fulcra_complain("request: %s", error->message);
        return FULCRA_EXIT_USAGE;
    }
    g_autoptr(FulcraSettings) settings =
            fulcra_options_load_settings(options, &error);
    if (settings == NULL) {
        fulcra_complain("%s", error->message);
        return FULCRA_EXIT_FAILED;
    }
    return request_once(options, settings, verb, identifier);
}

static const FulcraOption request_options[] = {
    { "verb", "VERB", "SOURCE (the default), SINK, NEW, DELETE, EXISTS, META" },
    { "type", "TYPE", "the type that the answer shall have" },
    { "primary", "TEXT", "the primary argument of SINK and NEW" },
    { "live", NULL,
            "ask in a running server, and load nothing; so do --socket and "
            "--json" },
    { "trace", NULL,
            "say on standard error which requests were made, and how long "
            "each took" },
    { NULL },
};

const FulcraCommand fulcra_command_request = {
    .name = "request",
    .operands = "IDENTIFIER",
    .min_operands = 1,
    .max_operands = 1,
    .settings = FULCRA_FOR_REQUEST,
    .admin = true,
    .options = request_options,
    .summary = "Load modules, or go to a server, and ask for one resource.",
    .text = "The request is resolved as if it came by HTTP: in the space that "
            "imports all\nthat is public and attached to the front.",
    .run = request,
};
