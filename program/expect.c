/* SPDX-License-Identifier: MIT */

/* expect.c - see expect.h */

#include "expect.h"

#include <fulcra/error.h>
#include <string.h>

#define MAX_SHOWN 200 /* bytes of a text in a message */

/* --- as it is written --- */

static const char *const error_ids[] = {
#define X(enumerator, id) id,
    FULCRA_ERROR_TABLE(X)
#undef X
            NULL
};

static const char *const expiries[] = {
    [FULCRA_EXPIRY_DEPENDENT] = "dependent",
    [FULCRA_EXPIRY_ALWAYS] = "always",
    [FULCRA_EXPIRY_NEVER] = "never",
    [FULCRA_EXPIRY_AT] = "at",
    NULL,
};

static const char *const scopes[] = { "public", "private", NULL };

static const FulcraSchemaKey expectation_keys[] = {
    { "answer", FULCRA_SCHEMA_ANY, .help = "its text, exactly" },
    { "matches", FULCRA_SCHEMA_TEXT,
            .help = "a regular expression that is found in its text" },
    { "json", FULCRA_SCHEMA_ANY,
            .help = "its value; members of objects have no order" },
    { "type", FULCRA_SCHEMA_TEXT, .help = "its type" },
    { "headers", FULCRA_SCHEMA_MAP,
            .help = "headers that it has, and their values" },
    { "expiry", FULCRA_SCHEMA_TEXT, .choices = expiries,
            .help = "when it expires" },
    { "scope", FULCRA_SCHEMA_TEXT, .choices = scopes,
            .help = "`public` where everybody would be given it: nothing of a "
                    "context and no header of the request was looked at, no "
                    "overlay passed" },
    { "kept", FULCRA_SCHEMA_BOOL,
            .help = "whether it is kept for the next one who asks" },
    { "error", FULCRA_SCHEMA_TEXT, .choices = error_ids,
            .help = "the id of the error with which it fails" },
    { "message", FULCRA_SCHEMA_TEXT,
            .help = "a regular expression that is found in the message of the "
                    "error" },
    { "maxTime", FULCRA_SCHEMA_DURATION, .min = 1,
            .max = INT64_C(24) * 3600 * 1000, .help = "in which it ends" },
    { NULL },
};

const FulcraSchema fulcra_expectation_schema = { "expectation",
    expectation_keys, NULL,
    "What is said must hold; what is not said is not looked at. Where it says "
    "neither `error` nor `message` the request must succeed." };

static GRegex *
compile(JsonObject *object, const char *key, FulcraDocument *document,
        FulcraProblems *problems)
{
    const char *text = fulcra_host_json_get_text(object, key, NULL);
    g_autoptr(GError) error = NULL;
    GRegex *regex = text != NULL
                            ? g_regex_new(text, G_REGEX_MULTILINE, 0, &error)
                            : NULL;

    if (error != NULL) {
        JsonNode *node = json_object_get_member(object, key);

        fulcra_host_problems_add(problems, document,
                fulcra_host_document_get_value(document, node), "\"%s\": %s",
                key, error->message);
    }
    return regex;
}

static void
problem(FulcraDocument *document, FulcraProblems *problems, JsonNode *node,
        const char *message)
{
    fulcra_host_problems_add(problems, document,
            fulcra_host_document_get_value(document, node), "%s", message);
}

static bool
expects_error(JsonObject *object)
{
    return object != NULL && (json_object_has_member(object, "error") ||
                                     json_object_has_member(object, "message"));
}

static void
check(JsonObject *object, FulcraDocument *document, FulcraProblems *problems)
{
    static const char *const of_answers[] = { "answer", "matches", "json",
        "type", "headers", "expiry", "scope", "kept" };
    JsonNode *answer = json_object_get_member(object, "answer");

    if (answer != NULL && json_node_get_value_type(answer) != G_TYPE_STRING)
        problem(document, problems, answer,
                "\"answer\" must be a text; \"json\" is for other values");
    if (!expects_error(object))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(of_answers); i++) {
        JsonNode *node = json_object_get_member(object, of_answers[i]);

        if (node != NULL)
            problem(document, problems, node,
                    "what fails has no answer; take this out, or \"error\" and "
                    "\"message\"");
    }
}

