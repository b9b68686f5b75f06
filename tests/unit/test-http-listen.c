/* SPDX-License-Identifier: MIT */

/*
 * Listening, and what is said where that cannot be
 */

#include "http/listen.h"

#include <fulcra/error.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
listen_on(const char *address, uint16_t port, uint16_t *bound, GError **error)
{
    const FulcraHttpListener listener = { address, port, "urn:test" };

    return fulcra__http_listen(&listener, bound, error);
}

static void
test_any_port(void)
{
    static const char *const addresses[] = { "127.0.0.1", "localhost", "::1",
        "[::1]" };

    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autoptr(GError) error = NULL;
        uint16_t port = 0;
        int fd = listen_on(addresses[i], 0, &port, &error);

        if (fd < 0 && strchr(addresses[i], ':') != NULL)
            continue; /* a machine without IPv6 */
        g_assert_no_error(error);
        g_assert_cmpuint(port, !=, 0);
        close(fd);
    }
}

/* The message names the port, and one that can be had instead. */
static void
test_port_in_use(void)
{
    g_autoptr(GError) error = NULL;
    uint16_t port, other;
    int fd = listen_on("127.0.0.1", 0, &port, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(listen_on("127.0.0.1", port, &other, &error), ==, -1);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED);

    g_autofree char *named = g_strdup_printf("127.0.0.1:%u: the port", port);
    const char *typed = strstr(error->message, "--listen 127.0.0.1:");
    g_assert_nonnull(strstr(error->message, named));
    g_assert_nonnull(typed);
    int again = listen_on("127.0.0.1",
            (uint16_t)atoi(typed + strlen("--listen 127.0.0.1:")), &other,
            NULL);
    g_assert_cmpint(again, >=, 0);
    close(again);
    close(fd);
}

static void
test_addresses_that_are_none(void)
{
    static const struct {
        const char *address;
        int code;
    } table[] = {
        { "", FULCRA_ERROR_BAD_ARGUMENT },
        { "example.org", FULCRA_ERROR_BAD_ARGUMENT },
        { "127.0.0.1.5", FULCRA_ERROR_BAD_ARGUMENT },
        { "[::1", FULCRA_ERROR_BAD_ARGUMENT },
        { "203.0.113.7", FULCRA_ERROR_FAILED }, /* RFC 5737: nobody has it */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;
        uint16_t port;

        g_test_message("%s", table[i].address);
        g_assert_cmpint(listen_on(table[i].address, 0, &port, &error), ==, -1);
        g_assert_error(error, FULCRA_ERROR, table[i].code);
        g_assert_nonnull(strstr(error->message, "--listen 127.0.0.1:"));
    }
}

static void
set_v4(struct sockaddr_storage *address, const char *mapped)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

    memset(address, 0, sizeof *address);
    v6->sin6_family = AF_INET6;
    v6->sin6_addr.s6_addr[10] = v6->sin6_addr.s6_addr[11] = 0xff;
    memcpy(v6->sin6_addr.s6_addr + 12, mapped, 4);
}

static void
test_addresses_of_clients(void)
{
    struct sockaddr_storage address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    char host[INET6_ADDRSTRLEN];

    set_v4(&address, "\x7f\0\0\x05");
    fulcra__http_address_to_host(&address, host);
    g_assert_cmpstr(host, ==, "127.0.0.5");
    g_assert_true(fulcra__http_address_is_loopback(&address));
    set_v4(&address, "\xc0\0\x02\x01");
    fulcra__http_address_to_host(&address, host);
    g_assert_cmpstr(host, ==, "192.0.2.1");
    g_assert_false(fulcra__http_address_is_loopback(&address));

    v6->sin6_addr = in6addr_loopback;
    fulcra__http_address_to_host(&address, host);
    g_assert_cmpstr(host, ==, "::1");
    g_assert_true(fulcra__http_address_is_loopback(&address));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/listen/any-port", test_any_port);
    g_test_add_func("/http/listen/port-in-use", test_port_in_use);
    g_test_add_func("/http/listen/no-addresses", test_addresses_that_are_none);
    g_test_add_func("/http/listen/clients", test_addresses_of_clients);
    return g_test_run();
}
