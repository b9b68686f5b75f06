/* SPDX-License-Identifier: MIT */

/*
 * doctor.c - fulcra doctor: what will trouble a server on this machine
 *
 * Looks at the machine, at what the settings say, and at the server, if one
 * runs. A finding says what is so, and what would be right.
 */

#include "client.h"

#include "program/setup.h"
#include <fulcra/error.h>
#include <fulcra/module.h>
#include <fulcra/version.h>

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum { FINE, WARNING, WRONG } Grade;

static const char *const grades[] = { "fine", "warning", "wrong" };

typedef struct {
    const FulcraOptions *options;
    const FulcraSettings *settings;
    JsonBuilder *builder; /* in the list of checks */
    bool json;
    Grade worst;
} Doctor;

static void FULCRA_PRINTF(4, 5) find(
        Doctor *self, Grade grade, const char *check, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    self->worst = MAX(self->worst, grade);
    json_builder_begin_object(self->builder);
    json_builder_set_member_name(self->builder, "check");
    json_builder_add_string_value(self->builder, check);
    json_builder_set_member_name(self->builder, "grade");
    json_builder_add_string_value(self->builder, grades[grade]);
    json_builder_set_member_name(self->builder, "message");
    json_builder_add_string_value(self->builder, message);
    json_builder_end_object(self->builder);
    if (!self->json)
        printf("%-8s %-12s %s\n", grades[grade], check, message);
}

/* --- the machine --- */

static void
check_descriptors(Doctor *self)
{
    uint64_t wanted = (uint64_t)fulcra_settings_get_int(
            self->settings, FULCRA_SETTING_WS_MAX_SOCKETS);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_max >= wanted + 1024)
        find(self, FINE, "descriptors",
                "%" G_GUINT64_FORMAT " at most: enough for "
                "websocket.maxSockets",
                (uint64_t)limit.rlim_max);
    else
        find(self, WARNING, "descriptors",
                "%" G_GUINT64_FORMAT " at most, websocket.maxSockets is "
                "%" G_GUINT64_FORMAT ": raise LimitNOFILE= or 'ulimit -Hn'",
                (uint64_t)limit.rlim_max, wanted);
}

/* -1 where the kernel does not say. */
static int64_t
read_kernel(const char *path)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return -1;
    return g_ascii_strtoll(text, NULL, 10);
}

