/* A module that deletes the key `victim` whenever the lease of a key runs out, within the keyspace event. */

#include <stddef.h>

#define OK 0
#define API_VERSION 1
#define EXPIRED (1 << 8)

typedef int (*get_api)(const char *name, void *function);

static void *(*call)(void *context, const char *command, const char *format, ...);
static void (*free_reply)(void *reply);

static int on_event(void *context, int class, const char *event, void *key) {
    (void)class, (void)event, (void)key;
    void *reply = call(context, "DEL", "c", "victim");
    if (reply != NULL) free_reply(reply);
    return OK;
}

int RedisModule_OnLoad(void *context, void **arguments, int count) {
    (void)arguments, (void)count;
    /* The server passes its API in the first word of the context. */
    get_api get = *(get_api *)context;
    void (*describe)(void *context, const char *name, int version, int api);
    int (*subscribe)(void *context, int classes, int (*callback)(void *, int, const char *, void *));
    if (get("RedisModule_Call", &call) != OK || get("RedisModule_FreeCallReply", &free_reply) != OK ||
        get("RedisModule_SetModuleAttribs", &describe) != OK ||
        get("RedisModule_SubscribeToKeyspaceEvents", &subscribe) != OK)
        return 1;
    describe(context, "listener", 1, API_VERSION);
    return subscribe(context, EXPIRED, on_event);
}
