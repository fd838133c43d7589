# Accounts at Google, on the page of a job and on a page of their own.
google-accounts = Both accounts
google-job = Job
google-field = Field
google-gram = In GrAM
google-google = At Google
google-stored = As they were when the job failed
google-live = As they are now
google-look = Look at them now
google-remedies = What can be done
google-registered = GrAM knows a Google account of this person. If it is theirs, give it the aliases that it should have; if not, have GrAM forget it, and run the job again.
google-exists = The address belongs to another account: it was given away twice. Take it from one of the two, then run the job again.
google-save = The Google account was made, and GrAM does not take its id. Correct the account in GrAM, then run the job again, or link it by hand.
google-id = Id at Google
google-uuid = UUID
google-number = Number
google-address = Primary address
google-first = First name
google-last = Last name
google-suspended = Suspended
google-last-login = Last sign-in
google-aliases = Aliases
google-type = Type { $uuid } to go on
google-do-aliases = Give these aliases
google-do-link = Link
google-do-unlink = Have GrAM forget it
google-then = Each is a job of its own, in the order of this account; then run the failed one again on its page.
google-typed-wrong = This is not the UUID of the account: nothing was done.
google-away = { $who } cannot be asked: { $why }
google-commands = The same from a terminal
google-again = Run the job again
google-diff = Google accounts
google-diff-text = GrAM against Google Workspace, account by account. Comparing changes nothing.
google-diff-begin = Compare now
google-diff-none = Nothing has been compared yet
google-diff-none-text = A comparison reads all accounts of GrAM and of Google, and says of each how it stands.
google-diff-off = Nothing can be compared: google and google.gram are not configured.
google-diff-when = Begun
google-diff-standing = Standing
google-diff-result = Result
google-diff-over = done
google-diff-under-way = under way
google-diff-broken-off = broken off
google-diff-counts = How many accounts stand how
google-diff-situation = Situation
google-diff-differs = What differs
google-diff-nobody = No account is listed here
google-diff-pages = Pages
google-diff-back = Back
google-diff-on = More
google-diff-short-google = { $n ->
    [one] One account is there that Google's listing lacked: it was looked at by itself.
   *[other] { $n } accounts are there that Google's listing lacked: they were looked at one by one.
 }
google-diff-short-referential = { $n ->
    [one] One account is there that GrAM's listing lacked: it was looked for by itself.
   *[other] { $n } accounts are there that GrAM's listing lacked: they were looked for one by one.
 }
google-diff-not-listed = { $n ->
    [one] One more account is counted and not listed: `intendant google diff --situation …` lists some.
   *[other] { $n } more accounts are counted and not listed: `intendant google diff --situation …` lists some.
 }
google-is-same = Same
google-is-same-hint = both sides say the same
google-is-differs = Differs
google-is-differs-hint = they say different things
google-is-missing = Missing
google-is-missing-hint = GrAM knows an account that Google does not have
google-is-extra = Extra
google-is-extra-hint = Google has an account of somebody whom GrAM does not know
google-is-moved = Moved
google-is-moved-hint = GrAM has another account for this person, or none
google-is-disputed = Disputed
google-is-disputed-hint = two people claim one account
google-is-unreadable = Unreadable
google-is-unreadable-hint = it cannot be read
google-field-first_name = First name
google-field-last_name = Last name
google-field-primary_email = Primary address
google-field-aliases = Aliases
google-field-external_ids = External ids
google-field-suspended = Suspended
google-why-changed_at_google = changed by hand
google-why-not_delivered = not delivered
google-why-both = changed by hand, and not delivered
google-why-unknown = nobody knows why
google-which = Choose one of the remedies: nothing was done.