static void
check_kernel(Doctor *self)
{
    static const struct {
        const char *name, *path;
        int64_t least;
        const char *why;
    } table[] = {
        { "net.core.somaxconn", "/proc/sys/net/core/somaxconn", 1024,
                "connections that wait to be accepted" },
        { "fs.file-max", "/proc/sys/fs/file-max", 131072,
                "descriptors of all processes" },
        { "fs.nr_open", "/proc/sys/fs/nr_open", 131072,
                "descriptors of one process" },
        { "fs.inotify.max_user_watches",
                "/proc/sys/fs/inotify/max_user_watches", 1024,
                "folders of modules that are watched" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        int64_t value = read_kernel(table[i].path);

        if (value < 0)
            find(self, WARNING, "kernel", "%s cannot be read", table[i].name);
        else if (value < table[i].least)
            find(self, WARNING, "kernel",
                    "%s = %" G_GINT64_FORMAT " (%s): at least "
                    "%" G_GINT64_FORMAT " would be right; sysctl -w sets it",
                    table[i].name, value, table[i].why, table[i].least);
        else
            find(self, FINE, "kernel", "%s = %" G_GINT64_FORMAT, table[i].name,
                    value);
    }
}

/* --- modules --- */

/* What others may write, they may have the server run. */
static void
check_folder(Doctor *self, const char *path)
{
    struct stat there;

    if (stat(path, &there) != 0 || !S_ISDIR(there.st_mode))
        find(self, WRONG, "modules", "%s: %s", path,
                errno != 0 ? g_strerror(errno) : "no folder");
    else if (access(path, R_OK | X_OK) != 0)
        find(self, WRONG, "modules", "%s cannot be read by this user", path);
    else if (there.st_mode & S_IWOTH && !(there.st_mode & S_ISVTX))
        find(self, WRONG, "modules",
                "%s can be written by everybody, who could have the server "
                "run anything: chmod o-w",
                path);
    else
        find(self, FINE, "modules", "%s", path);
}

static void
check_modules(Doctor *self)
{
    const char *const *folders =
            fulcra_settings_get_list(self->settings, FULCRA_SETTING_MODULES);

    for (; *folders != NULL; folders++) {
        errno = 0;
        check_folder(self, *folders);
    }
}

/* --- the server --- */

static bool
check_socket(Doctor *self, const char *path)
{
    struct stat there;

    if (lstat(path, &there) != 0) {
        find(self, WARNING, "server",
                "no server answers at %s: what follows from one was not "
                "looked at",
                path);
        return false;
    }
    if (!S_ISSOCK(there.st_mode)) {
        find(self, WRONG, "socket", "%s is no socket", path);
        return false;
    }
    if (there.st_mode & 077)
        find(self, WRONG, "socket",
                "%s has mode %04o, and 0600 would be right: others could "
                "connect, and are refused",
                path, there.st_mode & 07777);
    else
        find(self, FINE, "socket", "%s is its owner's alone", path);
    return true;
}

static void
check_version(Doctor *self, JsonObject *server)
{
    const char *version = json_object_get_string_member(server, "version");
    int64_t abi = json_object_get_int_member_with_default(server, "abi", 0);

    if (strcmp(version, fulcra_version()) != 0 || abi != FULCRA_ABI)
        find(self, WARNING, "version",
                "the server is %s (module ABI %" G_GINT64_FORMAT
                "), this program %s (%u): restart the server to have it "
                "run what is installed",
                version, abi, fulcra_version(), FULCRA_ABI);
    else
        find(self, FINE, "version", "%s (module ABI %u), the server's too",
                version, FULCRA_ABI);
}

static void
check_running(Doctor *self, JsonObject *server)
{
    const char *state = json_object_get_string_member(server, "state");

    check_version(self, server);
    if (strcmp(state, "ready") == 0)
        find(self, FINE, "server", "ready");
    else
        find(self, WARNING, "server", "%s", state);
    if (json_object_get_boolean_member_with_default(
                server, "playground", false))
        find(self, WARNING, "server",
                "a playground: it shows clients what went wrong inside");
}

static void
check_loaded(Doctor *self, JsonObject *answer)
{
    g_autoptr(GList) modules = fulcra_print_list(answer, "modules");
    unsigned n = 0;

    for (GList *link = modules; link != NULL; link = link->next, n++) {
        g_autofree char *uri = fulcra_print_text(link->data, "uri");
        g_autofree char *failure = fulcra_print_text(link->data, "failure");
        g_autofree char *failed_at = fulcra_print_text(link->data, "failed_at");

        if (*failure != '\0')
            find(self, WARNING, "modules", "%s: a change failed at %s: %s", uri,
                    failed_at, failure);
    }
    find(self, n > 0 ? FINE : WARNING, "modules", "%u loaded", n);
}

static void
check_server(Doctor *self)
{
    static const struct {
        const char *path;
        void (*check)(Doctor *self, JsonObject *answer);
    } questions[] = { { "/server", check_running },
        { "/modules", check_loaded } };
    g_autofree char *socket = fulcra_client_find_socket(self->options);

    if (!check_socket(self, socket))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
        g_autoptr(FulcraQuestion) question =
                fulcra_question_new("GET", questions[i].path);
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) answer =
                fulcra_client_ask(socket, question, &error);

        if (answer == NULL) {
            find(self, WRONG, "server", "%s", error->message);
            return;
        }
        questions[i].check(self, json_node_get_object(answer));
    }
}

/* --- the command --- */

static void
print_json(Doctor *self)
{
    json_builder_end_array(self->builder);
    json_builder_set_member_name(self->builder, "worst");
    json_builder_add_string_value(self->builder, grades[self->worst]);
    json_builder_end_object(self->builder);
    g_autoptr(JsonNode) root = json_builder_get_root(self->builder);
    if (self->json)
        fulcra_client_print_json(root);
}

static int
doctor(FulcraOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraSettings) settings =
            fulcra_options_load_settings(options, &error);
    g_autoptr(JsonBuilder) builder = json_builder_new();
    Doctor self = { options, settings, builder,
        fulcra_options_has(options, "json"), FINE };

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "checks");
    json_builder_begin_array(builder);
    if (settings == NULL) {
        find(&self, WRONG, "settings", "%s", error->message);
    } else {
        find(&self, FINE, "settings", "all in order");
        check_descriptors(&self);
        check_modules(&self);
    }
    check_kernel(&self);
    check_server(&self);
    print_json(&self);
    return self.worst == WRONG ? FULCRA_EXIT_FAILED : FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_doctor = {
    .name = "doctor",
    .settings = FULCRA_FOR_REQUEST,
    .admin = true,
    .summary = "Look for what will trouble a server on this machine.",
    .text = "Settings, limits of the system, folders of modules, and the "
            "server, if one runs.\nThe exit status is 1 where something is "
            "wrong; a warning is none.",
    .run = doctor,
};
