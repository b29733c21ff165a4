/** What the API shows, one JSON object a line on stdout (contract section 4). */

import { writeSync } from 'node:fs';
import { Buffer } from 'node:buffer';

const CONTRACT = 1;
const STDOUT = 1;
const BUSY_MS = 1;
const SETTLED_AFTER_MS = 20;
const SETTLE_LIMIT_MS = 500;

export const base64 = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** All of it, also where the runtime has made stdout a pipe that does not wait for its reader. */
function print(text) {
  const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(nobody, 0, 0, BUSY_MS);
    }
  }
}

/** Prints events in the order in which the API shows them, and names what no command named. */
export class Events {
  #latest = 0;
  #names = 0;

  emit(event, fields) {
    this.#latest = Date.now();
    print(`${JSON.stringify({ event, ...fields })}\n`);
  }

  hello(stack, role) {
    const { dialects, features, unsupported } = stack.offers[role];
    const { name, version, api } = stack;
    const roles = Object.keys(stack.offers);
    const contract = CONTRACT;
    const limits = {};
    this.emit('hello', {
      contract, name, version, roles, dialects, limits, features, unsupported, api,
    });
  }

  done(command, result = null) {
    this.emit('done', { id: command.id, result });
  }

  fail(command, error) {
    const kind = error.kind ?? error.name ?? 'error';
    this.emit('error', { id: command.id ?? null, error: String(error.message ?? error), kind });
  }

  /** The mark keeps the name of a stream that no command opened apart from the suite's names. */
  streamName() {
    return `~${++this.#names}`;
  }

  sessionName() {
    return `s${++this.#names}`;
  }

  /** Ready when nothing was printed for a moment, or after a limit: what the API has just woken may
   * not have run yet, and there is no other sign of it. */
  async settle() {
    const start = Date.now();
    let idle = 0;
    while (idle < SETTLED_AFTER_MS && Date.now() - start < SETTLE_LIMIT_MS) {
      await delay(SETTLED_AFTER_MS - idle);
      idle = Date.now() - Math.max(this.#latest, start);
    }
  }
}
