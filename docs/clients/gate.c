/* A reject gate in C99 with libzmq alone. Reject by default; the rules are in docs/protocol.md.

   cc -std=c99 -o gate gate.c -lzmq && ./gate tcp://127.0.0.1:5570 [PARTS]

   The line writes its JSON without spaces between key and value, so that field() finds one without a parser; use a JSON library
   where there is one. passes() is what the gate asks when a part is at it. */
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define RING 4096                       /* parts between trigger and gate, at most */
static long long accepted[RING], rejected[RING], epoch = -1, last_seq, heartbeat_ms = 500, heard_ms = -1, next_word_ms;
static void *line;

static long long now_ms(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000LL + t.tv_nsec / 1000000; }
static int alive(void) { return heard_ms >= 0 && now_ms() - heard_ms <= heartbeat_ms * 5 / 2; }

/* Pass only on an accept for this part, of the armed epoch, while the line is alive. Counts begin at 1. */
int passes(long long part) { return alive() && part > 0 && accepted[part % RING] == part && rejected[part % RING] != part; }

static const char *field(const char *json, const char *key) {
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(json, quoted);
    return found ? found + strlen(quoted) : "";
}
static long long number(const char *json, const char *key) { return atoll(field(json, key)); }
static int is(const char *json, const char *key, const char *text) {
    const char *value = field(json, key);
    return *value == '"' && !strncmp(value + 1, text, strlen(text)) && value[1 + strlen(text)] == '"';
}
static void say(const char *format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (zmq_send(line, text, (size_t)size, ZMQ_DONTWAIT) < 0) heard_ms = -1;     /* the line is not there: hello again */
}
static int take(const char *json) {     /* acknowledge, duplicates too; 1: it is new (the line numbers upwards within an epoch) */
    long long e = number(json, "epoch"), seq = number(json, "seq"), part = number(json, "trigger_count");
    say("{\"v\":1,\"type\":\"ack\",\"epoch\":%lld,\"seq\":%lld,\"trigger_count\":%lld}", e, seq, part);
    if (e == epoch) (is(json, "verdict", "accept") ? accepted : rejected)[part % RING] = part;
    int new = seq > last_seq;
    if (new) last_seq = seq;
    if (new) printf("%lld %s\n", part, passes(part) ? "pass" : "reject");
    return new;
}
static int handle(const char *json) {
    if (is(json, "type", "bye") || is(json, "code", "hello_first")) { heard_ms = -1; return 0; }
    heard_ms = now_ms();
    if (is(json, "type", "heartbeat") && number(json, "heartbeat_ms")) heartbeat_ms = number(json, "heartbeat_ms");
    if (is(json, "type", "arm")) {
        if (number(json, "epoch") != epoch) { memset(accepted, 0, sizeof accepted); memset(rejected, 0, sizeof rejected); }
        epoch = number(json, "epoch");
        say("{\"v\":1,\"type\":\"arm\",\"epoch\":%lld,\"trigger_count\":%lld}", epoch, number(json, "trigger_count"));
    }
    return is(json, "type", "verdict") && take(json);
}

int main(int argc, char **argv) {
    int yes = 1, none = 0, left = argc > 2 ? atoi(argv[2]) : -1;
    void *context = zmq_ctx_new();
    line = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(line, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(line, ZMQ_IMMEDIATE, &yes, sizeof yes);      /* nothing is queued for a line that is not there */
    if (argc < 2 || zmq_connect(line, argv[1])) return fprintf(stderr, "usage: gate tcp://HOST:PORT [PARTS]\n"), 2;
    while (left) {
        static char json[65536 + 1];
        if (!alive()) heard_ms = -1;
        if (now_ms() >= next_word_ms) {         /* no count of triggers here: a PLC that counts says "trigger_count" in both */
            if (heard_ms >= 0) say("{\"v\":1,\"type\":\"heartbeat\",\"last_seq\":%lld}", last_seq);
            else say("{\"v\":1,\"type\":\"hello\",\"name\":\"example-gate-c\",\"role\":\"gate\",\"last_seq\":%lld}", last_seq);
            next_word_ms = now_ms() + heartbeat_ms;
        }
        zmq_pollitem_t item = {line, 0, ZMQ_POLLIN, 0};
        if (zmq_poll(&item, 1, 50) < 1) continue;
        int size = zmq_recv(line, json, sizeof json - 1, ZMQ_DONTWAIT);
        if (size < 0 || size > (int)sizeof json - 1) continue;
        json[size] = 0;
        left -= handle(json);
    }
    say("{\"v\":1,\"type\":\"bye\",\"reason\":\"done\"}");
    int second = 1000;
    zmq_setsockopt(line, ZMQ_LINGER, &second, sizeof second);
    return zmq_close(line) || zmq_ctx_term(context);
}
