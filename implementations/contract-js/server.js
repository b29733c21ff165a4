/** A server: takes requests, and answers each as its path says. */

import { answer } from './routes.js';
import { Live } from './session.js';

/** What runs is held: a session that is collected would end. */
const running = new Set();

export async function serve(stack, settings, events) {
  const { unsupported } = stack.offers.server;
  const take = async (request) => {
    try {
      await respond(request, answer(request.path, unsupported), stack, events);
    } catch (error) {
      console.error(`${request.path}: ${error}`);
    }
  };
  await stack.listen(settings, take);
  events.hello(stack, 'server');
}

async function respond(request, { refusal, application }, stack, events) {
  if (refusal) {
    await request.refuse(refusal);
    return;
  }
  const live = new Live(events.sessionName(), await request.accept(), stack, events);
  running.add(live);
  events.emit('session', {
    session: live.name,
    path: request.path,
    origin: null,
    headers: {},
    protocol: null,
  });
  await live.serve(application);
  running.delete(live);
}
