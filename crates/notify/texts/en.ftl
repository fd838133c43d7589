# === mails about what needs a person ===

alert-subject-new = { $n ->
    [one] Intendant: one matter needs you
   *[other] Intendant: { $n } matters need you
 }
alert-subject-still = { $n ->
    [one] Intendant: something is over, one matter still needs you
   *[other] Intendant: something is over, { $n } matters still need you
 }
alert-subject-over = Intendant: all is well again
alert-subject-digest = { $n ->
    [0] Intendant: nothing needs you
    [one] Intendant: one matter needs you
   *[other] Intendant: { $n } matters need you
 }
alert-subject-unwritable = Intendant: the journal cannot be written
alert-subject-writable = Intendant: the journal can be written again
alert-subject-test = Intendant: a test

alert-part-new = New
alert-part-still = As before
alert-part-over = Over
alert-part-all = What needs you

alert-nothing = Nothing needs your attention.
alert-unwritable = The journal cannot be written: nothing is accepted any more, and nothing that was accepted goes on until this is mended. What the system says: { $why }
alert-writable = The journal can be written again. What waited goes on by itself.
alert-test = This is a test: mails about what needs you arrive here.
alert-open = Open the console
alert-why = You receive this mail because your address stands under “alerts.to” in the configuration of this hub.
alert-said = { $line } – “{ $words }”
alert-minutes = { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
 }

alert-held = { $n ->
    [one] The failsafe holds { $n } job on { $name } until somebody decides
   *[other] The failsafe holds { $n } jobs on { $name } until somebody decides
 }
alert-failed = { $n ->
    [one] { $n } job has failed and waits for somebody
   *[other] { $n } jobs have failed and wait for somebody
 }
alert-given-up = { $n ->
    [one] { $n } reply or notification could not be delivered
   *[other] { $n } replies or notifications could not be delivered
 }
alert-broken = { $name } cannot be used: every job that needs it fails
alert-left-alone = { $name } keeps failing and is left alone for a while: its jobs wait
alert-paused = { $name } is paused: its jobs wait
alert-not-now = { $name } said “not now”: its jobs wait
alert-idle = { $name } does nothing and says that all is done
alert-source = { $name } is disconnected
alert-chore = Something that is done at times fails: { $name }
alert-differs = The hub on { $name } has other backends or settings than the one that leads
alert-damaged = { $n ->
    [one] One row of the journal cannot be read: it is left out
   *[other] { $n } rows of the journal cannot be read: they are left out
 }
alert-shortage = This machine is short of processes, memory or open files: jobs wait until there is room
alert-long = { $name } has been at one job for { $span }, and nothing ends it but itself
alert-waiting = A job has been waiting for { $span }

# === their page ===

alerts = Alerts
alerts-text = Mails to those who look after this hub, about what needs a person.
alerts-none-text = Nobody is told: give “alerts.to” in the configuration, and a relay under “mail”.
alerts-to = Recipients
alerts-after = Told of after
alerts-quiet = Quiet hours
alerts-digest = Digest
alerts-dead-letters = Failed jobs that are nobody’s concern
alerts-never = none
alerts-now = What would be told of now
alerts-send = Send a test
alerts-sent = The relay has taken the test for every recipient.
