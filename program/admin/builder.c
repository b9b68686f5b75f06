/* SPDX-License-Identifier: MIT */

/* builder.c - members of answers, and finding what a short name means */

#include "call.h"

#include <fulcra-host/schema.h>
#include <string.h>

JsonBuilder *
fulcra_admin_builder_new(void)
{
    return json_builder_begin_object(json_builder_new());
}

void
fulcra_admin_put_text(JsonBuilder *builder, const char *name, const char *text)
{
    if (text == NULL)
        return;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, valid);
}

void
fulcra_admin_put_int(JsonBuilder *builder, const char *name, int64_t number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, number);
}

void
fulcra_admin_put_bool(JsonBuilder *builder, const char *name, bool value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
}

void
fulcra_admin_put_time(JsonBuilder *builder, const char *name, int64_t us)
{
    if (us == 0)
        return;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(us / 1000000);
    g_autofree char *text = g_date_time_format_iso8601(time);
    fulcra_admin_put_text(builder, name, text);
}

void
fulcra_admin_begin_list(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
}

void
fulcra_admin_put_texts(
        JsonBuilder *builder, const char *name, const char *const *texts)
{
    fulcra_admin_begin_list(builder, name);
    for (; texts != NULL && *texts != NULL; texts++)
        json_builder_add_string_value(builder, *texts);
    json_builder_end_array(builder);
}

void
fulcra_admin_put_traced(JsonBuilder *builder, const FulcraTraceRecord *traced)
{
    fulcra_admin_put_int(builder, "depth", traced->depth);
    fulcra_admin_put_text(builder, "verb", fulcra_verb_to_string(traced->verb));
    fulcra_admin_put_text(builder, "identifier", traced->identifier);
    fulcra_admin_put_text(builder, "endpoint", traced->endpoint);
    fulcra_admin_put_text(builder, "space", traced->space);
    fulcra_admin_put_text(builder, "cache", traced->cache);
    fulcra_admin_put_text(builder, "error", traced->error);
}

/* --- short names --- */

/* Whether @part is what @name ends with, from a separator on. */
static bool
is_last_part(const char *name, const char *part)
{
    size_t n_name = strlen(name), n_part = strlen(part);

    return n_part > 0 && n_part < n_name &&
           strcmp(name + n_name - n_part, part) == 0 &&
           strchr(":/", name[n_name - n_part - 1]) != NULL;
}

static void
none_of(const char *const *names, const char *given, const char *noun,
        GError **error)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new();

    for (size_t i = 0; names[i] != NULL; i++) {
        const char *colon = strrchr(names[i], ':');

        g_ptr_array_add(parts, (char *)names[i]);
        if (colon != NULL)
            g_ptr_array_add(parts, (char *)colon + 1);
    }
    g_ptr_array_add(parts, NULL);
    const char *near =
            fulcra_host_nearest(given, (const char *const *)parts->pdata);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "no %s '%s'%s%s%s",
            noun, given, near ? "; did you mean '" : "", near ? near : "",
            near ? "'?" : "");
}

static void
several_of(
        GPtrArray *matches, const char *given, const char *noun, GError **error)
{
    g_ptr_array_add(matches, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)matches->pdata);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "%s '%s' may be any of %s: say more of it", noun, given, all);
}

const char *
fulcra_admin_match(const char *const *names, const char *given,
        const char *noun, GError **error)
{
    g_autoptr(GPtrArray) matches = g_ptr_array_new();

    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], given) == 0)
            return names[i];
        if (is_last_part(names[i], given))
            g_ptr_array_add(matches, (char *)names[i]);
    }
    if (matches->len == 1)
        return matches->pdata[0];
    if (matches->len == 0)
        none_of(names, given, noun, error);
    else
        several_of(matches, given, noun, error);
    return NULL;
}
