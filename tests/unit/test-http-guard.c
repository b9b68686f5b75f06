/* SPDX-License-Identifier: MIT */

/*
 * What smuggles requests past servers, line by line
 */

#include "http/guard.h"

#include <string.h>

#define MAX_FIELDS 4
#define HOST       "Host: example.org"

typedef struct {
    const char *name;
    const char *method, *target, *version;
    const char *fields[MAX_FIELDS]; /* "Name: value" */
    bool fine;
} Payload;

static const Payload payloads[] = {
    /* fine */
    { "plain", "GET", "/", "HTTP/1.1", { HOST }, true },
    { "host with port", "GET", "/", "HTTP/1.1", { "Host: a.b:80" }, true },
    { "host with empty port", "GET", "/", "HTTP/1.1", { "Host: a:" }, true },
    { "IPv6 host", "GET", "/", "HTTP/1.1", { "Host: [::1]:8080" }, true },
    { "any case", "GET", "/", "HTTP/1.1", { "hOsT: a" }, true },
    { "old, without host", "GET", "/", "HTTP/1.0", { NULL }, true },
    { "odd method", "M-SEARCH", "/", "HTTP/1.1", { HOST }, true },
    { "options", "OPTIONS", "*", "HTTP/1.1", { HOST }, true },
    { "tab in a value", "GET", "/", "HTTP/1.1", { HOST, "X: a\tb" }, true },
    { "bytes in a value", "GET", "/", "HTTP/1.1", { HOST, "X: \xe4" }, true },
    { "empty value", "GET", "/", "HTTP/1.1", { HOST, "X: " }, true },
    { "length", "PUT", "/", "HTTP/1.1", { HOST, "Content-Length: 9" }, true },
    { "chunked", "PUT", "/", "HTTP/1.1", { HOST, "Transfer-Encoding: Chunked" },
            true },
    /* the request line */
    { "method with space", "G T", "/", "HTTP/1.1", { HOST } },
    { "method with colon", "GET:", "/", "HTTP/1.1", { HOST } },
    { "no method", "", "/", "HTTP/1.1", { HOST } },
    { "method with escape", "G\033T", "/", "HTTP/1.1", { HOST } },
    { "absolute target", "GET", "http://a/", "HTTP/1.1", { HOST } },
    { "authority target", "CONNECT", "a:1", "HTTP/1.1", { HOST } },
    { "relative target", "GET", "a", "HTTP/1.1", { HOST } },
    { "empty target", "GET", "", "HTTP/1.1", { HOST } },
    { "star with GET", "GET", "*", "HTTP/1.1", { HOST } },
    { "space in target", "GET", "/a b", "HTTP/1.1", { HOST } },
    { "tab in target", "GET", "/a\tb", "HTTP/1.1", { HOST } },
    { "DEL in target", "GET", "/a\177", "HTTP/1.1", { HOST } },
    { "CR in target", "GET", "/a\rb", "HTTP/1.1", { HOST } },
    { "version 2", "GET", "/", "HTTP/2.0", { HOST } },
    { "version 1.2", "GET", "/", "HTTP/1.2", { HOST } },
    { "version 0.9", "GET", "/", "", { HOST } },
    { "lower-case version", "GET", "/", "http/1.1", { HOST } },
    { "long version", "GET", "/", "HTTP/1.10", { HOST } },
    /* field names and values */
    { "two types", "POST", "/", "HTTP/1.1",
            { HOST, "Content-Type: a/b", "content-type: c/d" } },
    { "space before colon", "GET", "/", "HTTP/1.1", { HOST, "X : a" } },
    { "space in name", "GET", "/", "HTTP/1.1", { HOST, "X Y: a" } },
    { "folded name", "GET", "/", "HTTP/1.1", { HOST, " X: a" } },
    { "empty name", "GET", "/", "HTTP/1.1", { HOST, ": a" } },
    { "parenthesis", "GET", "/", "HTTP/1.1", { HOST, "X(: a" } },
    { "name with byte", "GET", "/", "HTTP/1.1", { HOST, "X\x80: a" } },
    { "CR in value", "GET", "/", "HTTP/1.1", { HOST, "X: a\rb" } },
    { "LF in value", "GET", "/", "HTTP/1.1", { HOST, "X: a\nb" } },
    { "VT in value", "GET", "/", "HTTP/1.1", { HOST, "X: \vb" } },
    { "DEL in value", "GET", "/", "HTTP/1.1", { HOST, "X: \177" } },
    /* hosts */
    { "no host", "GET", "/", "HTTP/1.1", { NULL } },
    { "two hosts", "GET", "/", "HTTP/1.1", { HOST, HOST } },
    { "two cases", "GET", "/", "HTTP/1.1", { HOST, "HOST: a" } },
    { "two in 1.0", "GET", "/", "HTTP/1.0", { HOST, "Host: a" } },
    { "empty host", "GET", "/", "HTTP/1.1", { "Host: " } },
    { "port alone", "GET", "/", "HTTP/1.1", { "Host: :80" } },
    { "user", "GET", "/", "HTTP/1.1", { "Host: a@b" } },
    { "path", "GET", "/", "HTTP/1.1", { "Host: a/b" } },
    { "list", "GET", "/", "HTTP/1.1", { "Host: a b" } },
    { "word port", "GET", "/", "HTTP/1.1", { "Host: a:b" } },
    { "long port", "GET", "/", "HTTP/1.1", { "Host: a:123456" } },
    { "two ports", "GET", "/", "HTTP/1.1", { "Host: a:1:2" } },
    { "open bracket", "GET", "/", "HTTP/1.1", { "Host: [::1" } },
    { "after bracket", "GET", "/", "HTTP/1.1", { "Host: [::1]a" } },
    { "no address", "GET", "/", "HTTP/1.1", { "Host: [evil/]" } },
    /* lengths */
    { "plus", "PUT", "/", "HTTP/1.1", { HOST, "Content-Length: +1" } },
    { "minus", "PUT", "/", "HTTP/1.1", { HOST, "Content-Length: -1" } },
    { "hex", "PUT", "/", "HTTP/1.1", { HOST, "Content-Length: 0x1" } },
    { "words", "PUT", "/", "HTTP/1.1", { HOST, "Content-Length: 1 2" } },
    { "length list", "PUT", "/", "HTTP/1.1", { HOST, "Content-Length: 1,1" } },
    { "no digits", "PUT", "/", "HTTP/1.1", { HOST, "Content-Length: " } },
    { "dot", "PUT", "/", "HTTP/1.1", { HOST, "Content-Length: 1.0" } },
    { "huge", "PUT", "/", "HTTP/1.1",
            { HOST, "Content-Length: 18446744073709551617" } },
    { "two lengths", "PUT", "/", "HTTP/1.1",
            { HOST, "Content-Length: 1", "Content-Length: 1" } },
    { "two cases of length", "PUT", "/", "HTTP/1.1",
            { HOST, "Content-Length: 1", "content-length: 2" } },
    /* encodings */
    { "both", "PUT", "/", "HTTP/1.1",
            { HOST, "Content-Length: 1", "Transfer-Encoding: chunked" } },
    { "gzip", "PUT", "/", "HTTP/1.1", { HOST, "Transfer-Encoding: gzip" } },
    { "encodings", "PUT", "/", "HTTP/1.1",
            { HOST, "Transfer-Encoding: gzip, chunked" } },
    { "identity", "PUT", "/", "HTTP/1.1",
            { HOST, "Transfer-Encoding: identity" } },
    { "empty encoding", "PUT", "/", "HTTP/1.1",
            { HOST, "Transfer-Encoding: " } },
    { "xchunked", "PUT", "/", "HTTP/1.1",
            { HOST, "Transfer-Encoding: xchunked" } },
    { "chunkedx", "PUT", "/", "HTTP/1.1",
            { HOST, "Transfer-Encoding: chunkedx" } },
    { "quoted", "PUT", "/", "HTTP/1.1",
            { HOST, "Transfer-Encoding: \"chunked\"" } },
    { "two encodings", "PUT", "/", "HTTP/1.1",
            { HOST, "Transfer-Encoding: chunked",
                    "Transfer-Encoding: chunked" } },
    { "chunked in 1.0", "PUT", "/", "HTTP/1.0",
            { HOST, "Transfer-Encoding: chunked" } },
};

