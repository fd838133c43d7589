// Sends a file as tus-js-client does, in parts, and goes on after whatever broke one off.
'use strict';

const fs = require('node:fs');
const tus = require('tus-js-client');

const [endpoint, file, name] = process.argv.slice(2);
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  chunkSize: 1 << 20,
  uploadSize: fs.statSync(file).size,
  metadata: { filename: name },
  retryDelays: Array(3000).fill(100),
  onError: (error) => { console.error(String(error)); process.exit(1); },
  onSuccess: () => { console.log(upload.url); process.exit(0); },
});
upload.start();
