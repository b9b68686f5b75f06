/* SPDX-License-Identifier: MIT */

/*
 * client.c - HTTP/1.0 over a UNIX socket
 *
 * The peer is our own server and nobody else: a request is a line and one
 * field, an answer ends where the connection does.
 */

#include "client.h"

#include <fulcra/error.h>
#include <fulcra/representation.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <stdio.h>
#include <string.h>

#define MAX_ANSWER      (256u << 20)
#define TIMEOUT_SECONDS 120

#define SYSTEM_SOCKET "/run/fulcra/admin.sock"

struct _FulcraQuestion {
    const char *method;
    GString *target;
    bool has_query;
};

/* --- questions --- */

FulcraQuestion *
fulcra_question_new(const char *method, const char *path)
{
    FulcraQuestion *self = g_new0(FulcraQuestion, 1);

    self->method = method;
    self->target = g_string_new(path);
    return self;
}

void
fulcra_question_free(FulcraQuestion *self)
{
    if (self == NULL)
        return;
    g_string_free(self->target, TRUE);
    g_free(self);
}

void
fulcra_question_add_segment(FulcraQuestion *self, const char *segment)
{
    g_string_append_c(self->target, '/');
    g_string_append_uri_escaped(self->target, segment, ":@", FALSE);
}

void
fulcra_question_add(FulcraQuestion *self, const char *name, const char *value)
{
    if (value == NULL)
        return;
    g_string_append_printf(
            self->target, "%c%s=", self->has_query ? '&' : '?', name);
    g_string_append_uri_escaped(self->target, value, ":/@*", FALSE);
    self->has_query = true;
}

/* --- where --- */

char *
fulcra_client_find_socket(const FulcraOptions *options)
{
    const char *folder = g_getenv("XDG_RUNTIME_DIR");
    const char *given = fulcra_options_get(options, "socket");

    if (given == NULL)
        given = g_getenv("FULCRA_ADMIN");
    if (given != NULL && strcmp(given, "auto") != 0 &&
            strcmp(given, "off") != 0)
        return g_strdup(given);
    g_autofree char *own =
            folder != NULL ? g_build_filename(folder, "fulcra.sock", NULL)
                           : NULL;
    if (own != NULL && g_file_test(own, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&own);
    if (own == NULL || g_file_test(SYSTEM_SOCKET, G_FILE_TEST_EXISTS))
        return g_strdup(SYSTEM_SOCKET);
    return g_steal_pointer(&own);
}

/* --- asking --- */

static void
not_there(const char *socket, const GError *why, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
            "no server answers at %s: %s; --socket PATH says where else, and "
            "'fulcra serve' logs the path as \"admin plane at\"",
            socket, why->message);
}

/* (transfer full) (nullable) */
static GSocketConnection *
connect_to(const char *socket, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket);
    g_autoptr(GError) why = NULL;

    g_socket_client_set_timeout(client, TIMEOUT_SECONDS);
    GSocketConnection *connection = g_socket_client_connect(
            client, G_SOCKET_CONNECTABLE(address), NULL, &why);
    if (connection == NULL)
        not_there(socket, why, error);
    return connection;
}

static bool
read_all(GInputStream *stream, GString *answer, GError **error)
{
    char buffer[65536];
    gssize n;

    while ((n = g_input_stream_read(
                    stream, buffer, sizeof buffer, NULL, error)) > 0) {
        g_string_append_len(answer, buffer, n);
        if (answer->len > MAX_ANSWER) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                    "the server's answer has more than %u MiB",
                    MAX_ANSWER >> 20);
            return false;
        }
    }
    return n == 0;
}

/* (transfer full) (nullable): head and body */
static GString *
exchange(const char *socket, FulcraQuestion *question, GError **error)
{
    g_autoptr(GSocketConnection) connection = connect_to(socket, error);
    g_autoptr(GString) answer = g_string_new(NULL);

    if (connection == NULL)
        return NULL;
    g_autofree char *request = g_strdup_printf(
            "%s %s HTTP/1.0\r\nHost: fulcra\r\n%s\r\n", question->method,
            question->target->str,
            strcmp(question->method, "PUT") == 0 ? "Content-Length: 0\r\n"
                                                 : "");
    GIOStream *stream = G_IO_STREAM(connection);
    if (!g_output_stream_write_all(g_io_stream_get_output_stream(stream),
                request, strlen(request), NULL, NULL, error) ||
            !read_all(g_io_stream_get_input_stream(stream), answer, error))
        return NULL;
    return g_steal_pointer(&answer);
}

