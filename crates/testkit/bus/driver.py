"""A client of a message bus, told what to do by lines of JSON on its standard input. pika, blocking, as scripts use it."""

import base64
import json
import sys
import time

import pika

url = sys.argv[1]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
confirmed = connection.channel()
confirmed.confirm_delivery()


def properties(said):
    return pika.BasicProperties(**said) if said is not None else None


def body(said):
    return base64.b64decode(said["base64"]) if isinstance(said, dict) and "base64" in said else said.encode()


def published(message, on, mandatory=False):
    on.basic_publish(
        message["exchange"],
        message["key"],
        body(message["body"]),
        properties(message.get("properties")),
        mandatory=mandatory,
    )


def shown(method, props, content):
    plain = {name: value for name, value in vars(props).items() if value is not None}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = {"base64": base64.b64encode(content).decode()}
    return {
        "exchange": method.exchange,
        "key": method.routing_key,
        "redelivered": method.redelivered,
        "properties": plain,
        "body": text,
    }


def publish(ask):
    for message in ask["messages"]:
        for _ in range(message.get("times", 1)):
            # One that no queue takes is nothing that was sent: whoever asks hears of it.
            published(message, confirmed, mandatory=True)
    return len(ask["messages"])


def exchange(ask):
    channel.exchange_declare(ask["name"], ask.get("type", "topic"), durable=ask.get("durable", True))


def queue(ask):
    channel.queue_declare(ask["name"], durable=True, arguments=ask.get("arguments"))
    for bound in ask.get("bindings", []):
        channel.queue_bind(ask["name"], bound[0], bound[1])


def exists(ask):
    looking = connection.channel()
    try:
        if "exchange" in ask:
            looking.exchange_declare(ask["exchange"], passive=True)
            return True
        return looking.queue_declare(ask["queue"], passive=True).method.message_count
    except pika.exceptions.ChannelClosedByBroker:
        return None


def give_back(ask):
    """As a consumer that goes away before it acknowledges what it was handed out."""
    method, _, _ = channel.basic_get(ask["queue"])
    channel.basic_nack(method.delivery_tag, requeue=True)


def get(ask):
    """Waits for so many messages of a queue, or for what `until` says to be in one of them."""
    found, end = [], time.monotonic() + ask.get("seconds", 60)
    while len(found) < ask["count"]:
        method, props, content = channel.basic_get(ask["queue"], auto_ack=True)
        if method is not None:
            found.append(shown(method, props, content))
        elif time.monotonic() > end:
            break
        else:
            connection.sleep(0.02)
    return found


def delete(ask):
    channel.queue_delete(ask["queue"])


def request(ask):
    """So many requests, each answered before it is counted, over one connection; says which ids were answered."""
    wanted, answered, inbox = set(ask["ids"]), {}, ask["inbox"]
    for identity in ask["ids"]:
        message = dict(ask["message"])
        message["properties"] = dict(message["properties"], message_id=identity)
        published(message, channel)
    end = time.monotonic() + ask.get("seconds", 60)
    for method, props, _ in channel.consume(inbox, auto_ack=True, inactivity_timeout=1):
        if method is not None:
            answered[props.correlation_id] = answered.get(props.correlation_id, 0) + 1
        if wanted <= set(answered) or time.monotonic() > end:
            break
    channel.cancel()
    return answered


WHAT = {f.__name__: f for f in (publish, exchange, queue, exists, give_back, get, delete, request)}

for line in sys.stdin:
    ask = json.loads(line)
    try:
        print(json.dumps({"value": WHAT[ask["what"]](ask)}), flush=True)
    except Exception as error:  # noqa: BLE001
        print(json.dumps({"error": repr(error)}), flush=True)
