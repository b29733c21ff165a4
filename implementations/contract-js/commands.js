/** Commands to a client, one JSON object a line on stdin (contract section 3). */

import { Buffer } from 'node:buffer';
import { stdin } from 'node:process';
import { createInterface } from 'node:readline';

import { pattern } from './applications.js';

/** A failure of ours, not of the API; `kind` is what the `error` event calls it. */
export class CommandError extends Error {
  constructor(kind, text) {
    super(text);
    this.kind = kind;
  }
}

export const badCommand = (text) => new CommandError('bad-command', text);

export const unknown = (what, name) =>
  new CommandError(`unknown-${what}`, `${what} ${name} is not known`);

/** Each line as it comes, until stdin ends; one of no JSON object is an unknown command. */
export async function* readCommands() {
  for await (const line of createInterface({ input: stdin })) {
    yield parsed(line);
  }
}

function parsed(line) {
  try {
    return Object(JSON.parse(line));
  } catch {
    return {};
  }
}

/** The bytes to send: those given, or the pattern. */
export function payload(command) {
  return command.fill ? pattern(command.fill) : decoded(command.data ?? '');
}

/** The SHA-256 hashes of certificates that are good enough; empty: the program's choice. */
export const hashes = (command) => (command.hashes ?? []).map(decoded);

const decoded = (text) => new Uint8Array(Buffer.from(text, 'base64'));
