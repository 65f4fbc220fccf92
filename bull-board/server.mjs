// Turn the queues of Ruach Studio into pages of Bull Board, to look at and nothing else.
//
// Read-only twice over: Bull Board is told so, and no request but GET and HEAD reaches it. A retry here would keep the job's
// id, which our ladder never does; recovery is `ruach ops` and the operations page, to which every job links. It has no
// sign-in of its own, so it listens on this machine only unless BULL_BOARD_HOST says otherwise, and then it needs a proxy
// that knows who may look: jobs name people and files.
//
// Settings: RUACH_DATABASE_URL (or RUACH_QUEUE_BACKEND=redis, RUACH_REDIS_URL, RUACH_REDIS_PREFIX), RUACH_PUBLIC_URL,
// BULL_BOARD_HOST, BULL_BOARD_PORT, BULL_BOARD_QUEUES (names with commas; default the service's own four and their dead letters).

import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import express from 'express';

const OURS = ['assembly-jobs', 'render-jobs', 'media-transcoding', 'formation-state'];
const env = process.env;
const host = env.BULL_BOARD_HOST ?? '127.0.0.1';
const port = Number(env.BULL_BOARD_PORT ?? 8601);
const publicUrl = (env.RUACH_PUBLIC_URL ?? 'http://127.0.0.1:8600').replace(/\/$/, '');
const names = env.BULL_BOARD_QUEUES ? env.BULL_BOARD_QUEUES.split(',') : OURS.flatMap((name) => [name, `${name}-dlq`]);
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

function fail(sentence) {
  console.error(`bull-board: ${sentence}`);
  process.exit(2);
}

function openQueue() {
  if (env.RUACH_QUEUE_BACKEND === 'redis') {
    if (!env.RUACH_REDIS_URL) fail('RUACH_REDIS_URL is not set; say where Redis is.');
    const at = new URL(env.RUACH_REDIS_URL);
    const connection = {
      host: at.hostname, port: Number(at.port || 6379), username: at.username || undefined,
      password: decodeURIComponent(at.password) || undefined, db: Number(at.pathname.slice(1) || 0),
      tls: at.protocol === 'rediss:' ? {} : undefined, maxRetriesPerRequest: 1,
    };
    return (name) => new Queue(name, { connection, prefix: env.RUACH_REDIS_PREFIX || 'bull' });
  }
  if (!env.RUACH_DATABASE_URL) fail('RUACH_DATABASE_URL is not set; give the address that the service uses.');
  // a socket's folder comes as ?host=…, which is the form of libpq
  const at = new URL(env.RUACH_DATABASE_URL.replace('@/', '@localhost/'));
  const connection = {
    host: at.searchParams.get('host') ?? at.hostname, port: Number(at.searchParams.get('port') ?? (at.port || 5432)),
    user: decodeURIComponent(at.username), password: decodeURIComponent(at.password) || undefined,
    database: at.pathname.slice(1), schema: 'bullmq', max: 4,
  };
  const Bound = withBackend(createPostgresBackend);
  return (name) => new Bound.Queue(name, { connection, skipVersionCheck: false });
}

// Our page tells the story of a job under its own id; in a dead-letter queue the id has a prefix.
function storyOf(job) {
  const id = encodeURIComponent(String(job.id ?? '').replace(/^dlq-/, ''));
  return { displayText: 'Its story', href: `${publicUrl}/studio/ops/story/${id}` };
}

const open = openQueue();
const queues = names.map((name) => {
  const queue = open(name);
  queue.on('error', (error) => console.error(`bull-board: ${name}: ${error.message}`));
  return new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false, externalJobUrl: storyOf });
});
const pages = new ExpressAdapter();
createBullBoard({ queues, serverAdapter: pages, options: { uiConfig: { boardTitle: 'Ruach Studio queues (read-only)' } } });

const app = express();
app.disable('x-powered-by');
app.use((request, response, next) => {
  const asked = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (LOOPBACK.has(host) && !LOOPBACK.has(asked)) {
    response.status(421).type('text').send('this board is for this machine only\n'); // a name that was bent to point here
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.status(405).set('allow', 'GET, HEAD').type('text').send('read-only: use ruach ops or the operations page\n');
  } else {
    next();
  }
});
app.use(pages.getRouter());
const server = app.listen(port, host, (error) => {
  if (error) fail(error.message);
  console.log(`bull-board: http://${host}:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
