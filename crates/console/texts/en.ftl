# The pages.
overview = Overview
jobs = Jobs
dead = Dead letters
submit = Submit
backends = Backends
sources = Sources
failsafe = Failsafe
audit = Audit
settings = Settings
about = About

# States.
job-damaged = Cannot be read back:
job-queued = queued
job-running = running
job-retrying = retrying
job-succeeded = succeeded
job-failed = failed
job-cancelled = cancelled
job-superseded = superseded
step-pending = pending
step-running = running
step-succeeded = succeeded
step-failed = failed
step-skipped = skipped
attempt-done = done
attempt-soft = failed for now
attempt-hard = failed for good
attempt-wait = not now
attempt-lost = end not recorded
attempt-running = running
delivery-pending = to be sent
delivery-delivered = delivered
delivery-undeliverable = undeliverable
delivery-dropped = dropped
backend-active = active
backend-running = at work
backend-paused = paused
backend-left-alone = failing, left alone
backend-held = not now
backend-closed = outside its hours
backend-inactive = inactive
backend-broken = broken
link-up = connected
link-down = disconnected
link-waits = at the hub that leads

# Columns.
col-state = State
col-action = Action
col-actions = Actions
col-subject = Subject
col-message = Message
col-source = Source
col-accepted = Accepted
col-backend = Backend
col-running = Running
col-do = What can be done
col-at = Time
col-why = Why
col-since = Since
and-more = and { $n } more
back = Back
copy = Copy
since = since
yes = yes
no = no
unit-day = d
bytes = { $n ->
    [one] { $n } byte
   *[other] { $n } bytes
 }
pager = Pages of the list
pager-newest = ← Newest
pager-older = Older →
search-on = Look at older ones
search-goes-on = The search goes on…

# Overview.
attention = Needs attention
attention-none = Nothing needs your attention.
attention-failed = { $n ->
    [one] { $n } job has failed and waits for somebody
   *[other] { $n } jobs have failed and wait for somebody
 }
attention-failsafe = { $n ->
    [one] The failsafe holds { $n } job on { $backend } until somebody decides
   *[other] The failsafe holds { $n } jobs on { $backend } until somebody decides
 }
attention-undeliverable = { $n ->
    [one] { $n } reply or notification could not be delivered
   *[other] { $n } replies or notifications could not be delivered
 }
chart-jobs = Jobs
chart-jobs-done = Jobs ended
chart-jobs-took = From acceptance to end
chart-attempts = Attempts
chart-attempts-done = Attempts ended
chart-attempts-took = From start to end of an attempt
chart-all = All backends
chart-range = Range
short-1h = 1 h
short-24h = 24 h
short-7d = 7 d
short-30d = 30 d
range-1h = The last hour
range-24h = The last 24 hours
range-7d = The last 7 days
range-30d = The last 30 days
chart-none = Nothing ended in this time.
chart-now = now
chart-hint = Point at the chart, or move in it with the arrow keys, to read its values.
chart-succeeded = { $n } succeeded
chart-failed = { $n } failed
chart-soft = { $n } to be tried again
chart-within = half within { $half }, 95 of 100 within { $most }
chart-nothing = nothing ended
chart-took = How long it took
chart-half = half of them within
chart-nearly-all = 95 of 100 within
chart-figures = The same in figures
attention-idle = { $backend } does nothing and says that all is done
attention-broken = { $backend } cannot be used: every job that needs it fails
attention-paused = { $backend } is paused: its jobs wait
attention-held = { $backend } said “not now”: its jobs wait
attention-left-alone = { $backend } keeps failing and is left alone for a while: its jobs wait
attention-link = { $name } is disconnected
attention-shortage = This machine is short of resources: jobs wait.
attention-long = { $backend } has been at one job for { $span }, and nothing ends it but itself
attention-oldest = A job has been waiting for { $span }
attention-damaged = { $n ->
    [one] One row of the journal cannot be read: it is left out
   *[other] { $n } rows of the journal cannot be read: they are left out
 }
