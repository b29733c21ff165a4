/**
 * The endpoint contract, version 1, once for every JavaScript library of WebTransport: a stack says
 * how to listen and how to connect, and gives sessions of the W3C's interface.
 *
 * A stack has `name`, `version`, `api`, `offers` (for each role dialects, features and what is
 * unsupported), `listen(settings, take)`, `connect(command)` and `endingOf(error)`; it may have
 * `accept(streams, take)` and `released()`: see session.js and streams.js.
 */

import { exit } from 'node:process';

import { obey } from './client.js';
import { Events } from './events.js';
import { serve } from './server.js';
import { readSettings } from './settings.js';

/** Tells that the role, or each of the dialects asked for, is not offered. */
const NOT_OFFERED = 127;

export async function run(stack) {
  const settings = readSettings();
  const offer = stack.offers[settings.role];
  if (!offer || !settings.asksFor(offer.dialects)) {
    console.error('endpoint: neither the role nor the dialect is offered');
    exit(NOT_OFFERED);
  }
  const events = new Events();
  if (settings.role === 'server') {
    await serve(stack, settings, events);
  } else {
    await obey(stack, events);
    exit(0); // the library's threads would keep the process alive
  }
}
