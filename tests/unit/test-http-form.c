/* SPDX-License-Identifier: MIT */

/*
 * Forms, urlencoded and multipart, as browsers send them and as nobody should
 */

#include "http/form.h"

#include <fulcra/error.h>
#include <string.h>

#define MULTIPART "multipart/form-data; boundary=B"
#define FIELD(name, value)                                                     \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value   \
    "\r\n"
#define FILE_HEAD(name, filename)                                              \
    "--B\r\nContent-Disposition: form-data; name=\"" name                      \
    "\"; filename=\"" filename "\"\r\n"
#define LAST "--B--\r\n"

static const FulcraHttpFormLimits limits = FULCRA_HTTP_FORM_LIMITS_DEFAULT;

static FulcraHttpForm *
urlencoded(const char *text, GError **error)
{
    return fulcra__http_form_new("application/x-www-form-urlencoded", text,
            strlen(text), &limits, error);
}

static FulcraHttpForm *
multipart(const char *body, size_t length, GError **error)
{
    return fulcra__http_form_new(MULTIPART, body, length, &limits, error);
}

static char *
to_text(JsonNode *node /* (transfer full) */)
{
    char *text = json_to_string(node, FALSE);

    json_node_unref(node);
    return text;
}

static char *
fields_of(const FulcraHttpForm *form)
{
    return to_text(fulcra__http_forms_to_json(form, NULL));
}

/* --- urlencoded --- */

static void
test_urlencoded(void)
{
    static const struct {
        const char *form, *json; /* json NULL: malformed */
    } table[] = {
        { "", "{}" },
        { "a=b", "{\"a\":\"b\"}" },
        { "a=b&a=c&a=d", "{\"a\":[\"b\",\"c\",\"d\"]}" },
        { "a=x+y%2B%26", "{\"a\":\"x y+&\"}" },
        { "a=", "{\"a\":\"\"}" },
        { "a=1%0d%0a2", "{\"a\":\"1\\r\\n2\"}" },
        { "%C3%A9=1", "{\"\xc3\xa9\":\"1\"}" },
        { "%C3%A9=1", "{\"\xc3\xa9\":\"1\"}" },
        { "a=%zz", NULL },
        { "a=%f", NULL },
        { "a=%ff", NULL },
        { "a=\xff", NULL },
        { "\xc3=a", NULL },
        { "a=%00", NULL },
        { "a%0a=1", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraHttpForm) form = urlencoded(table[i].form, &error);
        g_autofree char *text = form == NULL ? NULL : fields_of(form);

        g_test_message("%s", table[i].form);
        g_assert_cmpstr(text, ==, table[i].json);
        if (text == NULL)
            g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    }
}