attention-look = Look
attention-decide = Decide
attention-why = Why?
overview-states = Jobs by state
overview-latest = Latest jobs
overview-all = All jobs

# Jobs.
jobs-caption = Jobs, newest first
jobs-retry-these = Retry the failed ones…
jobs-export = Export
jobs-none = No job fits
jobs-none-yet = None so far
jobs-no-more = No further job fits
jobs-no-more-yet = No further one so far
jobs-looked-at = { $n ->
    [one] Only the newest job was looked at.
   *[other] The newest { $n } jobs were looked at.
 }
jobs-none-hint = Jobs that ended long ago are removed: see “retention” in the settings.
first-title = No job yet
first-text = A job begins when a source receives a request, or when you hand one in: with the form, through the API, or in a terminal on this machine:
first-form = Hand in a first request
first-backends = What a job does is up to the backends:
filter-any-state = Any state
filter-any-waiting = Waiting or not
filter-zone = Time zone
filter-wrong-range = It must be later than the beginning.
choose-page = Choose all jobs of this page
choose-one = Choose
choose-chosen = chosen
choose-all = all that fit the filter
choose-retry = Retry…
choose-aside = Set aside…
choose-cancel = Cancel…
views = Saved views
view-save = Save this view…
view-name = Name of the view
view-save-do = Save
view-remove = Forget the view “{ $name }”
done-view-saved = The view is saved.
done-view-removed = The view is forgotten.
backend-concurrency = Attempts at once, at most
backend-concurrency-set = Set
backend-concurrency-back = Back to { $n }, as configured
backend-concurrency-free = Back to what is configured
done-concurrency = The number of attempts at once is set.
palette = Go to
palette-find = Find
palette-pages = Pages
palette-search = Search
palette-all = All jobs with “{ $text }”
job-timeline = The attempts in time
docs = The API
docs-text = Every route of this hub, with the rights it needs and examples of what goes over the wire. For programs:
docs-parts = Parts of the API
docs-find = Find a route
docs-token = Token
docs-token-text = To try routes as a program would. Without one you try them as yourself.
docs-open = For everybody.
docs-needs = Needs one of:
docs-required = required
docs-body = Body
docs-example = Example
docs-try = Try it
docs-answer = Answer
filter-title = Filter
filter-state = State
filter-more = More
filter-any = any
filter-waiting = Waits for
filter-text = Search
waits-subject = a job before it
waits-failsafe = the failsafe
waits-pause = a paused backend
waits-breaker = a backend that keeps failing
waits-backend_wait = a backend that said: not now
waits-window = the hours of its backend
waits-rate = the rate of its backend
waits-retry = its retry
waits-later = a later time
waits-slot = a free place
waits-nothing = nothing
filter-action = Action
filter-subject = Subject
filter-backend = Backend
filter-source = Source
filter-code = Code
filter-since = Accepted since
filter-until = Accepted before
filter-apply = Filter
filter-clear = Clear the filter
filter-wrong-subject = A subject is written kind:value, such as identity:alice.
filter-nobody = No job is about anything called so: write kind:value, or a whole name or account.
filter-several = Several are called so: give the account, or kind:value.
filter-wrong-time = Write a time such as 2026-11-30T18:00.
job-title = { $action }
job-took = took { $span }

# One job.
job-next = What happens next
jobs-dry-run = dry run
job-dry-run = A dry run: nothing is changed.
job-before = See that job
job-see-backend = See the backend
job-see-failsafe = Decide
job-cancel-asked = { $by } asked to cancel it; the running step is being ended.
job-stale = Since then a later job of the same subject and action has succeeded: replaying this one may undo what that one did.
job-later = See the later job
dead-moved = Moved to { $to } by { $by } at { $at }.
job-hurry = Retry now
job-retry = Retry
job-edit = Edit and retry…
job-cancel = Cancel this job
job-steps = Steps
job-no-steps = No step yet. The plan is made when the job starts: one step for each backend that maps its action.
job-sent = Replies and notifications
job-nothing-sent = Nothing was sent.
job-facts = Facts
job-request = Request
job-masked = Secrets are masked; only the backends see them.
job-result = Result
step-attempts = { $n ->
    [one] { $n } attempt
   *[other] { $n } attempts
 }
