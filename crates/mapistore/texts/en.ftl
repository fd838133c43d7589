registrations = Registrations
registrations-text = Users for whom a process of OpenChange holds something open on a backend, now.
registrations-off = The registry is not switched on
registrations-off-text = Give registry.socket in the configuration and restart: from then on processes of OpenChange say here whom they serve.
registrations-none = Nobody is registered
registrations-none-text = As soon as somebody opens a mailbox, a calendar or contacts through OpenChange, he appears here by himself.
registrations-unfit = Nobody fits
registrations-registered = { $n ->
    [one] registered
   *[other] registered
 }
registrations-processes = { $n ->
    [one] process connected
   *[other] processes connected
 }
registrations-below-zero = { $n ->
    [one] time somebody was to go who was not there
   *[other] times somebody was to go who was not there
 }
registrations-no-room = { $n ->
    [one] left out: there is no more room
   *[other] left out: there is no more room
 }
registrations-search = Search
registrations-search-text = Name with
registration-backend = Backend
registration-user = System user
registration-vuser = User of the backend
registration-count = References
registration-since = Since
registration-holders = Held by
registration-process = process { $pid }
registration-queue = queue { $queue }
registration-away = not heard
registration-no-manager = manager interface missing
registrations-apply = Search
registrations-clear = Show all
registrations-counts = How many
registrations-pages = Pages
registrations-more = More
registration-remove = Remove
registration-remove-what = { $n ->
    [one] 1 reference that came on a queue of 2011 is removed.
   *[other] { $n } references that came on queues of 2011 are removed.
 }
registration-remove-left = { $n ->
    [one] 1 reference stays: a process holds it, and takes it along when it ends.
   *[other] { $n } references stay: processes hold them, and take them along when they end.
 }
registration-remove-gone = Nobody else holds him: backends are told that he has gone.
registration-remove-when = This is for a program that has died without unregistering him. Should it still run and unregister him later, that is counted and changes nothing.
registration-remove-do = Remove
done-registration-removed = What came of him on queues is removed.
registrations-back = Back
