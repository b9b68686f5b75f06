/* SPDX-License-Identifier: MIT */

/*
 * settings.c - values of the settings, and the texts that stand for them
 *
 * A value is kept as the texts that gave it, one where the type is no list,
 * and as a number where the type has one: BOOL, INT, SIZE in bytes, DURATION in
 * milliseconds. Filled in by the main thread before any other is started; only
 * read after that.
 */

#include "settings.h"
#include "listen.h"
#include "settings_private.h"
#include <fulcra/error.h>

#include <string.h>

const char *const fulcra_log_levels[] = {
    "error",
    "warning",
    "info",
    "debug",
    NULL,
};

const char *const fulcra_slow_policies[] = {
    "close",
    "skip",
    "latest",
    NULL,
};

const FulcraSettingSpec fulcra_setting_specs[FULCRA_N_SETTINGS] = {
#define X(prefix, enumerator, TYPE, name, fallback, least, most, choices,      \
        option, commands, metavar, help)                                       \
    { prefix name,                                                             \
        { name, FULCRA_SCHEMA_##TYPE, false, fallback, NULL, choices, least,   \
                most, help },                                                  \
        option, commands, metavar },
    FULCRA_SETTINGS_TABLE(X)
#undef X
};

static bool
is_list(FulcraSetting id)
{
    return fulcra_setting_specs[id].key.type == FULCRA_SCHEMA_TEXTS;
}

static bool
is_number(FulcraSetting id)
{
    FulcraSchemaType type = fulcra_setting_specs[id].key.type;

    return type == FULCRA_SCHEMA_INT || type == FULCRA_SCHEMA_DURATION ||
           type == FULCRA_SCHEMA_SIZE;
}

/* --- texts to values --- */

/* The largest unit that divides it. (transfer full) */
static char *
format_number(FulcraSchemaType type, int64_t number)
{
    static const struct {
        FulcraSchemaType type;
        int64_t factor;
        const char *unit;
    } units[] = {
        { FULCRA_SCHEMA_SIZE, INT64_C(1) << 30, "GiB" },
        { FULCRA_SCHEMA_SIZE, INT64_C(1) << 20, "MiB" },
        { FULCRA_SCHEMA_SIZE, INT64_C(1) << 10, "KiB" },
        { FULCRA_SCHEMA_SIZE, 1, "B" },
        { FULCRA_SCHEMA_DURATION, 3600 * 1000, "h" },
        { FULCRA_SCHEMA_DURATION, 60 * 1000, "m" },
        { FULCRA_SCHEMA_DURATION, 1000, "s" },
        { FULCRA_SCHEMA_DURATION, 1, "ms" },
    };

    for (size_t i = 0; number != 0 && i < G_N_ELEMENTS(units); i++)
        if (units[i].type == type && number % units[i].factor == 0)
            return g_strdup_printf("%" G_GINT64_FORMAT "%s",
                    number / units[i].factor, units[i].unit);
    return g_strdup_printf("%" G_GINT64_FORMAT, number);
}

static char *
describe_range(const FulcraSchemaKey *key, const char *noun)
{
    g_autofree char *least = format_number(key->type, key->min);
    g_autofree char *most = format_number(key->type, key->max);

    return g_strdup_printf("%s from %s to %s", noun, least, most);
}

char *
fulcra_setting_describe_type(const FulcraSettingSpec *spec)
{
    if (spec->key.choices != NULL) {
        g_autofree char *list = g_strjoinv(", ", (char **)spec->key.choices);
        return g_strdup_printf("one of %s", list);
    }
    if (spec == &fulcra_setting_specs[FULCRA_SETTING_ADMIN])
        return g_strdup("a path, auto or off");
    if (spec == &fulcra_setting_specs[FULCRA_SETTING_EXPLORER])
        return g_strdup("an ADDRESS:PORT of loopback, auto or off");
    if (spec == &fulcra_setting_specs[FULCRA_SETTING_LISTEN] ||
            spec == &fulcra_setting_specs[FULCRA_SETTING_MONITOR])
        return g_strdup("an ADDRESS:PORT such as 127.0.0.1:8080 or [::1]:0");
    if (spec == &fulcra_setting_specs[FULCRA_SETTING_HTTP_ORIGIN])
        return g_strdup("same, any, or an origin such as https://example.org");
    switch (spec->key.type) {
    case FULCRA_SCHEMA_BOOL:
        return g_strdup("true or false");
    case FULCRA_SCHEMA_INT:
        return describe_range(&spec->key, "a whole number");
    case FULCRA_SCHEMA_SIZE:
        return describe_range(&spec->key, "a size");
    case FULCRA_SCHEMA_DURATION:
        return describe_range(&spec->key, "a time");
    case FULCRA_SCHEMA_TEXTS:
        return g_strdup("a list of texts");
    default:
        return g_strdup("a text");
    }
}

