/* SPDX-License-Identifier: MIT */

/*
 * print.c - answers as text
 *
 * Ids and paths of sockets come from clients: whatever a terminal would take
 * for a command is escaped here.
 */

#include "client.h"
#include "program/terminal.h"

#include <stdio.h>
#include <string.h>

/* (transfer full) */
static char *
make_safe(const char *text)
{
    GString *safe = g_string_new(NULL);

    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at))
        fulcra_terminal_append(safe, g_utf8_get_char(at));
    return g_string_free(safe, FALSE);
}

/* (transfer full) */
static char *
list_to_text(JsonArray *list)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        JsonNode *node = json_array_get_element(list, i);

        if (json_node_get_value_type(node) == G_TYPE_STRING)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
                    json_node_get_string(node));
    }
    return g_string_free(text, FALSE);
}

char *
fulcra_print_text(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    if (node == NULL || JSON_NODE_HOLDS_OBJECT(node))
        return g_strdup("");
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        g_autofree char *text = list_to_text(json_node_get_array(node));

        return make_safe(text);
    }
    if (json_node_get_value_type(node) == G_TYPE_STRING)
        return make_safe(json_node_get_string(node));
    if (json_node_get_value_type(node) == G_TYPE_BOOLEAN)
        return g_strdup(json_node_get_boolean(node) ? "yes" : "no");
    return json_to_string(node, FALSE);
}

GList *
fulcra_print_list(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);
    GList *objects = NULL;

    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node))
        return NULL;
    JsonArray *list = json_node_get_array(node);
    for (unsigned i = json_array_get_length(list); i > 0; i--) {
        JsonNode *element = json_array_get_element(list, i - 1);

        if (JSON_NODE_HOLDS_OBJECT(element))
            objects = g_list_prepend(objects, json_node_get_object(element));
    }
    return objects;
}

/* --- tables --- */

#define MAX_COLUMNS 16

static int
text_width(const char *text)
{
    return (int)g_utf8_strlen(text, -1);
}

static void
measure(GList *rows, const FulcraColumn *columns, int *widths)
{
    for (size_t i = 0; columns[i].member != NULL; i++)
        widths[i] = text_width(columns[i].heading);
    for (GList *row = rows; row != NULL; row = row->next)
        for (size_t i = 0; columns[i].member != NULL; i++) {
            g_autofree char *text =
                    fulcra_print_text(row->data, columns[i].member);

            widths[i] = MAX(widths[i], text_width(text));
        }
}

static void
print_cell(const char *text, int width, bool right, bool last)
{
    int gap = width - text_width(text);

    if (right)
        printf("%*s%s", gap, "", text);
    else
        printf("%s%*s", text, last ? 0 : gap, "");
    fputs(last ? "\n" : "  ", stdout);
}

void
fulcra_print_table(
        JsonObject *answer, const char *list, const FulcraColumn *columns)
{
    g_autoptr(GList) rows = fulcra_print_list(answer, list);
    int widths[MAX_COLUMNS];

    measure(rows, columns, widths);
    for (size_t i = 0; columns[i].member != NULL; i++)
        print_cell(columns[i].heading, widths[i], columns[i].right,
                columns[i + 1].member == NULL);
    for (GList *row = rows; row != NULL; row = row->next)
        for (size_t i = 0; columns[i].member != NULL; i++) {
            g_autofree char *text =
                    fulcra_print_text(row->data, columns[i].member);

            print_cell(text, widths[i], columns[i].right,
                    columns[i + 1].member == NULL);
        }
}

void
fulcra_print_members(JsonObject *answer, const FulcraColumn *columns)
{
    int width = 0;

    for (size_t i = 0; columns[i].member != NULL; i++)
        width = MAX(width, text_width(columns[i].heading));
    for (size_t i = 0; columns[i].member != NULL; i++) {
        g_autofree char *text = fulcra_print_text(answer, columns[i].member);

        if (*text != '\0')
            printf("%-*s  %s\n", width, columns[i].heading, text);
    }
}
