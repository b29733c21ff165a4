/** @moq/web-transport behind wtspec's endpoint contract. */

import './node20.js';

import { readFileSync } from 'node:fs';

import { Server } from '@moq/web-transport';
import Session from '@moq/web-transport';

import { hashes } from '../contract-js/commands.js';
import { run } from '../contract-js/program.js';

const DIALECTS = ['h3-07', 'h3-02'];
/** As in package.json: the package does not export its own. */
const VERSION = '0.1.4';

const stack = {
  name: 'moq-web-transport',
  version: VERSION,
  api: `@moq/web-transport ${VERSION}, Node ${process.version}`,
  offers: {
    server: {
      dialects: DIALECTS,
      features: ['bidi', 'uni', 'datagrams', 'closed', 'close-code'],
      unsupported: ['/drain', '/origin', '/protocols', '/reject', '/reset', '/stop'],
    },
    client: {
      dialects: DIALECTS,
      features: ['bidi', 'uni', 'datagrams', 'closed', 'close-code', 'hashes', 'stats'],
      unsupported: ['drain', 'reset', 'stop'],
    },
  },

  async listen({ host, port, certificateFile, keyFile }, take) {
    const server = Server.bind(
      `${host}:${port}`,
      readFileSync(certificateFile),
      readFileSync(keyFile),
    );
    takeAll(server, take);
  },

  async connect(command) {
    const wanted = hashes(command).map((value) => ({ algorithm: 'sha-256', value }));
    const trust = wanted.length
      ? { serverCertificateHashes: wanted }
      : { serverCertificateDisableVerify: true };
    const session = new Session(command.url, trust);
    await session.ready;
    return session;
  },

  endingOf: (error) => (/reset/i.test(error.message) ? 'reset' : 'lost'),
};

async function takeAll(server, take) {
  for (;;) {
    const request = await server.accept();
    if (!request) {
      return;
    }
    request.url
      .then((url) =>
        take({
          path: url.replace(/^[a-z]+:\/\/[^/]*/, ''),
          accept: () => request.ok(),
          refuse: (status) => request.reject(status),
        }),
      )
      .catch((failure) => console.error(`request: ${failure}`));
  }
}

await run(stack);