void
fulcra_expectation_init(FulcraExpectation *self, JsonNode *node,
        FulcraDocument *document, FulcraProblems *problems)
{
    *self = (FulcraExpectation){ 0 };
    if (node == NULL)
        return;
    self->object = json_node_get_object(node);
    check(self->object, document, problems);
    self->matches = compile(self->object, "matches", document, problems);
    self->message = compile(self->object, "message", document, problems);
}

void
fulcra_expectation_clear(FulcraExpectation *self)
{
    g_clear_pointer(&self->matches, g_regex_unref);
    g_clear_pointer(&self->message, g_regex_unref);
}

/* --- values --- */

/* As JSON has it, cut short where it is long. (transfer full) */
static char *
show(JsonNode *node)
{
    g_autofree char *text = json_to_string(node, FALSE);
    size_t length = strlen(text);

    if (length <= MAX_SHOWN)
        return g_steal_pointer(&text);
    const char *cut = g_utf8_find_prev_char(text, text + MAX_SHOWN);
    return g_strdup_printf(
            "%.*s... (%zu bytes)", (int)(cut - text), text, length);
}

/* (transfer full) */
static char *
show_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_VALUE);

    json_node_set_string(node, valid);
    return show(node);
}

static bool
is_number(JsonNode *node)
{
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node)
                                             : G_TYPE_NONE;

    return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;
}

static char *
differ(JsonNode *is, JsonNode *should, const char *path)
{
    g_autofree char *a = show(is), *b = show(should);

    return g_strdup_printf("at %s: %s, not %s", path, a, b);
}

static char *json_differs(JsonNode *is, JsonNode *should, const char *path);

static char *
arrays_differ(JsonArray *is, JsonArray *should, const char *path)
{
    unsigned n = json_array_get_length(is), m = json_array_get_length(should);
    char *difference = NULL;

    for (unsigned i = 0; i < n && i < m && difference == NULL; i++) {
        g_autofree char *inner = g_strdup_printf("%s[%u]", path, i);

        difference = json_differs(json_array_get_element(is, i),
                json_array_get_element(should, i), inner);
    }
    if (difference == NULL && n != m)
        difference = g_strdup_printf("at %s: %u elements, not %u", path, n, m);
    return difference;
}

static char *
objects_differ(JsonObject *is, JsonObject *should, const char *path)
{
    char *difference = NULL;
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    json_object_iter_init_ordered(&iter, should);
    while (difference == NULL &&
            json_object_iter_next_ordered(&iter, &name, &value)) {
        g_autofree char *inner = g_strdup_printf("%s.%s", path, name);
        JsonNode *other = json_object_get_member(is, name);

        difference = other != NULL ? json_differs(other, value, inner)
                                   : g_strdup_printf("at %s: nothing", inner);
    }
    json_object_iter_init_ordered(&iter, is);
    while (difference == NULL &&
            json_object_iter_next_ordered(&iter, &name, NULL))
        if (!json_object_has_member(should, name))
            difference = g_strdup_printf(
                    "at %s.%s: nothing was expected there", path, name);
    return difference;
}

/* The depth of both is limited where they are read. */
static char *
json_differs(JsonNode *is, JsonNode *should, const char *path)
{
    bool equal;

    if (is_number(is) && is_number(should)) {
        /* whole numbers are compared as such: doubles have 53 bits */
        equal = json_node_get_value_type(is) == G_TYPE_INT64 &&
                                json_node_get_value_type(should) == G_TYPE_INT64
                        ? json_node_get_int(is) == json_node_get_int(should)
                        : json_node_get_double(is) ==
                                  json_node_get_double(should);
        return equal ? NULL : differ(is, should, path);
    }
    if (json_node_get_node_type(is) != json_node_get_node_type(should))
        return differ(is, should, path);
    if (JSON_NODE_HOLDS_OBJECT(is))
        return objects_differ(
                json_node_get_object(is), json_node_get_object(should), path);
    if (JSON_NODE_HOLDS_ARRAY(is))
        return arrays_differ(
                json_node_get_array(is), json_node_get_array(should), path);
    equal = JSON_NODE_HOLDS_NULL(is) || json_node_equal(is, should);
    return equal ? NULL : differ(is, should, path);
}

