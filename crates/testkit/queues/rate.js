// Jobs that do nothing, through a durable queue: `node rate.js QUEUE URL JOBS SUBMITTERS`. Each submitter waits for its own
// job to be written before it hands in the next one; meanwhile jobs are worked off, in whatever way the queue is fastest.
// Prints the seconds from the first job handed in to the last one done. What is measured has a queue and tables of its own.
'use strict';

const [kind, url, jobs, submitters] = process.argv.slice(2);
const total = Number(jobs);
const many = Number(submitters);
const person = { cn: 'DUPONT Alain', displayName: 'Alain Dupont', givenName: 'Alain', sn: 'DUPONT', uid: 'adupont' };
const rest = { mail: 'ad@lmondomaine.com', employeeType: 'TAIGA' };
const body = (n) => {
  const _id = `66c22991bdc3c9a7563a${(n % 500).toString(16).padStart(4, '0')}`;
  const identity = { _id, state: 2, inetOrgPerson: { ...person, ...rest, employeeNumber: String(n) } };
  return { concernedTo: _id, payload: { identity: { action: 'IDENTITY_UPDATE', identity } } };
};

let done = 0;
let finish;
const finished = new Promise((resolve) => (finish = resolve));
function ended(jobs) {
  done += jobs;
  if (done >= total) finish();
}

async function submit(add) {
  let next = 0;
  const one = async () => {
    while (next < total) await add(body(next++));
  };
  await Promise.all(Array.from({ length: many }, one));
}

const queues = {
  async bullmq() {
    const { Queue, Worker } = require('bullmq');
    const { hostname: host, port } = new URL(url);
    const connection = { host, port: Number(port), maxRetriesPerRequest: null };
    const queue = new Queue('noop', { connection });
    const keep = { removeOnComplete: { count: 2500 } };
    const worker = new Worker('noop', async () => {}, { connection, concurrency: 64, ...keep });
    worker.on('completed', () => ended(1));
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    return (data) => queue.add('noop', data);
  },

  async 'pg-boss'() {
    const PgBoss = require('pg-boss');
    const boss = new PgBoss({ connectionString: url, max: 32 });
    boss.on('error', () => {});
    await boss.start();
    await boss.createQueue('noop');
    // Not its workers, which look for work twice a second only.
    for (let loop = 0; loop < 4; loop++) {
      (async () => {
        while (done < total) {
          const taken = await boss.fetch('noop', { batchSize: 100 });
          if (taken.length > 0) await boss.complete('noop', taken.map((job) => job.id));
          else await new Promise((resolve) => setTimeout(resolve, 1));
          ended(taken.length);
        }
      })();
    }
    return (data) => boss.send('noop', data);
  },

  async 'graphile-worker'() {
    const { run, Logger } = require('graphile-worker');
    const logger = new Logger(() => () => {});
    const runner = await run({
      connectionString: url,
      concurrency: 32,
      maxPoolSize: 48,
      pollInterval: 100,
      noHandleSignals: true,
      logger,
      taskList: { noop: async () => {} },
    });
    runner.events.on('job:complete', () => ended(1));
    return (data) => runner.addJob('noop', data);
  },
};

(async () => {
  const add = await queues[kind]();
  const begun = process.hrtime.bigint();
  await submit(add);
  await finished;
  console.log(Number(process.hrtime.bigint() - begun) / 1e9);
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
