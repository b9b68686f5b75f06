/* SPDX-License-Identifier: MIT */

/* listen.c - see listen.h */

#include "listen.h"

#include <gio/gio.h>
#include <string.h>

static bool
is_address(const char *address, bool bracketed)
{
    g_autoptr(GInetAddress) parsed = g_inet_address_new_from_string(address);

    if (parsed == NULL)
        return !bracketed && strcmp(address, "localhost") == 0;
    return (g_inet_address_get_family(parsed) == G_SOCKET_FAMILY_IPV6) ==
           bracketed;
}

bool
fulcra_listen_parse(const char *text, char **address, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    uint64_t number;

    if (colon == NULL || colon == text ||
            !g_ascii_string_to_unsigned(
                    colon + 1, 10, 0, UINT16_MAX, &number, NULL))
        return false;

    bool bracketed = text[0] == '[' && colon[-1] == ']';
    g_autofree char *host =
            g_strndup(text + bracketed, (size_t)(colon - text) - 2 * bracketed);
    if (!is_address(host, bracketed))
        return false;
    *port = (uint16_t)number;
    if (address != NULL)
        *address = g_steal_pointer(&host);
    return true;
}

bool
fulcra_listen_is_loopback(const char *text)
{
    g_autofree char *address = NULL;
    uint16_t port;

    if (!fulcra_listen_parse(text, &address, &port))
        return false;
    g_autoptr(GInetAddress) parsed = g_inet_address_new_from_string(address);
    return parsed == NULL || g_inet_address_get_is_loopback(parsed);
}