/* "HTTP/1.1 200 ..." and the body; 0 for what is no answer. */
static unsigned
split(const GString *answer, const char **body)
{
    const char *end = strstr(answer->str, "\r\n\r\n");

    if (!g_str_has_prefix(answer->str, "HTTP/1.") || end == NULL ||
            answer->len < strlen("HTTP/1.1 200"))
        return 0;
    *body = end + strlen("\r\n\r\n");
    return (unsigned)g_ascii_strtoull(
            answer->str + strlen("HTTP/1.1 "), NULL, 10);
}

static void
refused(unsigned status, const char *body, JsonNode *json, GError **error)
{
    JsonObject *object = json != NULL && JSON_NODE_HOLDS_OBJECT(json)
                                 ? json_node_get_object(json)
                                 : NULL;
    const char *message = object != NULL
                                  ? json_object_get_string_member_with_default(
                                            object, "message", NULL)
                                  : NULL;

    if (message == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "the server says %u: %.*s", status, (int)strcspn(body, "\r\n"),
                body);
    else
        g_set_error_literal(error, FULCRA_ERROR,
                status == 503 ? FULCRA_ERROR_OVERLOADED
                              : FULCRA_ERROR_FORBIDDEN,
                message);
}

JsonNode *
fulcra_client_ask(const char *socket, FulcraQuestion *question, GError **error)
{
    g_autoptr(GString) answer = exchange(socket, question, error);
    const char *body = "";

    if (answer == NULL)
        return NULL;
    unsigned status = split(answer, &body);
    if (status == 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "what answers at %s is no server of ours", socket);
        return NULL;
    }
    g_autoptr(JsonNode) json = json_from_string(body, NULL);
    if (status < 300 && json != NULL)
        return g_steal_pointer(&json);
    refused(status, body, json, error);
    return NULL;
}

/* --- commands --- */

int
fulcra_client_complain(const FulcraOptions *options, const GError *error)
{
    fulcra_complain("%s: %s", fulcra_options_get_command(options)->name,
            error->message);
    return g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND)
                   ? FULCRA_EXIT_NO_SERVER
                   : FULCRA_EXIT_FAILED;
}

void
fulcra_client_print_json(JsonNode *answer)
{
    g_autofree char *text = json_to_string(answer, TRUE);

    printf("%s\n", text);
}

/* "in=space": the option --in is the parameter space. */
static void
add_option(FulcraQuestion *question, const FulcraOptions *options,
        const char *mapping)
{
    g_auto(GStrv) names = g_strsplit(mapping, "=", 2);
    const char *parameter = names[1] != NULL ? names[1] : names[0];

    if (fulcra_options_has(options, names[0]) &&
            fulcra_options_get(options, names[0]) == NULL)
        fulcra_question_add(question, parameter, "true");
    else
        fulcra_question_add(
                question, parameter, fulcra_options_get(options, names[0]));
}

static FulcraQuestion *
make_question(const FulcraAsk *ask, const FulcraOptions *options)
{
    FulcraQuestion *question = fulcra_question_new(ask->method, ask->path);
    const char *operand = fulcra_options_get_operands(options)[0];

    if (ask->segment && operand != NULL)
        fulcra_question_add_segment(question, operand);
    else if (ask->operand != NULL)
        fulcra_question_add(question, ask->operand, operand);
    for (size_t i = 0; ask->options != NULL && ask->options[i] != NULL; i++)
        add_option(question, options, ask->options[i]);
    return question;
}

int
fulcra_client_run(FulcraOptions *options)
{
    const FulcraAsk *ask = fulcra_options_get_command(options)->ask;
    g_autofree char *socket = fulcra_client_find_socket(options);
    g_autoptr(FulcraQuestion) question = make_question(ask, options);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) answer = fulcra_client_ask(socket, question, &error);

    if (answer == NULL)
        return fulcra_client_complain(options, error);
    if (!fulcra_options_has(options, "json"))
        return ask->print(json_node_get_object(answer), options);
    fulcra_client_print_json(answer);
    return FULCRA_EXIT_FINE;
}