static void
test_urlencoded_nul(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(fulcra__http_form_new_urlencoded("a=\0b", 4, NULL, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
}

static void
test_urlencoded_limits(void)
{
    static const FulcraHttpFormLimits small = { 2, 4, 3, 0 };
    static const struct {
        const char *form;
        bool fits;
    } table[] = {
        { "a=1&b=2", true },
        { "abc=1234", true },
        { "a=1&b=2&c=3", false },
        { "a=1&a=2&a=3", false },
        { "abcd=1", false },
        { "a=12345", false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraHttpForm) form = fulcra__http_form_new_urlencoded(
                table[i].form, strlen(table[i].form), &small, &error);

        g_test_message("%s", table[i].form);
        g_assert_true((form != NULL) == table[i].fits);
        if (form == NULL)
            g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE);
    }
}

static void
test_the_body_wins(void)
{
    g_autoptr(FulcraHttpForm) query = urlencoded("a=1&b=2&b=3&c=4", NULL);
    g_autoptr(FulcraHttpForm) body = urlencoded("b=5&d=6&d=7", NULL);
    g_autofree char *text = to_text(fulcra__http_forms_to_json(query, body));

    g_assert_cmpstr(text, ==,
            "{\"a\":\"1\",\"c\":\"4\",\"b\":\"5\",\"d\":[\"6\",\"7\"]}");
    g_assert_cmpstr(fulcra__http_form_find(query, "b"), ==, "2");
    g_assert_cmpstr(fulcra__http_form_find(query, "d"), ==, NULL);
}

static void
test_what_is_a_form(void)
{
    g_assert_true(fulcra__http_form_is("application/x-www-form-urlencoded"));
    g_assert_true(fulcra__http_form_is(
            "Application/X-WWW-Form-urlencoded; charset=utf-8"));
    g_assert_true(fulcra__http_form_is("multipart/form-data;boundary=x"));
    g_assert_false(fulcra__http_form_is("multipart/mixed;boundary=x"));
    g_assert_false(fulcra__http_form_is("multipart/form-data2"));
    g_assert_false(fulcra__http_form_is(""));
}

/* --- multipart --- */

static void
test_multipart(void)
{
    static const struct {
        const char *body, *json;
    } table[] = {
        { LAST, "{}" },
        { "--B--", "{}" },
        { FIELD("a", "b") LAST, "{\"a\":\"b\"}" },
        { FIELD("a", "b") FIELD("c", "") FIELD("a", "d") LAST,
                "{\"a\":[\"b\",\"d\"],\"c\":\"\"}" },
        { FIELD("a", "1\r\n2\r\n\r\n--C\r\n") LAST,
                "{\"a\":\"1\\r\\n2\\r\\n\\r\\n--C\\r\\n\"}" },
        { FIELD("\xc3\xa9", "\xe2\x82\xac") LAST,
                "{\"\xc3\xa9\":\"\xe2\x82\xac\"}" },
        { FIELD("a b=;c", "1") LAST, "{\"a b=;c\":\"1\"}" },
        { FIELD("a\\\"b", "1") LAST, "{\"a\\\"b\":\"1\"}" },
        { "\r\n" FIELD("a", "b") "--B-- \r\nwhatever follows",
                "{\"a\":\"b\"}" },
        { "--B \t\r\ncontent-disposition:form-data;name=a\r\n\r\nb\r\n" LAST,
                "{\"a\":\"b\"}" },
        { "--B\r\nContent-Disposition: form-data; name=a\r\n"
          "Content-Transfer-Encoding: base64\r\n\r\naMOp\r\n" LAST,
                "{\"a\":\"h\xc3\xa9\"}" },
        { "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: "
          "text/plain;charset=utf-8\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n\r\nh=C3=A9\r\n" LAST,
                "{\"a\":\"h\xc3\xa9\"}" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraHttpForm) form =
                multipart(table[i].body, strlen(table[i].body), &error);

        g_test_message("%s", table[i].body);
        g_assert_no_error(error);
        g_autofree char *text = fields_of(form);
        g_assert_cmpstr(text, ==, table[i].json);
    }
}

static void
test_boundaries(void)
{
    static const char seventy[] = "012345678901234567890123456789012345678901"
                                  "2345678901234567890123456789";
    static const struct {
        const char *type, *boundary; /* boundary NULL: refused */
    } table[] = {
        { "multipart/form-data; boundary=B", "B" },
        { "multipart/form-data; charset=utf-8; boundary=\"B\"", "B" },
        { "Multipart/Form-Data;BOUNDARY=----WebKitFormBoundaryX",
                "----WebKitFormBoundaryX" },
        { "multipart/form-data; boundary=\"a b'()+_,-./:=?c\"",
                "a b'()+_,-./:=?c" },
        { "multipart/form-data", NULL },
        { "multipart/form-data; boundary=", NULL },
        { "multipart/form-data; boundary=\"\"", NULL },
        { "multipart/form-data; boundary=\"B \"", NULL },
        { "multipart/form-data; boundary=\"a*b\"", NULL },
        { "multipart/form-data; boundary=\xc3\xa9", NULL },
        { "multipart/form-data; boundary=\"a\tb\"", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *boundary =
                table[i].boundary != NULL ? table[i].boundary : "B";
        g_autofree char *body = g_strdup_printf("--%s\r\nContent-Disposition: "
                                                "form-data; name=a\r\n\r\nb\r\n"
                                                "--%s--\r\n",
                boundary, boundary);
        g_autoptr(FulcraHttpForm) form = fulcra__http_form_new(
                table[i].type, body, strlen(body), &limits, NULL);

        g_test_message("%s", table[i].type);
        g_assert_true((form != NULL) == (table[i].boundary != NULL));
        if (form != NULL)
            g_assert_cmpstr(fulcra__http_form_find(form, "a"), ==, "b");
    }
    for (int extra = 0; extra < 2; extra++) {
        g_autofree char *type =
                g_strconcat("multipart/form-data; boundary=", seventy,
                        extra ? "x" : "", NULL);
        g_autofree char *body =
                g_strconcat("--", seventy, extra ? "x--" : "--", NULL);
        g_autoptr(FulcraHttpForm) form =
                fulcra__http_form_new(type, body, strlen(body), &limits, NULL);

        g_assert_true((form == NULL) == (extra == 1));
    }
}

#define BYTES(text)                                                            \
    {                                                                          \
        text, sizeof(text) - 1                                                 \
    }

static void
test_hostile_multipart(void)
{
    static const struct {
        const char *body;
        size_t length;
    } table[] = {
        BYTES(""),
        BYTES("\r\n"),
        BYTES("B"),
        BYTES("--"),
        BYTES("--B"),
        BYTES("--B\r\n"),
        BYTES("--C--\r\n"),
        BYTES("a preamble\r\n" FIELD("a", "b") LAST),
        BYTES(FIELD("a", "b")),                 /* no end */
        BYTES(FIELD("a", "b") "--B"),           /* half an end */
        BYTES(FIELD("a", "b") "--B-"),          /* nearly an end */
        BYTES(FIELD("a", "b") "--BC\r\n" LAST), /* begins like a delimiter */
        BYTES("--B\n\r\n\r\nb\r\n" LAST),       /* bare line feed */
        BYTES("--B\r\n\r\nb\r\n" LAST),         /* no head */
        BYTES("--B\r\nname=a\r\nb\r\n" LAST),
        BYTES("--B\r\n--B\r\n" LAST),
        BYTES("--B\r\nContent-Type: text/plain\r\n\r\nb\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: form-data\r\n\r\nb\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: attachment; "
              "name=a\r\n\r\nb\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: form-data; name=a\r\n"
              "content-disposition: form-data; name=b\r\n\r\nb\r\n" LAST),
        BYTES(FIELD("", "b") LAST),
        BYTES(FIELD("a\0b", "c") LAST),
        BYTES(FIELD("a", "b\0c") LAST),
        BYTES(FIELD("\xff", "b") LAST),
        BYTES(FIELD("a", "\xff") LAST),
        BYTES(FIELD("a", "\xed\xa0\x80") LAST),
        BYTES(FIELD("=?utf-8?q?a=00b?=\x01", "c") LAST),
        BYTES("--B\r\nContent-Disposition: form-data;\r\n "
              "name=a\r\n\r\nb\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: form-data; name=a\nX: "
              "y\r\n\r\nb\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: form-data; name=a\rX: "
              "y\r\n\r\nb\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: "
              "multipart/mixed; "
              "boundary=C\r\n\r\n--C\r\n\r\nx\r\n--C--\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: "
              "message/rfc822\r\n\r\nSubject: x\r\n\r\nb\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: form-data; name=a\r\n"
              "Content-Transfer-Encoding: x-uuencode\r\n\r\nb\r\n" LAST),
        BYTES("--B\r\nContent-Disposition: form-data; name=a\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\n/w==\r\n" LAST),
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("%s", table[i].body);
        g_assert_null(multipart(table[i].body, table[i].length, &error));
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    }
}

static void
repeat(GString *body, unsigned n, const char *text)
{
    while (n-- > 0)
        g_string_append(body, text);
}

static void
test_multipart_limits(void)
{
    for (int which = 0; which < 5; which++) {
        for (int extra = 0; extra < 2; extra++) {
            g_autoptr(GString) body = g_string_new(NULL);
            g_autoptr(GError) error = NULL;
            unsigned n = 100 + (unsigned)extra;

            if (which == 0) {
                repeat(body, n, FIELD("a", "b"));
            } else if (which == 1) {
                repeat(body, n, FILE_HEAD("a", "") "\r\n\r\n");
            } else if (which == 2) {
                g_string_append(body, "--B\r\nContent-Disposition: form-data; "
                                      "name=a\r\n\r\n");
                repeat(body, 65536 + (unsigned)extra, "x");
                g_string_append(body, "\r\n");
            } else if (which == 3) {
                g_string_append(
                        body, "--B\r\nContent-Disposition: form-data; name=");
                repeat(body, 256 + (unsigned)extra, "x");
                g_string_append(body, "\r\n\r\nb\r\n");
            } else {
                g_string_append(body, "--B\r\nContent-Disposition: form-data; "
                                      "name=a\r\nX: ");
                /* --B and the line break before it are no part of the head. */
                repeat(body,
                        4096 - (unsigned)body->len - 4 + 5 + (unsigned)extra,
                        "x");
                g_string_append(body, "\r\n\r\nb\r\n");
            }
            g_string_append(body, LAST);
            g_autoptr(FulcraHttpForm) form =
                    multipart(body->str, body->len, &error);

            g_test_message("%d %d", which, extra);
            if (extra == 0)
                g_assert_no_error(error);
            else
                g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE);
        }
    }
}

static void
test_ten_thousand_parts(void)
{
    g_autoptr(GString) body = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    repeat(body, 10000, FIELD("a", "b"));
    g_string_append(body, LAST);
    g_assert_null(multipart(body->str, body->len, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE);
}

/* --- files --- */

static void
test_uploads(void)
{
    static const char body[] = FIELD("a", "b") FILE_HEAD("f",
            "x.png") "Content-Type: image/png; "
                     "x=y\r\n\r\n\x89PNG\0\xff\r\n\r\n" FILE_HEAD(
                             "f", "y") "\r\n--C\r\n" FILE_HEAD("none",
                             "") "Content-Type"
                                 ": application/octet-stream\r\n\r\n\r\n" LAST;
    g_autoptr(FulcraHttpForm) form = multipart(body, sizeof body - 1, NULL);
    size_t length;

    g_assert_nonnull(form);
    g_autofree char *fields = fields_of(form);
    g_assert_cmpstr(fields, ==, "{\"a\":\"b\"}");
    g_autofree char *uploads = to_text(fulcra__http_form_uploads_to_json(form));
    g_assert_cmpstr(uploads, ==,
            "[{\"name\":\"f\",\"filename\":\"x.png\",\"type\":\"image/png\","
            "\"size\":8},{\"name\":\"f\",\"filename\":\"y\","
            "\"type\":\"text/plain\",\"size\":3}]");

    FulcraRepresentation *file = fulcra__http_form_get_upload(form, "f", 0);
    g_assert_true(fulcra_representation_has_type(file, "image/png"));
    g_assert_true(fulcra_representation_is_from_outside(file));
    g_assert_cmpstr(
            fulcra_representation_get_header(file, "filename"), ==, "x.png");
    const void *bytes = fulcra_representation_get_bytes(file, &length);
    g_assert_cmpmem(bytes, length, "\x89PNG\0\xff\r\n", 8);

    file = fulcra__http_form_get_upload(form, "f", 1);
    g_assert_cmpstr(fulcra_representation_get_text(file), ==, "--C");
    g_assert_null(fulcra__http_form_get_upload(form, "f", 2));
    g_assert_null(fulcra__http_form_get_upload(form, "a", 0));
    g_assert_null(fulcra__http_form_get_upload(form, "none", 0));
}

/* A type is never interned because a client named it. */
static void
test_upload_types(void)
{
    static const char body[] = FILE_HEAD(
            "f", "x") "Content-Type: x/never-heard-of\r\n\r\n1\r\n" LAST;
    g_autoptr(FulcraHttpForm) form = multipart(body, sizeof body - 1, NULL);
    FulcraRepresentation *file = fulcra__http_form_get_upload(form, "f", 0);

    g_assert_true(fulcra_representation_has_type(file, FULCRA_TYPE_BYTES));
    g_assert_cmpstr(fulcra_representation_get_header(file, "content-type"), ==,
            "x/never-heard-of");
}

static void
test_filenames(void)
{
    static const struct {
        const char *sent, *kept;
    } table[] = {
        { "a.txt", "a.txt" },
        { "\xc3\xa9.txt", "\xc3\xa9.txt" },
        { "/etc/passwd", "passwd" },
        { "../../../etc/passwd", "passwd" },
        { "C:\\\\temp\\\\x.doc", "x.doc" },
        { "a/", "file" },
        { ".", "file" },
        { "..", "file" },
        { "../..", "file" },
        { "....", "file" },
        { ".htaccess", ".htaccess" },
        { "a\x01"
          "b\x7f"
          "c",
                "abc" },
        { "gpj.\xe2\x80\xae"
          "exe",
                "gpj.exe" },
        { " a ", "a" },
        { "a\\\"b", "a\"b" },
        { "a;b=c", "a;b=c" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *body = g_strdup_printf(
                FILE_HEAD("f", "%s") "\r\nx\r\n" LAST, table[i].sent);
        g_autoptr(FulcraHttpForm) form = multipart(body, strlen(body), NULL);

        g_test_message("%s", table[i].sent);
        g_assert_nonnull(form);
        g_assert_cmpstr(
                fulcra_representation_get_header(
                        fulcra__http_form_get_upload(form, "f", 0), "filename"),
                ==, table[i].kept);
    }
}

static void
test_long_filenames(void)
{
    g_autoptr(GString) name = g_string_new(NULL);

    repeat(name, 200, "\xc3\xa9");
    g_autofree char *body =
            g_strdup_printf(FILE_HEAD("f", "%s") "\r\nx\r\n" LAST, name->str);
    g_autoptr(FulcraHttpForm) form = multipart(body, strlen(body), NULL);
    const char *kept = fulcra_representation_get_header(
            fulcra__http_form_get_upload(form, "f", 0), "filename");

    g_assert_cmpuint(strlen(kept), ==, 254);
    g_assert_true(g_utf8_validate(kept, -1, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/form/urlencoded", test_urlencoded);
    g_test_add_func("/http/form/urlencoded/nul", test_urlencoded_nul);
    g_test_add_func("/http/form/urlencoded/limits", test_urlencoded_limits);
    g_test_add_func("/http/form/body-wins", test_the_body_wins);
    g_test_add_func("/http/form/types", test_what_is_a_form);
    g_test_add_func("/http/form/multipart", test_multipart);
    g_test_add_func("/http/form/multipart/boundaries", test_boundaries);
    g_test_add_func("/http/form/multipart/hostile", test_hostile_multipart);
    g_test_add_func("/http/form/multipart/limits", test_multipart_limits);
    g_test_add_func("/http/form/multipart/many", test_ten_thousand_parts);
    g_test_add_func("/http/form/uploads", test_uploads);
    g_test_add_func("/http/form/uploads/types", test_upload_types);
    g_test_add_func("/http/form/uploads/names", test_filenames);
    g_test_add_func("/http/form/uploads/long-names", test_long_filenames);
    return g_test_run();
}
