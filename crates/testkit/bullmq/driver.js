// Does with BullMQ what Sesame's orchestrator does, as it is told: a JSON document per line on standard input,
// answered by one per line on standard output, in whatever order they are done.
'use strict';

const { createInterface } = require('node:readline');

const [packageName, url, queueName] = process.argv.slice(2);
const { Queue, QueueEvents, Worker } = require(packageName);
const Redis = require('ioredis');

const connect = () => new Redis(url, { maxRetriesPerRequest: null });
const queue = new Queue(queueName, { connection: connect() });
queue.on('error', () => {});
const seen = [];

let events;
let worker;

// From what is there now on: by itself it listens from some moment after it says that it is ready.
async function listen() {
  const look = connect();
  const [last] = await look.xrevrange(queue.toKey('events'), '+', '-', 'COUNT', 1);
  look.disconnect();
  events = new QueueEvents(queueName, { connection: connect(), lastEventId: last ? last[0] : '0-0' });
  events.on('error', () => {});
  for (const name of ['added', 'waiting', 'active', 'progress', 'completed', 'failed', 'stalled', 'drained']) {
    events.on(name, (event) => seen.push({ event: name, ...event }));
  }
  await events.waitUntilReady();
}

const chores = {
  async add({ name, data, opts }) {
    return (await queue.add(name, data, opts)).id;
  },
  async addBulk({ jobs }) {
    return (await queue.addBulk(jobs)).map((job) => job.id);
  },
  async ask({ name, data, opts, ms }) {
    const job = await queue.add(name, data, opts);
    return await job.waitUntilFinished(events, ms);
  },
  async wait({ id, ms }) {
    return await (await queue.getJob(id)).waitUntilFinished(events, ms);
  },
  async waitAll({ ids, ms }) {
    const end = Date.now() + ms;
    const left = new Set(ids);
    for (;;) {
      for (const id of [...left]) {
        const state = await (await queue.getJob(id)).getState();
        if (state === 'completed' || state === 'failed') left.delete(id);
        else break;
      }
      if (left.size === 0) return true;
      if (Date.now() > end) throw new Error(`${left.size} jobs are not finished`);
      await new Promise((done) => setTimeout(done, 50));
    }
  },
  async state({ id }) {
    const job = await queue.getJob(id);
    return job ? await job.getState() : null;
  },
  async counts() {
    return await queue.getJobCounts('wait', 'active', 'delayed', 'completed', 'failed', 'paused', 'prioritized');
  },
  async completed() {
    return (await queue.getCompleted(0, -1)).map(({ id, name, data, returnvalue }) => ({ id, name, data, returnvalue }));
  },
  async job({ id }) {
    const job = await queue.getJob(id);
    return job ? { ...job.asJSON(), state: await job.getState() } : null;
  },
  async events({ id }) {
    return seen.filter((event) => id === undefined || event.jobId === id);
  },
  // Hears no more events: with many jobs that alone keeps it busy.
  async deafen() {
    await events.close();
  },
  // Removes what is completed.
  async clean() {
    return (await queue.clean(0, 0, 'completed')).length;
  },
  async remove({ id }) {
    return await queue.remove(id);
  },
  async pause() {
    await queue.pause();
  },
  async resume() {
    await queue.resume();
  },
  async workers() {
    return (await queue.getWorkersCount?.()) ?? (await queue.getWorkers()).length;
  },
  async work({ options }) {
    const run = async (job) => ({ jobId: job.id, status: 0, data: [{ backend: 'node' }], jobName: job.name });
    worker = new Worker(queueName, run, { connection: connect(), ...options });
    worker.on('error', () => {});
    await worker.waitUntilReady();
  },
  // Takes a job and neither works on it nor renews its lock.
  async grab({ token, lock }) {
    const idle = new Worker(queueName, undefined, { connection: connect(), autorun: false, lockDuration: lock });
    const job = await idle.getNextJob(token);
    return job ? job.id : null;
  },
  async rest() {
    await worker.close();
  },
};

const LIMIT = 120_000;

async function main() {
  await queue.waitUntilReady();
  await listen();
  for await (const line of createInterface({ input: process.stdin })) {
    const { n, what, ...arguments_ } = JSON.parse(line);
    const answer = (said) => process.stdout.write(`${JSON.stringify({ n, ...said })}\n`);
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error(`${what} took too long`)), LIMIT).unref());
    Promise.race([chores[what](arguments_), late]).then(
      (value) => answer({ value: value ?? null }),
      (error) => answer({ error: error.message }),
    );
  }
  process.exit(0);
}

main();
