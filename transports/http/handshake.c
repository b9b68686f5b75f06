/* SPDX-License-Identifier: MIT */

/*
 * handshake.c - recognising and checking WebSocket handshakes; pure functions
 */

#include "http/handshake.h"

#include <string.h>

/* RFC 6455 section 1.3 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

bool
fulcra__http_list_has(const char *list, const char *token)
{
    size_t n_token = strlen(token);

    while (list != NULL && *list != '\0') {
        list += strspn(list, ", \t");
        size_t length = strcspn(list, ",");
        size_t trimmed = length;

        while (trimmed > 0 && strchr(" \t", list[trimmed - 1]) != NULL)
            trimmed--;
        if (trimmed == n_token &&
                g_ascii_strncasecmp(list, token, n_token) == 0)
            return true;
        list += length;
    }
    return false;
}

bool
fulcra__http_handshake_asked(FulcraHttpHead *head, const char *version)
{
    return strcmp(version, "HTTP/1.1") == 0 &&
           strcmp(fulcra_http_head_get_method(head), "GET") == 0 &&
           fulcra__http_list_has(
                   fulcra_http_head_get_header(head, "upgrade"), "websocket");
}

/* 16 bytes in base64 are 22 characters and "=="; of the last character two
 * bits are used. */
static bool
is_key(const char *key)
{
    if (key == NULL || strlen(key) != 24 || strcmp(key + 22, "==") != 0)
        return false;
    for (int i = 0; i < 22; i++)
        if (!g_ascii_isalnum(key[i]) && key[i] != '+' && key[i] != '/')
            return false;
    return strchr("AQgw", key[21]) != NULL;
}

unsigned
fulcra__http_handshake_check(
        FulcraHttpHead *head, const char *key, const char **reason)
{
    const char *version =
            fulcra_http_head_get_header(head, "sec-websocket-version");

    if (!fulcra__http_list_has(
                fulcra_http_head_get_header(head, "connection"), "upgrade")) {
        *reason = "Connection does not name Upgrade";
        return 400;
    }
    if (version == NULL || strcmp(version, "13") != 0) {
        *reason = "the WebSocket version is not 13";
        return 426;
    }
    if (!is_key(key)) {
        *reason = "Sec-WebSocket-Key is not 16 bytes in base64, once";
        return 400;
    }
    return 0;
}

char *
fulcra__http_handshake_accept(const char *key)
{
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
    uint8_t digest[20];
    gsize length = sizeof digest;

    g_checksum_update(sha1, (const guchar *)key, -1);
    g_checksum_update(sha1, (const guchar *)ACCEPT_GUID, -1);
    g_checksum_get_digest(sha1, digest, &length);
    return g_base64_encode(digest, length);
}
