/* SPDX-License-Identifier: MIT */

/* limits.c - see limits.h */

#include "limits.h"

#include <string.h>

static FulcraHttpOriginPolicy
make_origin_policy(const FulcraSettings *settings)
{
    const char *const *origins =
            fulcra_settings_get_list(settings, FULCRA_SETTING_HTTP_ORIGIN);
    FulcraHttpOriginPolicy policy = {
        .mode = FULCRA_HTTP_ORIGIN_LIST,
        .allowed = origins,
        .require = fulcra_settings_get_bool(
                settings, FULCRA_SETTING_HTTP_REQUIRE_ORIGIN),
    };

    if (g_strv_contains(origins, "any"))
        policy.mode = FULCRA_HTTP_ORIGIN_ANY;
    else if (g_strv_contains(origins, "same") || origins[0] == NULL)
        policy.mode = origins[0] != NULL && origins[1] != NULL
                              ? FULCRA_HTTP_ORIGIN_LIST
                              : FULCRA_HTTP_ORIGIN_SAME;
    return policy;
}

static FulcraHttpFormLimits
make_form_limits(const FulcraSettings *settings)
{
#define GET(id) fulcra_settings_get_int(settings, FULCRA_SETTING_HTTP_##id)
    FulcraHttpFormLimits limits = {
        .fields = (unsigned)GET(MAX_PARAMS),
        .value = (size_t)GET(MAX_PARAM),
        .name = (size_t)GET(MAX_PARAM_NAME),
        .part_head = (size_t)GET(MAX_PART_HEAD),
    };
#undef GET

    return limits;
}

FulcraHttpOptions
fulcra_limits_http(const FulcraSettings *settings)
{
    const char *name =
            fulcra_settings_get_text(settings, FULCRA_SETTING_HTTP_SERVER);
    FulcraHttpOptions options = {
        .limits = {
            .body = (size_t)fulcra_settings_get_int(settings, FULCRA_SETTING_HTTP_MAX_BODY),
            .connection_memory = (size_t)fulcra_settings_get_int(
                    settings, FULCRA_SETTING_HTTP_CONNECTION_MEMORY),
            .connection_seconds = (unsigned)(fulcra_settings_get_int(settings,
                    FULCRA_SETTING_HTTP_IDLE_TIMEOUT) / 1000),
            .connections = (unsigned)fulcra_settings_get_int(
                    settings, FULCRA_SETTING_HTTP_MAX_CONNECTIONS),
            .per_address = (unsigned)fulcra_settings_get_int(
                    settings, FULCRA_SETTING_HTTP_MAX_PER_ADDRESS),
            .exchange_ms = (unsigned)fulcra_settings_get_int(
                    settings, FULCRA_SETTING_HTTP_ANSWER_TIMEOUT),
            .fields = (unsigned)fulcra_settings_get_int(
                    settings, FULCRA_SETTING_HTTP_MAX_HEADERS),
            .cookies = (unsigned)fulcra_settings_get_int(
                    settings, FULCRA_SETTING_HTTP_MAX_COOKIES),
            .form = make_form_limits(settings),
        },
        .origin = make_origin_policy(settings),
        .playground = fulcra_settings_get_bool(
                settings, FULCRA_SETTING_PLAYGROUND),
        .server = name[0] != '\0' ? name : NULL,
    };

    return options;
}

static FulcraSlowPolicy
slow_policy(const FulcraSettings *settings)
{
    const char *name =
            fulcra_settings_get_text(settings, FULCRA_SETTING_WS_SLOW);

    if (strcmp(name, "skip") == 0)
        return FULCRA_SLOW_SKIP;
    return strcmp(name, "latest") == 0 ? FULCRA_SLOW_LATEST : FULCRA_SLOW_CLOSE;
}

FulcraWebSocketLimits
fulcra_limits_websocket(const FulcraSettings *settings)
{
#define GET(id) fulcra_settings_get_int(settings, FULCRA_SETTING_WS_##id)
    FulcraWebSocketLimits limits = {
        .message = (size_t)GET(MAX_MESSAGE),
        .queue = (unsigned)GET(MAX_QUEUE),
        .outbound = (size_t)GET(MAX_OUTBOUND),
        .slow = slow_policy(settings),
        .sockets = (unsigned)GET(MAX_SOCKETS),
        .per_address = (unsigned)GET(MAX_PER_ADDRESS),
        .subscriptions = (unsigned)GET(MAX_SUBSCRIPTIONS),
        .messages_per_second = (unsigned)GET(MAX_RATE),
        .close_on_error = fulcra_settings_get_bool(
                settings, FULCRA_SETTING_WS_CLOSE_ON_ERROR),
        .handshake_ms = (unsigned)GET(HANDSHAKE_TIMEOUT),
        .ping_ms = (unsigned)GET(PING_INTERVAL),
        .closing_ms = (unsigned)GET(CLOSE_TIMEOUT),
        .stop_ms = (unsigned)GET(STOP_TIMEOUT),
        .inbound_total = (size_t)GET(MAX_INBOUND_TOTAL),
        .outbound_total = (size_t)GET(MAX_OUTBOUND_TOTAL),
        .deflate =
                fulcra_settings_get_bool(settings, FULCRA_SETTING_WS_COMPRESS),
        .deflate_window = (unsigned)GET(COMPRESS_WINDOW),
        .deflate_least = (size_t)GET(COMPRESS_FROM),
    };
#undef GET

    return limits;
}

FulcraChangeLimits
fulcra_limits_change(const FulcraSettings *settings)
{
#define GET(id) (unsigned)fulcra_settings_get_int(settings, FULCRA_SETTING_##id)
    FulcraChangeLimits limits = {
        .probe_ms = GET(PROBE_TIMEOUT),
        .start_ms = GET(START_TIMEOUT),
        .hold_ms = GET(HOLD_TIMEOUT),
        .close_ms = GET(CLOSE_TIMEOUT),
    };
#undef GET

    return limits;
}