step-waits = { $n ->
    [one] put off once
   *[other] put off { $n } times
 }
step-stops = If it fails, later steps do not run.
attempt-number = Attempt { $n }
attempt-status = status { $n }
attempt-log = What it wrote beside its answer
attempt-answer = Its answer
attempt-notice = It let others know
attempt-silent = It said nothing.
delivery-due = not before
delivery-body = What is sent
delivery-tries = { $n ->
    [one] tried once
   *[other] tried { $n } times
 }
fact-id = Job
fact-source = Source
fact-external = Caller’s id
fact-trace = Trace
fact-replay-of = Replay of
fact-class = Class
class-interactive = interactive: somebody waits
class-bulk = bulk
fact-accepted = Accepted
fact-started = Started
fact-waited = after { $span }
fact-ended = Ended
fact-took = took { $span }
fact-deadline = Deadline
fact-not-before = Not before
fact-status = Status

# What happens next.
next-ended-succeeded = It has succeeded; nothing more happens.
next-ended-failed = It has failed, and stays with the dead letters until somebody retries it. Later jobs of the same subject go on.
next-ended-cancelled = It was cancelled; nothing more happens.
next-ended-superseded = A newer job took its place; nothing more happens.
next-ended-queued = It has ended.
next-ended-running = It has ended.
next-ended-retrying = It has ended.
next-running-on = It is running on { $backend }.
next-running = It is running.
next-subject = It waits until the job before it on { $subject } has ended.
next-failsafe = The failsafe holds it in { $failsafe } until somebody approves.
next-pause = It waits until { $backend } is resumed.
next-breaker = { $backend } keeps failing. It is tried again at:
next-backend-wait = { $backend } asks all jobs to wait until:
next-wait-on = { $backend } asks this job to wait until:
next-wait = Its backend asks it to wait until:
next-not-before = It starts, as its request says, at:
next-window = { $backend } works at certain times. It goes on at:
next-window-never = None of the hours of { $backend } comes any more: its config.yml must be changed.
next-rate = It waits for its turn on { $backend }, whose rate is bounded:
next-retry = It is tried again at:
next-slot = It starts when one of the jobs running on { $backend } ends.
next-slot-hub = It starts when one of the running jobs ends.
next-nothing = It starts in a moment.
ahead = How far it has come
ahead-of = { $done } of { $of }
ahead-done = { $done } done
ahead-in-all = { $of } in all
ahead-left = about { $span } left

# Replay.
replay = Edit and retry
replay-text = A new job with this document is put at the end of the queue of its subject. The failed one stays as it is; the audit log keeps what was changed.
replay-document = Document
replay-document-help = Leave •••••• where it stands: the secret behind it is put back, as long as it is kept.
replay-secrets = Secrets
replay-secrets-help = Only needed when they are no longer kept, or are to be others.
replay-secrets-needed = The secrets of this job are no longer kept: give each of them again.
replay-stale = Replay it all the same
replay-do = Retry with this document
json-wrong = This is no valid JSON: { $why }
retry-many = Retry failed jobs
retry-none = No failed job fits.
retry-too-many = More than { $n } jobs fit: narrow the filter, for example by time.
retry-count = { $n ->
    [one] { $n } job will run again as a new job.
   *[other] { $n } jobs will run again as new jobs.
 }
retry-what = They are put at the end of the queues of their subjects, in their old order. The failed ones stay as they are.
retry-stale = Also those of which a later job of the same subject and action has succeeded since. Replaying these may undo what the later ones did.
retry-do = { $n ->
    [one] Retry { $n } job
   *[other] Retry { $n } jobs
 }
retry-done = { $n ->
    [one] { $n } job runs again.
   *[other] { $n } jobs run again.
 }
