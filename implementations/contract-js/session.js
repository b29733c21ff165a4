/** An established session in either role, with its application. */

import { base64 } from './events.js';
import { Reader, Sender } from './streams.js';

/** Holds back reading while it is shut. */
export class Gate {
  #shut = null;

  set(open) {
    if (open) {
      this.#shut?.resolve();
      this.#shut = null;
    } else {
      this.#shut ??= Promise.withResolvers();
    }
  }

  opened() {
    return this.#shut?.promise;
  }
}

export class Live {
  /** What no application reads must not be collected, which would stop it. */
  held = [];
  #api;
  #datagrams;
  #closedByUs = false;
  #over = false;

  constructor(name, api, stack, events, reading = new Gate()) {
    Object.assign(this, { name, stack, events, reading });
    this.#api = api;
    this.#datagrams = api.datagrams.writable.getWriter();
  }

  /** Runs the application until the session is over; `adopt` knows streams before their event. */
  async serve(application, adopt = () => {}) {
    const accept = this.stack.accept ?? acceptAll;
    const take = (stream) => {
      adopt(stream);
      this.#announce(stream, 'peer');
      application.take(this, stream);
    };
    accept(this.#api.incomingBidirectionalStreams, ({ readable, writable }) =>
      take(this.#stream('bidi', readable, writable)),
    );
    accept(this.#api.incomingUnidirectionalStreams, (readable) =>
      take(this.#stream('uni', readable, null)),
    );
    if (application.datagram) {
      this.#receiveDatagrams(application);
    }
    application.start?.(this);
    await this.#reportClosed();
  }

  async #receiveDatagrams(application) {
    const reader = this.#api.datagrams.readable.getReader();
    try {
      for (;;) {
        await this.reading.opened();
        const { done, value } = await reader.read();
        if (done) {
          return;
        }
        this.events.emit('datagram', { session: this.name, data: base64(value) });
        application.datagram(this, value);
      }
    } catch {
      // The session is over, which `closed` tells.
    }
  }

  #stream(kind, readable, writable, name = this.events.streamName()) {
    return {
      kind,
      name,
      reader: readable && new Reader(this, name, readable),
      sender: writable && new Sender(this, writable),
    };
  }

  #announce({ name, kind }, by) {
    this.events.emit('stream', { session: this.name, stream: name, kind, by });
  }

  /** Waits for credit. */
  async open(kind, name) {
    const options = { waitUntilAvailable: true };
    let stream;
    if (kind === 'bidi') {
      const { readable, writable } = await this.#api.createBidirectionalStream(options);
      stream = this.#stream(kind, readable, writable, name);
    } else {
      const writable = await this.#api.createUnidirectionalStream(options);
      stream = this.#stream(kind, null, writable, name);
    }
    this.#announce(stream, 'local');
    return stream;
  }

  sendDatagram(data) {
    return this.#datagrams.write(data);
  }

  close(closeCode, reason) {
    this.#closedByUs = true;
    this.#api.close({ closeCode, reason });
  }

  stats() {
    return { max_datagram_size: this.#api.datagrams.maxDatagramSize };
  }

  /** How a reading side ended whose read failed: only a stream's error leaves the session alive. */
  async endingOf(error) {
    await this.events.settle(); // the session's end may show a moment later
    return this.#over ? 'session' : this.stack.endingOf(error);
  }

  async #reportClosed() {
    const event = { session: this.name, code: null, reason: null, by: null, clean: null };
    try {
      const { closeCode, reason } = await this.#api.closed;
      Object.assign(event, { code: closeCode, reason, by: this.#closedByUs ? 'local' : null });
    } catch {
      event.by = 'transport';
    }
    this.#over = true;
    this.events.emit('closed', event);
  }
}

/**
 * Gives a function that asks for one stream more, and again after each that comes. No loop that
 * waits: it would keep the latest stream alive.
 */
export function asking(streams, take) {
  const reader = streams.getReader();
  const next = () =>
    reader.read().then(
      ({ done, value }) => {
        if (!done) {
          take(value);
          next();
        }
      },
      () => {}, // the session is over, which `closed` tells
    );
  return next;
}

function acceptAll(streams, take) {
  asking(streams, take)();
}
