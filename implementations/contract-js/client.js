/** A client: does what it is commanded (contract section 3). */

import { echo } from './applications.js';
import { CommandError, badCommand, payload, readCommands, unknown } from './commands.js';
import { delay } from './events.js';
import { Gate, Live } from './session.js';

/** The contract's patience of `connect` and `open`. */
const GIVE_UP_AFTER_MS = 10_000;
/** Lets the last close capsules leave before the process ends. */
const LINGER_MS = 100;

export async function obey(stack, events) {
  const client = new Client(stack, events);
  events.hello(stack, 'client');
  for await (const command of readCommands()) {
    if (command.cmd === 'shutdown') {
      events.done(command);
      break;
    }
    client.handle(command);
  }
  await client.closeAll();
}

/** `late` is given what comes after all. */
function withinPatience(promise, late = () => {}) {
  const timeout = Promise.withResolvers();
  const timer = setTimeout(() => {
    timeout.reject(new CommandError('timeout', 'gave up after 10 s'));
    promise.then(late, () => {});
  }, GIVE_UP_AFTER_MS);
  return Promise.race([promise, timeout.promise]).finally(() => clearTimeout(timer));
}

class Client {
  #stack;
  #events;
  // Names are kept to the end: the suite makes a few thousand in a run.
  #sessions = new Map();
  #streams = new Map();
  #commands = {
    connect: (command) => this.#connect(command),
    open: (command) => this.#open(command),
    write: (command) => this.#onStream(command),
    finish: (command) => this.#onStream(command),
    datagram: (command) => this.#onSession(command, (live) => live.sendDatagram(payload(command))),
    close: (command) =>
      this.#onSession(command, (live) => live.close(command.code ?? 0, command.reason ?? '')),
    stats: (command) => this.#onSession(command, (live) => live.stats()),
    mode: (command) => this.#find(command).set(command),
    sync: () => this.#events.settle(),
  };

  constructor(stack, events) {
    this.#stack = stack;
    this.#events = events;
  }

  /** Never waits: commands run independently, those of one stream in its order. */
  async handle(command) {
    try {
      if (this.#stack.offers.client.unsupported.includes(command.cmd)) {
        throw new CommandError('unsupported', `the API has no ${command.cmd}`);
      }
      if (!Object.hasOwn(this.#commands, command.cmd)) {
        throw unknown('command', command.cmd);
      }
      const result = await this.#commands[command.cmd](command);
      if (result !== ANSWERED) {
        this.#events.done(command, result ?? null);
      }
    } catch (error) {
      this.#events.fail(command, error);
    }
  }

  #find({ session }) {
    const asked = this.#sessions.get(session);
    if (!asked) {
      throw unknown('session', session);
    }
    return asked;
  }

  async #connect(command) {
    if (this.#sessions.has(command.session)) {
      throw badCommand("the session's name is taken");
    }
    const asked = new Asked(command);
    this.#sessions.set(command.session, asked);
    try {
      const connecting = this.#stack.connect(command);
      const api = await withinPatience(connecting, (late) => late.close());
      this.#establish(command, asked, api);
    } catch (error) {
      asked.live.reject(unknown('session', command.session));
      if (error.kind === 'timeout') {
        throw error;
      }
      const { id, session } = command;
      this.#events.emit('refused', { id, session, status: null, error: String(error) });
    }
    return ANSWERED;
  }

  #establish(command, asked, api) {
    const live = new Live(command.session, api, this.#stack, this.#events, asked.reading);
    const protocol = api.protocol || null;
    this.#events.emit('session', { session: live.name, status: null, protocol });
    this.#events.done(command);
    asked.live.resolve(live);
    live.serve(asked.application(), (stream) => this.#streams.set(stream.name, new Known(stream)));
  }

  #onSession(command, job) {
    return this.#find(command).live.promise.then(job);
  }

  async #open(command) {
    const asked = this.#find(command);
    if (!['bidi', 'uni'].includes(command.kind)) {
      throw badCommand('kind is neither uni nor bidi');
    }
    if (this.#streams.has(command.stream)) {
      throw badCommand("the stream's name is taken");
    }
    const known = new Known(asked.live.promise.then((live) => this.#opened(live, command)));
    this.#streams.set(command.stream, known);
    await known.opened;
  }

  async #opened(live, command) {
    const stream = await withinPatience(live.open(command.kind, command.stream));
    stream.reader?.report();
    return stream;
  }

  #onStream(command) {
    const known = this.#streams.get(command.stream);
    if (!known) {
      throw unknown('stream', command.stream);
    }
    return known.queue(({ sender }) => write(command, sender), unknown('stream', command.stream));
  }

  async closeAll() {
    for (const { live } of this.#sessions.values()) {
      await Promise.race([live.promise.then((one) => one.close(0, '')).catch(() => {}), null]);
    }
    await delay(LINGER_MS);
  }
}

/** The result of a command that has answered for itself. */
const ANSWERED = Symbol('answered');

async function write(command, sender) {
  if (!sender) {
    throw badCommand('the stream has no sending side');
  }
  if (command.cmd === 'write') {
    await sender.write(payload(command));
  }
  if (command.cmd === 'finish' || command.finish) {
    await sender.finish();
  }
}

/** A session that a command asked for, from that moment on. */
class Asked {
  live = Promise.withResolvers();
  reading = new Gate();
  #echo = false;

  constructor(command) {
    this.live.promise.catch(() => {}); // a refusal that no command waits for is none of ours
    this.set(command);
  }

  set({ echo: echoes, read }) {
    this.#echo = echoes ?? this.#echo;
    if (typeof read === 'boolean') {
      this.reading.set(read);
    }
  }

  /** Reads and reports, or echoes, as the mode is when a stream or a datagram comes. */
  application() {
    return {
      take: (live, stream) => (this.#echo ? echo.take(live, stream) : stream.reader.report()),
      datagram: (live, data) => this.#echo && echo.datagram(live, data),
    };
  }
}

/** A stream that commands may name, from the moment it is asked for. */
class Known {
  #last = Promise.resolve();

  constructor(stream) {
    this.opened = Promise.resolve(stream);
    this.opened.catch(() => {}); // `open` reports it
  }

  /** Runs a job behind those that the stream already has. */
  queue(job, absent) {
    const run = () => this.opened.then(job, () => Promise.reject(absent));
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    return result;
  }
}
