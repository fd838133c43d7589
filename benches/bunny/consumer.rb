# A consumer that only acknowledges, as the older services are built: url, queue, prefetch, number of messages.
# Prints the seconds from its subscription to its last acknowledgement.
require 'bunny'

url, queue, prefetch, total = ARGV
connection = Bunny.new(url).tap(&:start)
channel = connection.create_channel
channel.prefetch(prefetch.to_i)
left = total.to_i
done = Queue.new
begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
channel.queue(queue, passive: true).subscribe(manual_ack: true) do |delivery, _properties, _body|
  channel.ack(delivery.delivery_tag)
  done << true if (left -= 1).zero?
end
done.pop
puts Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun
connection.close