retried-refused = { $n ->
    [one] { $n } job does not.
   *[other] { $n } jobs do not.
 }
retried-left = { $n ->
    [one] { $n } job was not tried, because the hub could not go on: try again.
   *[other] { $n } jobs were not tried, because the hub could not go on: try again.
 }
retried-caption = Jobs that were not retried, and why

# Dead letters.
dead-text = What was given up, and waits for somebody.
dead-retry-all = Retry all…
dead-jobs = Failed jobs
dead-refusals = Refused messages
dead-deliveries = Undeliverable
dead-no-deliveries = Everything was delivered
dead-no-deliveries-text = A reply or notification that its receiver never takes is given up after a while, and stays here.
delivery-to = To
delivery-again = Send again
delivery-drop = Drop
dead-no-jobs = No failed job
dead-no-jobs-text = A job fails when a backend says so for good, or when its retries are used up. It stays here, and can be retried as it is or edited.
dead-no-refusals = No refused message
dead-no-refusals-text = What a source received and could not accept is kept here, so that it can be handed in again when the cause is gone.
refusal = Refused message
refusal-again = It was refused once more:
refusal-size = Size
refusal-sealed = The message itself is not shown: nobody knows where the secrets are in what could not be read.
refusal-resubmit = Hand it in again
refusal-hint = It is read again as its source reads it now.

# Backends.
backends-caption = Backends, in the order in which they run
backends-order = Backends run in this order.
backend-native = native
backend-kind = Kind
backend-native-text = native: a part of the program, without a folder
check-native = { $n ->
    [one] { $n } native backend
   *[other] { $n } native backends
 }
backends-none = No backend
backends-none-text = A backend is a folder with a script that does the work of an action. Make one, then reload:
backend-trouble = It cannot be used
backend-idle = It does nothing
backend-trouble-hint = Put it right, then reload. To see it from the terminal:
backend-standing = Standing
backend-at-most = { $n } at most
backend-attempts = Attempts since the start
attempts-done = { $n } done
attempts-soft = { $n } failed for now
attempts-hard = { $n } failed for good
attempts-wait = { $n } put off by the backend
backend-takes = Half take at most
backend-takes-most = 95 of 100 at most { $span }
backend-last-success = Last success
backend-last-failure = Last failure
backend-jobs = Jobs
backend-see-jobs = Jobs with a step on it
backend-actions = Actions
backend-no-actions = It maps no action.
backend-failures = Latest failures
backend-no-failures = None.
backend-pause-hint = Pausing lets running steps end and starts no new one. Jobs wait, in order; nothing is lost.
backend-left-alone-hint = It kept failing. Work goes there again when it answers; Resume sends it now.
backend-left-alone-until = Left alone until
backend-held-until = Asks to wait until
backend-held-hint = It said “not now”. Then one job asks it again; Resume asks now.
backend-rate = Rate
backend-windows = Works at
backend-opens = opens
backend-dry-run = Dry runs
backend-can = supported
backend-paused-hint = Jobs wait, in order. Resuming takes them up again.
pause = Pause
pause-of = Pause { $backend }
resume = Resume
resume-of = Resume { $backend }
ping = Ping
ping-good = It answers.
ping-bad = It does not answer as it should.
check = Check
check-hint = Reads the backends on disk and says what a reload would find; nothing changes
check-backends = { $n ->
    [one] One backend in
   *[other] { $n } backends in
}
check-fine = No problem was found.
check-errors = { $n ->
    [one] One error.
   *[other] { $n } errors.
}
check-warnings = { $n ->
    [one] One warning.
   *[other] { $n } warnings.
}
check-error = Error
check-warning = Warning
check-dependencies = What they ask over HTTP
check-reachable = Answers
check-unreachable = Does not answer
check-text = This is how the backends lie on disk now. What runs is changed by a reload.
reload = Reload
reload-hint = Reads configuration and backends anew
reload-done = { $n ->
    [one] Configuration and { $n } backend were read anew.
   *[other] Configuration and { $n } backends were read anew.
 }
