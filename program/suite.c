/* SPDX-License-Identifier: MIT */

/*
 * suite.c - from tests.json to requests and expectations
 *
 * All that is wrong is reported at once. What points into the document lives
 * as long as it does.
 */

#include "suite.h"

#include <fulcra-host/identifier.h>
#include <fulcra-host/loader.h>
#include <fulcra/error.h>
#include <string.h>

/* --- as it is written --- */

static const char *const verbs[] = { "SOURCE", "SINK", "NEW", "DELETE",
    "EXISTS", "META", NULL };

static const FulcraSchemaKey request_keys[] = {
    { "identifier", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "what is asked for" },
    { "verb", FULCRA_SCHEMA_TEXT, .fallback = "SOURCE", .choices = verbs,
            .help = "what is asked of it" },
    { "type", FULCRA_SCHEMA_TEXT,
            .help = "the type that the answer shall have" },
    { "primary", FULCRA_SCHEMA_ANY,
            .help = "the primary argument of SINK and NEW: a text, or "
                    "`{ \"json\": ... }`" },
    { "arguments", FULCRA_SCHEMA_ANY,
            .help = "further arguments by name: an identifier, `{ \"text\": "
                    "... }` or `{ \"json\": ... }`" },
    { "headers", FULCRA_SCHEMA_MAP,
            .help = "headers of the request, inherited by those that it "
                    "causes" },
    { "space", FULCRA_SCHEMA_TEXT,
            .help = "where it is resolved, if not where the others are" },
    { NULL },
};

static const FulcraSchema request_schema = { "request", request_keys, NULL,
    NULL };

static const FulcraSchemaKey test_keys[] = {
    { "name", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "what it shows, in a phrase" },
    { "request", FULCRA_SCHEMA_OBJECT, .required = true, .of = &request_schema,
            .help = "what is asked" },
    { "expect", FULCRA_SCHEMA_OBJECT, .of = &fulcra_expectation_schema,
            .help = "what is expected; without it, that it does not fail" },
    { NULL },
};

static const FulcraSchema test_schema = { "test", test_keys, NULL, NULL };

static const FulcraSchemaKey suite_keys[] = {
    { "tests", FULCRA_SCHEMA_LIST, .required = true, .of = &test_schema,
            .help = "run in this order, one after the other" },
    { "setup", FULCRA_SCHEMA_LIST, .of = &request_schema,
            .help = "requests before the first test; where one fails, no test "
                    "is run" },
    { "teardown", FULCRA_SCHEMA_LIST, .of = &request_schema,
            .help = "requests after the last test, in any case" },
    { "space", FULCRA_SCHEMA_TEXT, .fallback = FULCRA_SPACE_FRONT,
            .help = "where requests are resolved; by default as if they came "
                    "by HTTP. In a space of the module, its private entries "
                    "are seen, too" },
    { NULL },
};

const FulcraSchema fulcra_suite_schema = { "suite", suite_keys, NULL,
    "The whole of `tests.json`." };

/* --- reading --- */

typedef struct {
    FulcraDocument *document;
    FulcraProblems *problems;
} Reader;

static void
report(Reader *self, JsonNode *node, const char *message)
{
    fulcra_host_problems_add(self->problems, self->document,
            fulcra_host_document_get_value(self->document, node), "%s",
            message);
}

static FulcraVerb
read_verb(JsonObject *object)
{
    const char *text = fulcra_host_json_get_text(object, "verb", "SOURCE");
    unsigned verb = 0;

    while (strcmp(fulcra_verb_to_string((FulcraVerb)verb), text) != 0)
        verb++;
    return (FulcraVerb)verb;
}

static FulcraIdentifier *
read_identifier(Reader *self, JsonNode *node)
{
    g_autoptr(GError) error = NULL;
    FulcraIdentifier *identifier =
            fulcra_host_identifier_parse(json_node_get_string(node), &error);

    if (identifier == NULL) {
        g_prefix_error(
                &error, "identifier \"%s\": ", json_node_get_string(node));
        report(self, node, error->message);
    }
    return identifier;
}

/* The value of @key, where that is all that @node has. (nullable) */
static JsonNode *
only_member(JsonNode *node, const char *key)
{
    JsonObject *object =
            JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    return object != NULL && json_object_get_size(object) == 1
                   ? json_object_get_member(object, key)
                   : NULL;
}

static bool
is_text(JsonNode *node)
{
    return JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == G_TYPE_STRING;
}

/* { "text": ... } or { "json": ... }. (transfer full) (nullable) */
static FulcraRepresentation *
read_value(JsonNode *node)
{
    JsonNode *text = only_member(node, "text");
    JsonNode *json = only_member(node, "json");

    if (text != NULL && is_text(text))
        return fulcra_representation_new_text(json_node_get_string(text));
    return json != NULL ? fulcra_representation_new_json(json_node_copy(json))
                        : NULL;
}

/* (transfer full) (nullable) */
static FulcraRepresentation *
read_primary(Reader *self, JsonNode *node)
{
    FulcraRepresentation *value = NULL;

    if (node == NULL)
        return NULL;
    value = is_text(node)
                    ? fulcra_representation_new_text(json_node_get_string(node))
                    : read_value(node);
    if (value == NULL)
        report(self, node,
                "\"primary\" must be a text, or { \"json\": ... } and nothing "
                "else");
    return value;
}