char *
fulcra_json_differs(JsonNode *is, JsonNode *should)
{
    return json_differs(is, should, "$");
}

/* --- comparing --- */

typedef struct {
    JsonObject *object;
    FulcraDocument *document;
    FulcraProblems *differences;
} Comparison;

static void report(Comparison *self, JsonNode *node, const char *format, ...)
        FULCRA_PRINTF(3, 4);

static void
report(Comparison *self, JsonNode *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fulcra_host_problems_addv(self->differences, self->document,
            fulcra_host_document_get_value(self->document, node), format,
            arguments);
    va_end(arguments);
}

static JsonNode *
get(const Comparison *self, const char *key)
{
    return self->object != NULL ? json_object_get_member(self->object, key)
                                : NULL;
}

/* What `fulcra request` prints of it; NULL for what has no text. (transfer
 * full) (nullable) */
static char *
text_of(FulcraRepresentation *answer, size_t *length)
{
    const void *bytes = fulcra_representation_get_bytes(answer, length);
    const char *const *strings = fulcra_representation_get_strings(answer);
    JsonNode *json = fulcra_representation_get_json(answer);
    char *text = NULL;

    if (bytes != NULL)
        return g_memdup2(bytes, *length + 1); /* the NUL behind them, too */
    if (json != NULL)
        text = json_to_string(json, FALSE);
    else if (strings != NULL)
        text = g_strjoinv("\n", (char **)strings);
    *length = text != NULL ? strlen(text) : 0;
    return text;
}

static void
compare_text(Comparison *self, const char *text, size_t length)
{
    JsonNode *node = get(self, "answer");
    const char *should = node != NULL ? json_node_get_string(node) : NULL;

    if (should == NULL ||
            (strlen(should) == length && memcmp(should, text, length) == 0))
        return;
    g_autofree char *is = show_text(text), *other = show_text(should);
    report(self, node, "the answer is %s, not %s", is, other);
}

static void
compare_pattern(Comparison *self, const char *key, const GRegex *regex,
        const char *what, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *valid = NULL, *is = NULL;

    if (regex == NULL)
        return;
    valid = g_utf8_make_valid(text, -1);
    if (g_regex_match_full(regex, valid, -1, 0, 0, NULL, &error))
        return;
    is = show_text(text);
    report(self, get(self, key), "%s is %s: %s", what, is,
            error != NULL ? error->message : "that does not match");
}

static void
compare_json(Comparison *self, FulcraRepresentation *answer, const char *text,
        size_t length)
{
    JsonNode *should = get(self, "json");
    JsonNode *is = fulcra_representation_get_json(answer);
    g_autoptr(FulcraDocument) document = NULL;
    g_autoptr(GError) error = NULL;

    if (should == NULL)
        return;
    if (is == NULL) {
        document = fulcra_host_document_new("answer", text, length, &error);
        if (document == NULL) {
            report(self, should, "the answer is no JSON: %s", error->message);
            return;
        }
        is = fulcra_host_document_get_root(document);
    }
    g_autofree char *difference = fulcra_json_differs(is, should);
    if (difference != NULL)
        report(self, should, "the answer differs %s", difference);
}