reload-warnings = In use, and in trouble
reload-restart = Changed, and needs a restart
reload-refused = All stays as it was:

# Sources.
sources-text = Where requests come from, and whether the hub hears them.
source-what = What there is to know
source-open = open
source-http = The API, this console and the commands. Each token and person is a source of its own, such as http/token:crm.
link-last-error = Last trouble:
link-quiet = Nothing to say.
unclaimed = Told, and wanted by nobody
unclaimed-text = Events that merely tell something make no job when no backend maps them. Since the start:
unclaimed-times = Times

# Failsafe.
failsafe-text = Caps on jobs that delete or disable. What exceeds them is held until somebody has looked.
failsafe-sets = Held jobs
failsafe-none = Nothing is held.
failsafe-set = Set
failsafe-jobs = Jobs
failsafe-reason = Why
failsafe-kind = Kind
failsafe-waits = waits for a decision
failsafe-approved = approved
failsafe-rejected = rejected
destroys-delete = delete
destroys-disable = disable
failsafe-why = { $kind ->
    [delete] Of jobs that delete, { $cap } may start on { $backend } within { $window }, and { $n } had.
   *[other] Of jobs that disable, { $cap } may start on { $backend } within { $window }, and { $n } had.
 }
failsafe-cap = { $kind ->
    [delete] { $n ->
        [one] { $n } job that deletes may start on a backend within { $window }.
       *[other] { $n } jobs that delete may start on a backend within { $window }.
     }
   *[other] { $n ->
        [one] { $n } job that disables may start on a backend within { $window }.
       *[other] { $n } jobs that disable may start on a backend within { $window }.
     }
 }
failsafe-caps = Caps
failsafe-off = The failsafe is off: no source is guarded. See “failsafe” in the settings.
failsafe-sources = Guarded sources: { $sources }
failsafe-unused = None of it is used.
failsafe-used = Started within the window
failsafe-holds = { $n ->
    [one] { $n } job is held
   *[other] { $n } jobs are held
 }
failsafe-by = by { $by },
failsafe-decide-text = A decision is about exactly the jobs below, and is made once. What comes later forms a new set. Held jobs keep their order; other actions go on.
failsafe-lost = { $kind ->
    [delete] { $what ->
        [people] { $n ->
            [one] { $n } person will be deleted by { $backend }
           *[other] { $n } people will be deleted by { $backend }
         }
       *[other] { $n ->
            [one] { $n } entry will be deleted by { $backend }
           *[other] { $n } entries will be deleted by { $backend }
         }
     }
   *[other] { $what ->
        [people] { $n ->
            [one] { $n } person will be disabled by { $backend }
           *[other] { $n } people will be disabled by { $backend }
         }
       *[other] { $n ->
            [one] { $n } entry will be disabled by { $backend }
           *[other] { $n } entries will be disabled by { $backend }
         }
     }
 }
failsafe-approve = { $kind ->
    [delete] { $what ->
        [people] { $n ->
            [one] Delete { $n } person
           *[other] Delete { $n } people
         }
       *[other] { $n ->
            [one] Delete { $n } entry
           *[other] Delete { $n } entries
         }
     }
   *[other] { $what ->
        [people] { $n ->
            [one] Disable { $n } person
           *[other] Disable { $n } people
         }
       *[other] { $n ->
            [one] Disable { $n } entry
           *[other] Disable { $n } entries
         }
     }
 }
failsafe-reject = { $what ->
    [people] { $n ->
        [one] Keep this person
       *[other] Keep these { $n } people
     }
   *[other] { $n ->
        [one] Keep this entry
       *[other] Keep these { $n } entries
     }
 }
failsafe-kept-text = To keep them cancels their jobs.
failsafe-since = Held since
failsafe-caption = The jobs of this set

