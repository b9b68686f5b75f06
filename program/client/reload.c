/* SPDX-License-Identifier: MIT */

/* reload.c - fulcra reload */

#include "client.h"

#include <stdio.h>

static void
print_settings(JsonObject *answer, const char *list, const char *note)
{
    g_autoptr(GList) settings = fulcra_print_list(answer, list);

    for (GList *link = settings; link != NULL; link = link->next) {
        g_autofree char *name = fulcra_print_text(link->data, "name");
        g_autofree char *before = fulcra_print_text(link->data, "before");
        g_autofree char *after = fulcra_print_text(link->data, "after");

        printf("%s = %s, was %s%s\n", name, *after ? after : "\"\"",
                *before ? before : "\"\"", note);
    }
}

static int
print_reload(JsonObject *answer, const FulcraOptions *options)
{
    (void)options;
    JsonArray *modules = json_object_get_array_member(answer, "modules");

    if (json_array_get_length(
                json_object_get_array_member(answer, "changed")) == 0 &&
            json_array_get_length(modules) == 0)
        printf("nothing changed\n");
    print_settings(answer, "changed", "");
    for (unsigned i = 0; i < json_array_get_length(modules); i++) {
        const char *uri = json_array_get_string_element(modules, i);

        printf("settings of %s: taken by 'fulcra module reload %s'\n", uri,
                uri);
    }
    print_settings(answer, "restart", ": NOT TAKEN, needs a restart");
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_reload = {
    .name = "reload",
    .admin = true,
    .summary = "Let a running server read its configuration again.",
    .text = "Listeners, limits and the log level change, and no socket is "
            "closed; what needs\na restart is named. A configuration that is "
            "wrong in any way changes nothing.\nSIGHUP does the same.",
    .ask = &(const FulcraAsk){ "PUT", "/configuration", .print = print_reload },
    .run = fulcra_client_run,
};
