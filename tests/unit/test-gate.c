/* SPDX-License-Identifier: MIT */

/*
 * Gates: who is inside, who waits, who is turned away
 */

#include "spaces/gate.h"

#include <string.h>

/* What came to pass, one letter and a name each: "+a" entered, "-b" was turned
 * away as full, "<c" replaced, "?d" unwanted, "!e" closed. */
static GString *story;
static FulcraGate *gate;

typedef struct {
    FulcraGateTicket ticket; /* first */
    char name;
    bool unwanted, hurries; /* hurries: leaves as soon as it entered */
} Visitor;

static unsigned depth, deepest;

static void
tell(char what, FulcraGateTicket *ticket)
{
    g_string_append_printf(story, "%c%c ", what, ((Visitor *)ticket)->name);
}

static void
leave(Visitor *visitor)
{
    fulcra__gate_leave(gate, &visitor->ticket);
    fulcra__gate_next(gate, &visitor->ticket);
}

static void
visitor_enter(FulcraGateTicket *ticket)
{
    tell('+', ticket);
    depth++;
    deepest = MAX(deepest, depth);
    if (((Visitor *)ticket)->hurries)
        leave((Visitor *)ticket);
    depth--;
}

static void
visitor_turn_away(FulcraGateTicket *ticket, FulcraGateReason reason)
{
    tell("-<?!"[reason], ticket);
}

static bool
visitor_is_wanted(FulcraGateTicket *ticket)
{
    return !((Visitor *)ticket)->unwanted;
}

static const FulcraGateClass visitors = {
    .enter = visitor_enter,
    .turn_away = visitor_turn_away,
    .is_wanted = visitor_is_wanted,
};

static void
open_gate(unsigned concurrency, unsigned queue, bool newest_waits)
{
    const FulcraGateLimits limits = { concurrency, queue, newest_waits };

    story = g_string_new(NULL);
    gate = fulcra__gate_new(&visitors, &limits);
    depth = deepest = 0;
}

static void
assert_story(const char *expected)
{
    g_assert_cmpstr(g_strchomp(story->str), ==, expected);
    g_string_truncate(story, 0);
}

static void
close_gate(void)
{
    fulcra__gate_unref(gate);
    g_string_free(story, TRUE);
}

static void
ask(Visitor *visitor, char name)
{
    visitor->name = name;
    fulcra__gate_ask(gate, "", &visitor->ticket);
}

static void
test_in_order(void)
{
    Visitor a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };

    open_gate(2, 2, false);
    ask(&a, 'a');
    ask(&b, 'b');
    ask(&c, 'c');
    ask(&d, 'd');
    assert_story("+a +b");
    leave(&b);
    assert_story("+c");
    leave(&a);
    assert_story("+d");
    leave(&c);
    leave(&d);
    assert_story("");
    close_gate();
}

static void
test_full(void)
{
    Visitor a = { 0 }, b = { 0 }, c = { 0 };

    open_gate(1, 1, false);
    ask(&a, 'a');
    ask(&b, 'b');
    ask(&c, 'c');
    assert_story("+a -c");
    leave(&a);
    leave(&b);
    assert_story("+b");
    ask(&c, 'c');
    leave(&c);
    assert_story("+c");
    close_gate();
}

static void
test_no_queue(void)
{
    Visitor a = { 0 }, b = { 0 };

    open_gate(1, 0, true);
    ask(&a, 'a');
    ask(&b, 'b');
    leave(&a);
    assert_story("+a -b");
    close_gate();
}

static void
test_newest_waits(void)
{
    Visitor a = { 0 }, b = { 0 }, c = { 0 };

    open_gate(1, 1, true);
    ask(&a, 'a');
    ask(&b, 'b');
    ask(&c, 'c');
    assert_story("+a <b");
    leave(&a);
    leave(&c);
    assert_story("+c");
    close_gate();
}

/* Who is not wanted any more gives up its place, at the latest when somebody
 * else needs it. */
static void
test_unwanted(void)
{
    Visitor a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };

    open_gate(1, 2, false);
    ask(&a, 'a');
    ask(&b, 'b');
    ask(&c, 'c');
    b.unwanted = true;
    ask(&d, 'd');
    assert_story("+a ?b");
    c.unwanted = true;
    leave(&a);
    assert_story("+d ?c");
    leave(&d);
    close_gate();
}