# Audit.
audit-who = Who
audit-what = What
audit-change = Change
audit-none = No change fits
audit-none-yet = None yet among the newest entries
audit-none-text = Everything that people and programs change is kept here.
audit-one = Change
audit-before = Before
audit-after = After
audit-nothing = It was not there.

# Settings.
settings-text = The configuration as it holds now. It is changed in its file or by environment variables; most of it holds after a reload.
settings-general = General
settings-parts = Parts of the configuration
settings-find = Find a setting
settings-only-set = Only what is set here
settings-count = { $n ->
    [one] { $n } setting
   *[other] { $n } settings
 }
settings-set = { $n ->
    [one] { $n } set here
   *[other] { $n } set here
 }
find-none = nothing found
settings-caption = Settings
setting-key = Key
setting-value = Value
setting-meaning = Meaning
setting-origin = From
setting-default = default
setting-restart = needs a restart

# About.
about-text = Intendant takes requests, records them durably, runs them in order on the backends that implement them, and tells whoever asked how it went.
about-version = Version
about-journal = Journal
about-licence = Licence
about-licences = The work of others in it
nodes = Hubs on the journal
nodes-unseen = As they were seen last:
col-host = Machine
node-process = process
node-own = this one
node-differs = other backends or settings
node-at-work = works
node-leads = leads
node-stands-by = stands by
node-hands-over = hands over
node-drained = drained
node-silent = { $n ->
    [one] silent for 1 s
   *[other] silent for { $n } s
 }
chores = What is done at times
col-chore = Chore
col-times = Times
col-last = Last
col-next = Next
chore-running = being done
chore-failing = { $n ->
    [one] failed once
   *[other] failed { $n } times
 }
attention-chore = Something that is done at times fails: { $name }.
attention-differs = The hub on { $host } has other backends or settings than the one that leads.
about-count = { $n ->
    [one] { $n } work, under one licence
   *[other] { $n } works, by licence
 }

# Submit.
submit-title = Submit a request
submit-text = The request becomes a job as soon as it is on disk. What does not fit the action is said here, and nothing is kept of it.
submit-action = Action
submit-choose = Choose
submit-form = Form
submit-required = required
submit-document = Document
submit-document-help = “concernedTo” says whom it is about; “payload” and “options” go to the backends as they are.
submit-do = Submit
submit-destroys = This action deletes or disables on the backends.
submit-unclaimed = Nothing was started: no active backend maps this action, and it is one that merely tells.

# What was done.
done-submitted = The request was accepted.
done-known = This request was accepted before: here is its job.
done-replayed = It runs again as this new job.
done-retry-many = { $n ->
    [one] { $n } job runs again.
   *[other] { $n } jobs run again.
 }
done-replayed-before = This job was replayed before: here is the replay.
done-hurried = The retry is due now.
done-cancelled = The job was cancelled.
done-cancelling = The running step is being ended; the job ends with it.
done-resubmitted = The message was accepted.
done-resubmitted-unclaimed = The message was understood, and nobody wants to know: there is no job.
done-sent-again = { $n ->
    [one] { $n } delivery is sent again.
   *[other] { $n } deliveries are sent again.
 }
done-dropped = { $n ->
    [one] { $n } delivery is dropped.
   *[other] { $n } deliveries are dropped.
 }
done-paused = The backend is paused. Its running steps end, no new one starts.
done-resumed = The backend is resumed.
done-approved = { $n ->
    [one] { $n } job may run.
   *[other] { $n } jobs may run.
 }
done-rejected = { $n ->
    [one] { $n } job is cancelled.
   *[other] { $n } jobs are cancelled.
 }