static void
argument_clear(void *data)
{
    FulcraSuiteArgument *self = data;

    fulcra_representation_unref(self->value);
    fulcra_identifier_unref(self->identifier);
}

/* Written as those of declared requests are: a text is a reference. */
static void
read_argument(Reader *self, GArray *into, const char *name, JsonNode *node)
{
    FulcraSuiteArgument argument = { .name = fulcra_intern(name) };

    if (is_text(node))
        argument.identifier = read_identifier(self, node);
    else if ((argument.value = read_value(node)) == NULL)
        report(self, node,
                "an argument must be an identifier, { \"text\": \"...\" } or "
                "{ \"json\": ... }, and nothing else");
    g_array_append_val(into, argument);
}

static GArray *
read_arguments(Reader *self, JsonNode *node)
{
    GArray *arguments = g_array_new(FALSE, FALSE, sizeof(FulcraSuiteArgument));
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    g_array_set_clear_func(arguments, argument_clear);
    if (node == NULL)
        return arguments;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        report(self, node, "\"arguments\" must be an object: { ... }");
        return arguments;
    }
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value))
        read_argument(self, arguments, name, value);
    return arguments;
}

static FulcraSuiteRequest
read_request(Reader *self, JsonNode *node)
{
    JsonObject *object = json_node_get_object(node);
    const char *type = fulcra_host_json_get_text(object, "type", NULL);

    return (FulcraSuiteRequest){
        .node = node,
        .verb = read_verb(object),
        .identifier = read_identifier(
                self, json_object_get_member(object, "identifier")),
        .type = type != NULL ? fulcra_intern(type) : NULL,
        .space = fulcra_host_json_get_text(object, "space", NULL),
        .primary =
                read_primary(self, json_object_get_member(object, "primary")),
        .arguments = read_arguments(
                self, json_object_get_member(object, "arguments")),
        .headers = json_object_has_member(object, "headers")
                           ? json_object_get_object_member(object, "headers")
                           : NULL,
    };
}

static void
request_clear(void *data)
{
    FulcraSuiteRequest *self = data;

    fulcra_identifier_unref(self->identifier);
    fulcra_representation_unref(self->primary);
    g_array_unref(self->arguments);
}

static void
test_clear(void *data)
{
    FulcraSuiteTest *self = data;

    request_clear(&self->request);
    fulcra_expectation_clear(&self->expectation);
}

static GArray *
read_requests(Reader *self, JsonNode *list)
{
    GArray *requests = g_array_new(FALSE, FALSE, sizeof(FulcraSuiteRequest));
    JsonArray *nodes = list != NULL ? json_node_get_array(list) : NULL;

    g_array_set_clear_func(requests, request_clear);
    for (unsigned i = 0; list != NULL && i < json_array_get_length(nodes);
            i++) {
        FulcraSuiteRequest request =
                read_request(self, json_array_get_element(nodes, i));

        g_array_append_val(requests, request);
    }
    return requests;
}

static GArray *
read_tests(Reader *self, JsonNode *list)
{
    GArray *tests = g_array_new(FALSE, FALSE, sizeof(FulcraSuiteTest));
    JsonArray *nodes = json_node_get_array(list);

    g_array_set_clear_func(tests, test_clear);
    if (json_array_get_length(nodes) == 0)
        report(self, list, "\"tests\" is an empty list; add one");
    for (unsigned i = 0; i < json_array_get_length(nodes); i++) {
        JsonObject *object = json_array_get_object_element(nodes, i);
        FulcraSuiteTest test = {
            .name = fulcra_host_json_get_text(object, "name", ""),
            .request = read_request(
                    self, json_object_get_member(object, "request")),
        };

        fulcra_expectation_init(&test.expectation,
                json_object_get_member(object, "expect"), self->document,
                self->problems);
        g_array_append_val(tests, test);
    }
    return tests;
}

static FulcraSuite *
build(FulcraDocument *document, FulcraProblems *problems)
{
    Reader reader = { document, problems };
    JsonObject *root =
            json_node_get_object(fulcra_host_document_get_root(document));
    FulcraSuite *self = g_new0(FulcraSuite, 1);

    self->document = fulcra_host_document_ref(document);
    self->space = fulcra_host_json_get_text(root, "space", FULCRA_SPACE_FRONT);
    self->setup = read_requests(&reader, json_object_get_member(root, "setup"));
    self->tests = read_tests(&reader, json_object_get_member(root, "tests"));
    self->teardown =
            read_requests(&reader, json_object_get_member(root, "teardown"));
    return self;
}

FulcraSuite *
fulcra_suite_read(const char *file, FulcraProblems *problems)
{
    size_t before = fulcra_host_problems_count(problems);
    GError *error = NULL;
    g_autoptr(FulcraDocument) document =
            fulcra_host_document_load(file, &error);
    FulcraSuite *self;

    if (document == NULL) {
        fulcra_host_problems_take_error(problems, error);
        return NULL;
    }
    if (!fulcra_host_schema_check(&fulcra_suite_schema, NULL, document,
                fulcra_host_document_get_root(document), problems))
        return NULL;
    self = build(document, problems);
    if (fulcra_host_problems_count(problems) > before)
        g_clear_pointer(&self, fulcra_suite_free);
    return self;
}

void
fulcra_suite_free(FulcraSuite *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->setup);
    g_array_unref(self->tests);
    g_array_unref(self->teardown);
    fulcra_host_document_unref(self->document);
    g_free(self);
}
