// The server of those who wrote the protocol, in a folder, on a port of loopback.
'use strict';

const { Server } = require('@tus/server');
const { FileStore } = require('@tus/file-store');

const [port, directory] = process.argv.slice(2);
const server = new Server({ path: '/files', datastore: new FileStore({ directory }), relativeLocation: true, maxSize: 2 ** 31 });
server.listen({ host: '127.0.0.1', port: Number(port) }, () => console.log('ready'));