# Signing in.
sign-in = Sign in
sign-in-wrong = Name or password is wrong.
oidc-sign-in = Sign in with { $label }
oidc-welcome = You are signed in as { $name }
oidc-onward = Go on
oidc-unreachable = { $label } cannot be reached or does not answer as it should. Try again in a moment, or sign in with an account of this hub. The hub’s log says what happened.
oidc-lost = This sign-in is not known here: it took longer than ten minutes, was used before, or was begun in another browser. Begin again.
oidc-denied = { $label } did not let you sign in.
oidc-unbelieved = What { $label } answered cannot be trusted, so nobody was signed in. The hub’s log says why; tell whoever administers the hub.
oidc-nameless = { $label } gives no name that an account here could have. Tell whoever administers the hub.
oidc-no-role = { $label } knows you as { $name }, but nothing it says of you gives you a role here. Ask whoever administers the hub for access.
oidc-taken = { $label } knows you as { $name }, but that name belongs to another account here. Tell whoever administers the hub.
oidc-kept-out = The account { $name } is kept out. Ask whoever administers the hub.
sign-in-first = Nobody has an account yet. Get a sign-in link in a terminal on the hub’s machine:
welcome = Welcome
welcome-new = Choose a name and a password. The account may do everything.
welcome-account = Choose a password for your account.
welcome-do = Set the password and sign in
password = Password
password-old = Present password
password-new = New password
password-again = The same once more
password-rule = Ten characters at least.
password-differs = The two passwords are not the same.
password-change = Change the password
password-ends = Your sessions in other browsers end.

# Accounts.
account = Your account
account-name = Name
account-role = Role
account-active = active
account-disabled = kept out
account-invited = no password yet
account-elsewhere = signs in elsewhere
account-provider = Signs in at
account-provider-role = It sets the role anew at each sign-in.
account-no-password = You sign in at { $provider }: there is no password here.
account-disable = Keep this person out
account-disable-hint = Open sessions end at once.
account-remove = Remove the account
account-remove-text = The person cannot sign in any more. What the account did stays in the audit log.
account-remove-own = This is your own account.
account-remove-sure = Yes, remove { $name }
accounts = Accounts
accounts-text = People who may sign in here.
accounts-none = No account
accounts-new = New account
accounts-make = Make the account
accounts-make-hint = You get a link with which the person sets a password.
role-viewer-may = sees jobs, backends and sources
role-operator-may = also submits, retries, cancels, pauses and approves
role-admin-may = may do everything, also accounts, tokens, settings and audit
invite = Sign-in link
invite-text = With it the person sets a new password and is signed in.
invite-make = Make a link
invite-made = Give this link to { $name }:
invite-once = It works once, and for 15 minutes.
col-made = Made
col-used = Last used
never = never
save = Save

# Tokens.
tokens = Tokens
tokens-text = Keys with which programs use the API.
tokens-none = No token
tokens-none-text = Programs on this machine may use the hub’s socket without one.
tokens-new = New token
tokens-make = Make the token
token-name = Name
token-scopes = May
token-expires = Expires
token-expired = expired
token-days = { $n ->
    [one] in { $n } day
   *[other] in { $n } days
 }
token-made = The token is made
token-made-text = This is the token { $name }. It is shown now and never again:
token-use = Programs send it as
scope-submit = hand in requests, and see what became of them
scope-read = see jobs, backends and events
scope-operate = retry, cancel, pause, resume and approve; includes read
scope-admin = everything
revoke = Revoke the token
revoke-ask = Revoke…
revoke-of = Revoke { $name }…
revoke-text = { $name } will stop working at once, for ever.
revoke-used = It was last used:
revoke-unused = It was never used.
done-password = The password was changed.
done-changed = The change was saved.
done-account-removed = The account was removed.
done-revoked = The token was revoked.
job-grave = grave
dead-grave-title = Grave failures
dead-grave = { $n ->
    [one] One grave failure: a person has to decide
   *[other] { $n } grave failures: a person has to decide
 }
dead-grave-text = Nothing helps here but somebody who looks. The page of each job says what can be done.
dead-no-others = No other job has failed.
attention-grave = { $n ->
    [one] One failure is grave: a person has to decide
   *[other] { $n } failures are grave: a person has to decide
 }

# What is done to many jobs, and what ends dead letters.
many-sample = The newest of them
cancel-many = Cancel jobs
cancel-none = None of them can be cancelled: they have ended.
cancel-count = { $n ->
    [one] { $n } job will be cancelled.
   *[other] { $n } jobs will be cancelled.
 }
