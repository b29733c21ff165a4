/** Deno's WebTransport behind wtspec's endpoint contract. */

import { readFileSync } from 'node:fs';

import { hashes } from '../contract-js/commands.js';
import { delay } from '../contract-js/events.js';
import { run } from '../contract-js/program.js';
import { asking } from '../contract-js/session.js';

const DIALECTS = ['h3-07', 'h3-02'];
// Lets the frames that still refer to a stream end, and gathers streams that end together.
const COLLECT_AFTER_MS = 1;
/** What the peer has of QPACK's: each takes the place of a stream that was asked for. */
const QPACK_STREAMS = 2;
const ASK_AGAIN_AFTER_MS = 20;

let collecting = false;

const stack = {
  name: 'deno',
  version: Deno.version.deno,
  api: `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`,
  offers: {
    server: {
      dialects: DIALECTS,
      features: ['bidi', 'uni', 'datagrams'],
      unsupported: ['/drain', '/origin', '/protocols', '/reject', '/reset', '/stop'],
    },
    client: {
      dialects: DIALECTS,
      features: ['bidi', 'uni', 'datagrams', 'hashes', 'stats'],
      unsupported: ['drain', 'reset', 'stop'],
    },
  },

  async listen({ host, port, certificateFile, keyFile }, take) {
    const listener = new Deno.QuicEndpoint({ hostname: host, port }).listen({
      cert: readFileSync(certificateFile, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
      alpnProtocols: ['h3'],
    });
    takeAll(listener, take);
  },

  async connect(command) {
    const wanted = hashes(command).map((value) => ({ algorithm: 'sha-256', value }));
    const session = new WebTransport(command.url, { serverCertificateHashes: wanted });
    session.closed.catch(() => {}); // a failure to connect shows here as well
    await session.ready;
    return session;
  },

  /** The library takes no further stream after one of QPACK's until it is asked again. */
  async accept(streams, take) {
    const next = asking(streams, take);
    next();
    for (let i = 0; i < QPACK_STREAMS; i++) {
      await delay(ASK_AGAIN_AFTER_MS);
      next();
    }
  },

  /** The library sends the FIN of a stream when it is collected, not when it is closed. */
  released() {
    if (!collecting) {
      collecting = true;
      setTimeout(() => {
        collecting = false;
        globalThis.gc();
      }, COLLECT_AFTER_MS);
    }
  },

  endingOf: (error) => (/reset/i.test(error.message) ? 'reset' : 'lost'),
};

async function takeAll(listener, take) {
  for await (const incoming of listener) {
    upgrade(incoming, take).catch((failure) => console.error(`connection: ${failure}`));
  }
}

/** The library has answered the request before it shows its URL: a refusal can only close. */
async function upgrade(incoming, take) {
  const session = await Deno.upgradeWebTransport(await incoming.accept());
  await take({
    path: session.url.replace(/^[a-z]+:\/\/[^/]*/, ''),
    accept: () => session,
    refuse: () => session.close(),
  });
}

await run(stack);
