/* SPDX-License-Identifier: MIT */

/* request.c - fulcra request --live: asking in a running server */

#include "client.h"

#include <stdio.h>
#include <string.h>

static FulcraQuestion *
make_question(const FulcraOptions *options)
{
    static const char *const names[] = { "verb", "type", "primary" };
    FulcraQuestion *question = fulcra_question_new("PUT", "/request");

    fulcra_question_add(
            question, "identifier", fulcra_options_get_operands(options)[0]);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        fulcra_question_add(
                question, names[i], fulcra_options_get(options, names[i]));
    if (fulcra_options_has(options, "trace"))
        fulcra_question_add(question, "trace", "true");
    return question;
}

static void
print_requests(JsonObject *answer)
{
    g_autoptr(GList) requests = fulcra_print_list(answer, "requests");

    for (GList *link = requests; link != NULL; link = link->next) {
        JsonObject *one = link->data;
        g_autofree char *verb = fulcra_print_text(one, "verb");
        g_autofree char *identifier = fulcra_print_text(one, "identifier");
        g_autofree char *endpoint = fulcra_print_text(one, "endpoint");
        g_autofree char *cache = fulcra_print_text(one, "cache");

        fprintf(stderr, "%*s%s %s  %.1f us%s%s%s%s\n",
                (int)(2 * json_object_get_int_member_with_default(
                                  one, "depth", 0)),
                "", verb, identifier,
                (double)json_object_get_int_member_with_default(
                        one, "duration_ns", 0) /
                        1000,
                *endpoint ? "  by " : "", endpoint, *cache ? "  cache: " : "",
                cache);
    }
}

static int
print_failure(JsonObject *answer)
{
    g_autofree char *message = fulcra_print_text(answer, "message");
    const char *trace =
            json_object_get_string_member_with_default(answer, "trace", NULL);
    const char *stack =
            json_object_get_string_member_with_default(answer, "stack", NULL);

    fulcra_complain("%s", message);
    if (trace != NULL || stack != NULL)
        fprintf(stderr, "%s\n", trace != NULL ? trace : stack);
    return FULCRA_EXIT_FAILED;
}

static void
print_payload(JsonObject *answer)
{
    JsonNode *json = json_object_get_member(answer, "json");
    const char *base64 =
            json_object_get_string_member_with_default(answer, "base64", NULL);
    const char *text =
            json_object_get_string_member_with_default(answer, "text", NULL);

    if (json != NULL) {
        fulcra_client_print_json(json);
    } else if (base64 != NULL) {
        gsize length;
        g_autofree guchar *bytes = g_base64_decode(base64, &length);

        fwrite(bytes, 1, length, stdout);
    } else if (text != NULL) {
        printf("%s%s", text, g_str_has_suffix(text, "\n") ? "" : "\n");
    }
}

int
fulcra_client_request(const FulcraOptions *options)
{
    g_autofree char *socket = fulcra_client_find_socket(options);
    g_autoptr(FulcraQuestion) question = make_question(options);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = fulcra_client_ask(socket, question, &error);

    if (node == NULL)
        return fulcra_client_complain(options, error);
    JsonObject *answer = json_node_get_object(node);
    bool failed = json_object_has_member(answer, "error");
    if (fulcra_options_has(options, "json")) {
        fulcra_client_print_json(node);
        return failed ? FULCRA_EXIT_FAILED : FULCRA_EXIT_FINE;
    }
    if (!failed)
        print_payload(answer);
    fflush(stdout);
    print_requests(answer);
    return failed ? print_failure(answer) : FULCRA_EXIT_FINE;
}