cancel-what = Steps that are running are ended by force. What they have done stays done.
cancel-do = { $n ->
    [one] Cancel { $n } job
   *[other] Cancel { $n } jobs
 }
cancel-done = { $n ->
    [one] { $n } job is cancelled.
   *[other] { $n } jobs are cancelled.
 }
done-cancel-many = { $n ->
    [one] { $n } job is cancelled.
   *[other] { $n } jobs are cancelled.
 }
aside-many = Set dead letters aside
aside-none = None of them is a dead letter.
aside-count = { $n ->
    [one] { $n } dead letter will be set aside.
   *[other] { $n } dead letters will be set aside.
 }
aside-what = They count no longer and leave this list. They stay in the journal, and each can still be retried from its page.
aside-reason = Reason
aside-reason-help = Why nobody has to do anything about them. It is kept in the audit log.
aside-reason-wrong = Say why, in 1,000 letters at most.
aside-do = { $n ->
    [one] Set { $n } aside
   *[other] Set { $n } aside
 }
aside-done = { $n ->
    [one] { $n } dead letter is set aside.
   *[other] { $n } dead letters are set aside.
 }
done-aside-many = { $n ->
    [one] { $n } dead letter is set aside.
   *[other] { $n } dead letters are set aside.
 }
dead-retry = Retry…
dead-aside = Set aside…
dead-retry-these = Retry these…
dead-aside-these = Set these aside…
dead-aside-all = Set all aside…
dead-retry-n = { $n ->
    [one] Retry { $n }…
   *[other] Retry all { $n }…
 }
dead-all-of-them = All of them
dead-failed-on = Failed on { $backend }
dead-causes = By cause
col-jobs = Jobs
col-cause = Cause
col-first = First
cause-silent = without a message
cause-jobs = { $n ->
    [one] { $n } job
   *[other] { $n } jobs
 }
cause-first = first
cause-last = last
cause-sample = The last one says:
cause-elsewhere = { $n ->
    [one] { $n } more has another cause.
   *[other] { $n } more have other causes.
 }
filter-dead = Dead letters only
filter-failed_on = Failed on
filter-cause = Cause
filter-wrong-cause = A cause has 16 hexadecimal digits.
backend-retrying = Tried again later
next-settled-replayed = It failed, and a replay of it has succeeded.
next-settled-followed = It failed, and a replay of it failed too: that one is the dead letter.
next-settled-aside = It failed, and was set aside.
settled-why = Who set it aside, and why
filter-ended_since = Ended since
filter-ended_until = Ended before
col-number = Number
col-courier = Courier
letters-number = { $n ->
    [one] { $n } message
   *[other] { $n } messages
 }
letters-looked-at = { $n ->
    [one] Only the newest one was looked at.
   *[other] Only the newest { $n } were looked at.
 }
letters-aside = Set aside
cause-none = none of this cause is left
done-resubmitted-many = { $n ->
    [one] { $n } message was accepted.
   *[other] { $n } messages were accepted.
 }
done-resubmitted-some = { $n ->
    [one] { $n } message was accepted. The others were refused once more and stay here.
   *[other] { $n } messages were accepted. The others were refused once more and stay here.
 }
done-resubmitted-none = { $n ->
    [one] { $n } message was refused once more and stays here.
   *[other] { $n } messages were refused once more and stay here.
 }
jobs-total = { $n ->
    [one] { $n } job
   *[other] { $n } jobs
 }
jobs-at-least = at least { $n } jobs
jobs-newest-first = the last accepted first
jobs-oldest-first = the first accepted first
jobs-turn = Turn the order around
jobs-looked-at-oldest = { $n ->
    [one] Only the oldest job was looked at.
   *[other] The oldest { $n } jobs were looked at.
 }
search-on-newer = Look at newer ones
pager-oldest = ← Oldest
pager-newer = Newer →
