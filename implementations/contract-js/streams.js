/** The two halves of a stream, over the W3C's readable and writable. */

import { createHash } from 'node:crypto';

import { base64 } from './events.js';

/** Keeps a `data` line, in base64, well under the contract's 64 KiB of bytes. */
const PIECE_SIZE = 32 << 10;

export class Reader {
  #live;
  #name;
  #reader;

  constructor(live, name, readable) {
    this.#live = live;
    this.#name = name;
    this.#reader = readable.getReader();
  }

  /** Reads to the end, gives each piece to `take`, and reports how it ended, which is returned. */
  async consume(take = () => {}) {
    const digest = createHash('sha256');
    let bytes = 0;
    let how = 'fin';
    try {
      for (;;) {
        await this.#live.reading.opened();
        const { done, value } = await this.#reader.read();
        if (done) {
          break;
        }
        bytes += value.length;
        digest.update(value);
        await take(value);
      }
    } catch (error) {
      how = await this.#live.endingOf(error);
    }
    const sha256 = digest.digest('hex');
    this.#live.events.emit('ended', { stream: this.#name, bytes, sha256, how, code: null });
    return how;
  }

  /** Reads in a client's default mode. */
  report() {
    return this.consume((value) => {
      for (let start = 0; start < value.length; start += PIECE_SIZE) {
        const data = base64(value.subarray(start, start + PIECE_SIZE));
        this.#live.events.emit('data', { stream: this.#name, data });
      }
    });
  }
}

export class Sender {
  #live;
  #writer;

  constructor(live, writable) {
    this.#live = live;
    this.#writer = writable.getWriter();
  }

  async write(data) {
    if (!this.#writer) {
      throw new TypeError('the stream is finished');
    }
    try {
      await this.#writer.write(data);
    } catch (error) {
      this.abort().catch(() => {}); // lets go of what the peer stopped
      throw error;
    }
  }

  finish() {
    return this.#end((writer) => writer.close());
  }

  /** What the interface has for a reset; both libraries drop the code. */
  abort() {
    return this.#end((writer) => writer.abort());
  }

  /** The writer is let go: some libraries end a stream when it is collected, not before. */
  async #end(how) {
    const writer = this.#writer;
    this.#writer = null;
    if (writer) {
      await how(writer);
      this.#live.stack.released?.();
    }
  }

  /** Writes it all and ends; a failure is the end of the session, or the peer's stop. */
  async deliver(data) {
    try {
      if (data.length > 0) {
        await this.write(data);
      }
      await this.finish();
    } catch (error) {
      console.error(`stream: ${error}`);
    }
  }
}
