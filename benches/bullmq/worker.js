// A worker as Sesame's daemon has one: `node worker.js PACKAGE URL QUEUE CONCURRENCY COMMAND FOLDER`.
'use strict';

const { spawn } = require('node:child_process');

const [packageName, url, queueName, concurrency, command, folder] = process.argv.slice(2);
const { Worker } = require(packageName);
const Redis = require('ioredis');

// As the original's worker, and ours.
const KEEP = { age: 604800, count: 2500 };

function run(data) {
  return new Promise((done, fail) => {
    const child = spawn(command, { cwd: folder, shell: true });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', () => {});
    child.on('error', fail);
    child.stdin.on('error', () => {});
    child.on('close', () => done(output));
    child.stdin.end(JSON.stringify(data));
  });
}

const worker = new Worker(
  queueName,
  async (job) => {
    if (job.name === 'DUMP_PACKAGE_CONFIG') return { jobId: job.id, status: 0, data: [{}] };
    const output = await run(job.data);
    return { jobId: job.id, status: 0, data: [{ backend: 'sh', output: JSON.parse(output) }] };
  },
  {
    connection: new Redis(url, { maxRetriesPerRequest: null }),
    concurrency: Number(concurrency),
    removeOnComplete: KEEP,
    removeOnFail: KEEP,
  },
);
worker.on('error', () => {});