static void
test_passing(void)
{
    Visitor a = { 0 }, b = { 0 }, c = { .name = 'c' };

    open_gate(1, 1, false);
    ask(&a, 'a');
    ask(&b, 'b');
    fulcra__gate_pass(gate, "", &c.ticket);
    leave(&a);
    assert_story("+a +c"); /* c is counted: b cannot enter yet */
    leave(&c);
    assert_story("+b");
    leave(&b);
    close_gate();
}

static void
test_lanes(void)
{
    Visitor a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };

    open_gate(1, 1, false);
    fulcra__gate_ask(gate, "one", &a.ticket);
    fulcra__gate_ask(gate, "two", &b.ticket);
    fulcra__gate_ask(gate, "one", &c.ticket);
    assert_story("+a +b");
    leave(&b);
    leave(&a);
    leave(&c);
    assert_story("+c");
    close_gate();
}

/* Who leaves at once lets in who leaves at once: that is no deep stack. */
static void
test_a_long_queue(void)
{
    enum { N = 1000 };
    g_autofree Visitor *many = g_new0(Visitor, N);
    Visitor first = { 0 };

    open_gate(1, N, false);
    ask(&first, 'f');
    for (int i = 0; i < N; i++) {
        many[i].hurries = true;
        ask(&many[i], 'x');
    }
    assert_story("+f");
    leave(&first);
    g_assert_cmpuint(story->len, ==, N * strlen("+x "));
    g_assert_cmpuint(deepest, ==, 1);
    close_gate();
}

static void
test_closed(void)
{
    Visitor a = { 0 }, b = { 0 }, c = { 0 };

    open_gate(1, 1, false);
    ask(&a, 'a');
    ask(&b, 'b');
    fulcra__gate_close(gate);
    ask(&c, 'c');
    assert_story("+a !b !c");
    leave(&a);
    ask(&c, 'c');
    leave(&c);
    assert_story("+c");
    close_gate();
}

/* --- many threads --- */

#define THREADS 4
#define ROUNDS  2000

static atomic_int inside, most, entered, refused;

static void
count_enter(FulcraGateTicket *ticket)
{
    int now = atomic_fetch_add(&inside, 1) + 1, before = atomic_load(&most);

    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        continue;
    atomic_fetch_add(&entered, 1);
    atomic_fetch_sub(&inside, 1);
    fulcra__gate_leave(gate, ticket);
    fulcra__gate_next(gate, ticket);
    g_free(ticket);
}

static void
count_turn_away(FulcraGateTicket *ticket, FulcraGateReason reason)
{
    (void)reason;
    atomic_fetch_add(&refused, 1);
    g_free(ticket);
}

static bool
always_wanted(FulcraGateTicket *ticket)
{
    (void)ticket;
    return true;
}

static void *
crowd(void *data)
{
    (void)data;
    for (int i = 0; i < ROUNDS; i++)
        fulcra__gate_ask(
                gate, i % 2 ? "odd" : "even", g_new0(FulcraGateTicket, 1));
    return NULL;
}

static void
test_threads(void)
{
    static const FulcraGateClass counted = { count_enter, count_turn_away,
        always_wanted };
    static const FulcraGateLimits limits = { 1, 3, false };
    pthread_t threads[THREADS];

    gate = fulcra__gate_new(&counted, &limits);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, crowd, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpint(atomic_load(&most), <=, 2); /* one in each lane */
    g_assert_cmpint(atomic_load(&entered) + atomic_load(&refused), ==,
            THREADS * ROUNDS);
    fulcra__gate_unref(gate);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gate/in-order", test_in_order);
    g_test_add_func("/gate/full", test_full);
    g_test_add_func("/gate/no-queue", test_no_queue);
    g_test_add_func("/gate/newest-waits", test_newest_waits);
    g_test_add_func("/gate/unwanted", test_unwanted);
    g_test_add_func("/gate/passing", test_passing);
    g_test_add_func("/gate/lanes", test_lanes);
    g_test_add_func("/gate/a-long-queue", test_a_long_queue);
    g_test_add_func("/gate/closed", test_closed);
    g_test_add_func("/gate/threads", test_threads);
    return g_test_run();
}