static bool
parse_bool(const char *text, int64_t *number)
{
    *number = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    return *number != 0 || strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static bool
parse_number(const FulcraSchemaKey *key, const char *text, int64_t *number)
{
    bool fits;

    if (key->type == FULCRA_SCHEMA_SIZE)
        fits = fulcra_host_parse_size(text, number, NULL);
    else if (key->type == FULCRA_SCHEMA_DURATION)
        fits = fulcra_host_parse_duration(text, number, NULL);
    else
        return g_ascii_string_to_signed(
                text, 10, key->min, key->max, number, NULL);
    return fits && *number >= key->min && *number <= key->max;
}

static bool
is_listen(const char *text)
{
    uint16_t port;

    return fulcra_listen_parse(text, NULL, &port);
}

/* As a browser writes it: a scheme and an authority, and no path. */
static bool
is_origin(const char *text)
{
    const char *rest = strstr(text, "://");

    return strcmp(text, "same") == 0 || strcmp(text, "any") == 0 ||
           ((g_str_has_prefix(text, "http://") ||
                    g_str_has_prefix(text, "https://")) &&
                   rest[3] != '\0' && strpbrk(rest + 3, "/?# ") == NULL);
}

static bool
each_fits(const char *text, bool (*fits)(const char *text))
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);

    for (size_t i = 0; parts[i] != NULL; i++)
        if (!fits(g_strstrip(parts[i])))
            return false;
    return true;
}

static bool
parse(FulcraSetting id, const char *text, int64_t *number)
{
    const FulcraSchemaKey *key = &fulcra_setting_specs[id].key;

    *number = 0;
    if (id == FULCRA_SETTING_LISTEN)
        return each_fits(text, is_listen);
    if (id == FULCRA_SETTING_MONITOR)
        return *text == '\0' || each_fits(text, is_listen);
    if (id == FULCRA_SETTING_EXPLORER)
        return strcmp(text, "auto") == 0 || strcmp(text, "off") == 0 ||
               fulcra_listen_is_loopback(text);
    if (id == FULCRA_SETTING_ADMIN)
        return *text != '\0';
    if (id == FULCRA_SETTING_HTTP_ORIGIN)
        return each_fits(text, is_origin);
    if (key->type == FULCRA_SCHEMA_BOOL)
        return parse_bool(text, number);
    if (is_number(id))
        return parse_number(key, text, number);
    return key->choices == NULL || g_strv_contains(key->choices, text);
}

/* --- storing --- */

static void
value_append(SettingValue *value, const char *text)
{
    g_ptr_array_insert(
            value->texts, (int)value->texts->len - 1, g_strdup(text));
}

static void
value_append_list(SettingValue *value, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);

    for (size_t i = 0; parts[i] != NULL; i++)
        if (*g_strstrip(parts[i]) != '\0')
            value_append(value, parts[i]);
}

void
fulcra__settings_begin(
        FulcraSettings *self, FulcraSetting id, const char *origin)
{
    SettingValue *value = &self->values[id];

    if (is_list(id) && g_strcmp0(value->origin, origin) == 0)
        return;
    g_free(value->origin);
    value->origin = g_strdup(origin);
    g_clear_pointer(&value->texts, g_ptr_array_unref);
    value->texts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(value->texts, NULL);
}

static void
not_fitting(
        FulcraSetting id, const char *text, const char *origin, GError **error)
{
    g_autofree char *right =
            fulcra_setting_describe_type(&fulcra_setting_specs[id]);

    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "%s: '%s' is not %s", origin, text, right);
}

bool
fulcra__settings_append(FulcraSettings *self, FulcraSetting id,
        const char *text, GError **error)
{
    int64_t number;

    if (!parse(id, text, &number)) {
        not_fitting(id, text, self->values[id].origin, error);
        return false;
    }
    value_append(&self->values[id], text);
    return true;
}

