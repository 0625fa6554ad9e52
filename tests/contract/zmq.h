/* What docs/clients/gate.c takes from libzmq's stable interface (ZeroMQ 4), so that it can be compiled against the library that pyzmq brings where
   libzmq's own header is not installed. Values are of the library's public interface, https://api.zeromq.org. */
#include <stddef.h>
#define ZMQ_DEALER 5
#define ZMQ_LINGER 17
#define ZMQ_IMMEDIATE 39
#define ZMQ_POLLIN 1
#define ZMQ_DONTWAIT 1
typedef struct { void *socket; int fd; short events; short revents; } zmq_pollitem_t;
void *zmq_ctx_new(void);
int zmq_ctx_term(void *context);
void *zmq_socket(void *context, int type);
int zmq_close(void *socket);
int zmq_setsockopt(void *socket, int option, const void *value, size_t size);
int zmq_connect(void *socket, const char *endpoint);
int zmq_send(void *socket, const void *data, size_t size, int flags);
int zmq_recv(void *socket, void *data, size_t size, int flags);
int zmq_poll(zmq_pollitem_t *items, int count, long timeout);
