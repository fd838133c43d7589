# A client of a message bus, told what to do by lines of JSON on its standard input, as driver.py is. Bunny, which the
# older services of the bus are made of: what is not said has its defaults.

require "bunny"
require "json"
require "set"

CONNECTION = Bunny.new(ARGV.fetch(0), automatically_recover: false, log_file: $stderr)
CONNECTION.start
CHANNEL = CONNECTION.create_channel
CONFIRMED = CONNECTION.create_channel
CONFIRMED.confirm_select

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

def body(said)
  said.is_a?(Hash) ? said["base64"].unpack1("m") : said
end

def published(message, on)
  properties = (message["properties"] || {}).compact.transform_keys(&:to_sym)
  properties[:timestamp] = Time.at(properties[:timestamp]) if properties[:timestamp]
  on.basic_publish(body(message["body"]), message["exchange"], message["key"], properties)
end

def shown(info, properties, content)
  text = content.dup.force_encoding("UTF-8")
  plain = properties.to_h.compact
  plain[:timestamp] = plain[:timestamp].to_i if plain[:timestamp]
  {
    exchange: info.exchange,
    key: info.routing_key,
    redelivered: info.redelivered,
    properties: plain,
    body: text.valid_encoding? ? text : { base64: [content].pack("m0") },
  }
end

# What can be asked.
module Asked
  module_function

  def publish(ask)
    ask["messages"].each { |message| message.fetch("times", 1).times { published(message, CONFIRMED) } }
    raise "the broker did not take all of them" unless CONFIRMED.wait_for_confirms
    ask["messages"].length
  end

  def exchange(ask)
    CHANNEL.exchange_declare(ask["name"], ask.fetch("type", "topic"), durable: ask.fetch("durable", true))
    nil
  end

  def queue(ask)
    CHANNEL.queue_declare(ask["name"], durable: true, arguments: ask.fetch("arguments", {}))
    ask.fetch("bindings", []).each { |from, key| CHANNEL.queue_bind(ask["name"], from, routing_key: key) }
    nil
  end

  def exists(ask)
    return CONNECTION.exchange_exists?(ask["exchange"]) || nil if ask["exchange"]
    return nil unless CONNECTION.queue_exists?(ask["queue"])
    CHANNEL.queue_declare(ask["queue"], passive: true).message_count
  end

  # Waits for so many messages of a queue.
  def get(ask)
    found = []
    limit = now + ask.fetch("seconds", 60)
    while found.length < ask["count"]
      info, properties, content = CHANNEL.basic_get(ask["queue"], manual_ack: false)
      if info
        found << shown(info, properties, content)
      elsif now > limit
        break
      else
        sleep(0.02)
      end
    end
    found
  end

  def delete(ask)
    CHANNEL.queue_delete(ask["queue"])
    nil
  end

  # So many requests, each answered before it is counted, over one connection; says which ids were answered.
  def request(ask)
    heard = Queue.new
    consumer = CHANNEL.queue(ask["inbox"], passive: true).subscribe { |_, properties, _| heard << properties.correlation_id }
    ask["ids"].each do |id|
      published(ask["message"].merge("properties" => ask["message"]["properties"].merge("message_id" => id)), CHANNEL)
    end
    missing = ask["ids"].to_set
    answered = Hash.new(0)
    limit = now + ask.fetch("seconds", 60)
    until missing.empty? || now > limit
      begin
        id = heard.pop(true)
        answered[id] += 1
        missing.delete(id)
      rescue ThreadError
        sleep(0.02)
      end
    end
    consumer.cancel
    answered
  end
end

KNOWN = %w[publish exchange queue exists get delete request].freeze

$stdout.sync = true
$stdin.each_line do |line|
  ask = JSON.parse(line)
  begin
    raise "nothing is known of #{ask["what"]}" unless KNOWN.include?(ask["what"])
    puts JSON.generate(value: Asked.public_send(ask["what"], ask))
  rescue StandardError => error
    puts JSON.generate(error: "#{error.class}: #{error.message}")
  end
end