bool
fulcra_settings_set(FulcraSettings *self, FulcraSetting id, const char *text,
        const char *origin, GError **error)
{
    g_return_val_if_fail(id < FULCRA_N_SETTINGS && text != NULL, false);

    int64_t number;

    if (!parse(id, text, &number)) {
        not_fitting(id, text, origin, error);
        return false;
    }
    fulcra__settings_begin(self, id, origin);
    self->values[id].number = number;
    if (is_list(id))
        value_append_list(&self->values[id], text);
    else
        value_append(&self->values[id], text);
    return true;
}

FulcraSettings *
fulcra_settings_new(void)
{
    FulcraSettings *self = g_new0(FulcraSettings, 1);

    for (unsigned i = 0; i < FULCRA_N_SETTINGS; i++) {
        bool fits = fulcra_settings_set(self, (FulcraSetting)i,
                fulcra_setting_specs[i].key.fallback, "default", NULL);
        g_assert(fits);
    }
    return self;
}

void
fulcra_settings_free(FulcraSettings *self)
{
    if (self == NULL)
        return;
    for (size_t i = 0; i < FULCRA_N_SETTINGS; i++) {
        g_free(self->values[i].origin);
        g_ptr_array_unref(self->values[i].texts);
    }
    g_clear_pointer(&self->document, fulcra_host_document_unref);
    g_free(self);
}

/* --- reading --- */

bool
fulcra_settings_get_bool(const FulcraSettings *self, FulcraSetting id)
{
    g_assert(fulcra_setting_specs[id].key.type == FULCRA_SCHEMA_BOOL);
    return self->values[id].number != 0;
}

int64_t
fulcra_settings_get_int(const FulcraSettings *self, FulcraSetting id)
{
    g_assert(is_number(id));
    return self->values[id].number;
}

const char *
fulcra_settings_get_text(const FulcraSettings *self, FulcraSetting id)
{
    g_assert(!is_list(id));
    return self->values[id].texts->pdata[0];
}

const char *const *
fulcra_settings_get_list(const FulcraSettings *self, FulcraSetting id)
{
    g_assert(is_list(id));
    return (const char *const *)self->values[id].texts->pdata;
}

const char *
fulcra_settings_get_origin(const FulcraSettings *self, FulcraSetting id)
{
    return self->values[id].origin;
}

FulcraSetting
fulcra_settings_find(const char *name, GError **error)
{
    const char *names[FULCRA_N_SETTINGS + 1] = { NULL };

    for (unsigned i = 0; i < FULCRA_N_SETTINGS; i++) {
        names[i] = fulcra_setting_specs[i].name;
        if (strcmp(names[i], name) == 0)
            return (FulcraSetting)i;
    }
    const char *near = fulcra_host_nearest(name, names);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "no setting '%s'; %s%s%s", name,
            near ? "did you mean '" : "'fulcra settings' lists them",
            near ? near : "", near ? "'?" : "");
    return FULCRA_N_SETTINGS;
}

char *
fulcra_settings_format(const FulcraSettings *self, FulcraSetting id)
{
    return g_strjoinv(",", (char **)self->values[id].texts->pdata);
}

static void *
copy_text(const void *text, void *data)
{
    (void)data;
    return g_strdup(text);
}

void
fulcra_settings_keep(
        FulcraSettings *self, const FulcraSettings *from, FulcraSetting id)
{
    SettingValue *value = &self->values[id];
    const SettingValue *kept = &from->values[id];

    g_ptr_array_unref(value->texts);
    g_free(value->origin);
    value->texts = g_ptr_array_copy(kept->texts, copy_text, NULL);
    g_ptr_array_set_free_func(value->texts, g_free);
    value->origin = g_strdup(kept->origin);
    value->number = kept->number;
}

/* --- the environment --- */

char *
fulcra_setting_environment_name(const FulcraSettingSpec *spec)
{
    GString *name = g_string_new("FULCRA_");

    for (const char *c = spec->name; *c != '\0'; c++) {
        if (g_ascii_isupper(*c))
            g_string_append_c(name, '_');
        g_string_append_c(name, *c == '.' ? '_' : g_ascii_toupper(*c));
    }
    return g_string_free(name, FALSE);
}

bool
fulcra_settings_load_environment(FulcraSettings *self, GError **error)
{
    for (unsigned i = 0; i < FULCRA_N_SETTINGS; i++) {
        g_autofree char *name =
                fulcra_setting_environment_name(&fulcra_setting_specs[i]);
        const char *text = g_getenv(name);

        if (text != NULL &&
                !fulcra_settings_set(self, (FulcraSetting)i, text, name, error))
            return false;
    }
    return true;
}