static FulcraHttpField
field_of(const char *text)
{
    const char *colon = strchr(text, ':');

    return (FulcraHttpField){ text, (size_t)(colon - text), colon + 2,
        strlen(colon + 2) };
}

static void
test_payload(const void *data)
{
    const Payload *payload = data;
    FulcraHttpField fields[MAX_FIELDS];
    FulcraHttpReceived received = { payload->method, payload->target,
        payload->version, fields, 0 };

    while (received.n_fields < MAX_FIELDS &&
            payload->fields[received.n_fields] != NULL) {
        fields[received.n_fields] =
                field_of(payload->fields[received.n_fields]);
        received.n_fields++;
    }
    if (payload->fine)
        g_assert_cmpstr(fulcra__http_guard(&received), ==, NULL);
    else
        g_assert_nonnull(fulcra__http_guard(&received));
}

/* A NUL that libmicrohttpd would count as part of a name or value. */
static void
test_nul(void)
{
    FulcraHttpField fields[] = { { "Host", 4, "a", 1 }, { "X\0Y", 3, "a", 1 } };
    FulcraHttpReceived received = { "GET", "/", "HTTP/1.1", fields, 2 };

    g_assert_nonnull(fulcra__http_guard(&received));
    fields[1] = (FulcraHttpField){ "X", 1, "a\0b", 3 };
    g_assert_nonnull(fulcra__http_guard(&received));
    fields[0] = (FulcraHttpField){ "Host", 4, "a\0b", 3 };
    g_assert_nonnull(fulcra__http_guard(&received));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++) {
        g_autofree char *path = g_strconcat("/http/guard/",
                payloads[i].fine ? "fine/" : "refused/", payloads[i].name,
                NULL);

        g_test_add_data_func(path, &payloads[i], test_payload);
    }
    g_test_add_func("/http/guard/nul", test_nul);
    return g_test_run();
}