static void
compare_content(Comparison *self, const FulcraExpectation *expectation,
        FulcraRepresentation *answer)
{
    static const char *const keys[] = { "answer", "matches", "json" };
    size_t length;
    g_autofree char *text = text_of(answer, &length);

    if (text != NULL) {
        compare_text(self, text, length);
        compare_pattern(
                self, "matches", expectation->matches, "the answer", text);
        compare_json(self, answer, text, length);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (get(self, keys[i]) != NULL)
            report(self, get(self, keys[i]),
                    "the answer is of type \"%s\" and has no text; ask for a "
                    "type that has one, with \"type\" in the request",
                    fulcra_representation_get_type(answer));
}

static void
compare_word(Comparison *self, const char *key, const char *is)
{
    JsonNode *node = get(self, key);

    if (node != NULL && strcmp(json_node_get_string(node), is) != 0)
        report(self, node, "the %s is \"%s\", not \"%s\"", key, is,
                json_node_get_string(node));
}

static void
compare_headers(Comparison *self, FulcraRepresentation *answer)
{
    JsonNode *node = get(self, "headers");
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    if (node == NULL)
        return;
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        const char *is = fulcra_representation_get_header(answer, name);

        if (is == NULL)
            report(self, value, "the answer has no header \"%s\"", name);
        else if (strcmp(is, json_node_get_string(value)) != 0)
            report(self, value, "the header \"%s\" is \"%s\", not \"%s\"", name,
                    is, json_node_get_string(value));
    }
}

static void
compare_scope(Comparison *self, const FulcraOutcome *outcome)
{
    JsonNode *node = get(self, "scope");
    const char *is = outcome->for_all ? "public" : "private";
    const char *about = outcome->about != NULL ? outcome->about : "";

    if (node != NULL && strcmp(json_node_get_string(node), is) != 0)
        report(self, node, "the scope is \"%s\", not \"%s\"%s%s", is,
                json_node_get_string(node), *about != '\0' ? ": " : "", about);
}

static void
compare_kept(Comparison *self, const FulcraOutcome *outcome)
{
    JsonNode *node = get(self, "kept");

    if (node == NULL ||
            json_node_get_boolean(node) == (outcome->unkept == NULL))
        return;
    if (outcome->unkept != NULL)
        report(self, node, "the answer is not kept: %s", outcome->unkept);
    else
        report(self, node, "the answer is kept");
}

static void
compare_answer(Comparison *self, const FulcraExpectation *expectation,
        const FulcraOutcome *outcome)
{
    FulcraRepresentation *answer = outcome->answer;

    if (expects_error(self->object)) {
        JsonNode *node = get(self, "error");

        report(self, node != NULL ? node : get(self, "message"),
                "it did not fail: it answered %s",
                fulcra_representation_get_type(answer));
        return;
    }
    compare_content(self, expectation, answer);
    compare_word(self, "type", fulcra_representation_get_type(answer));
    compare_word(self, "expiry",
            expiries[fulcra_representation_get_expiry(answer, NULL)]);
    compare_headers(self, answer);
    compare_scope(self, outcome);
    compare_kept(self, outcome);
}

static void
compare_error(Comparison *self, const FulcraExpectation *expectation,
        const FulcraOutcome *outcome)
{
    const GError *error = outcome->error;
    const char *id = fulcra_error_id(error->domain == FULCRA_ERROR
                                             ? (FulcraErrorCode)error->code
                                             : FULCRA_ERROR_FAILED);

    if (!expects_error(self->object)) {
        const char *trace = fulcra_error_get_trace(error);

        report(self, outcome->request, "it failed: %s: %s%s%s", id,
                error->message, trace != NULL ? "\n" : "",
                trace != NULL ? trace : "");
        return;
    }
    JsonNode *node = get(self, "error");
    if (node != NULL && strcmp(json_node_get_string(node), id) != 0)
        report(self, node, "the error is \"%s\" (%s), not \"%s\"", id,
                error->message, json_node_get_string(node));
    compare_pattern(self, "message", expectation->message, "the message",
            error->message);
}

void
fulcra_expectation_compare(const FulcraExpectation *self,
        const FulcraOutcome *outcome, FulcraDocument *document,
        FulcraProblems *differences)
{
    Comparison comparison = { self->object, document, differences };
    JsonNode *limit = get(&comparison, "maxTime");

    if (outcome->answer != NULL)
        compare_answer(&comparison, self, outcome);
    else
        compare_error(&comparison, self, outcome);
    if (limit != NULL &&
            outcome->took_us > 1000 * fulcra_host_json_get_duration(
                                              self->object, "maxTime", 0))
        report(&comparison, limit, "it took %.1f ms, more than %s",
                (double)outcome->took_us / 1000, json_node_get_string(limit));
}
