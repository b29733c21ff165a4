/** What the contract says of each path. */

import { closing, echo, hold, sink, source } from './applications.js';

const BAD_REQUEST = 400;
const NOT_FOUND = 404;
const NOT_IMPLEMENTED = 501;

const APPLICATIONS = {
  '/echo': () => echo,
  '/sink': () => sink,
  '/hold': () => hold,
  '/source': (query) =>
    source(...['bidi', 'uni', 'datagrams', 'bytes'].map((key) => query.number(key))),
  '/close': (query) =>
    closing(query.number('code'), query.text('reason'), query.text('after') === 'stream'),
};

/** A status to refuse with, or an application. */
export function answer(pathAndQuery, unsupported) {
  const [path, raw = ''] = pathAndQuery.split(/\?(.*)/s);
  const query = new Query(raw);
  if (unsupported.includes(path)) {
    return { refusal: NOT_IMPLEMENTED };
  }
  if (path === '/reject') {
    return { refusal: final(query.number('status')) };
  }
  const application = APPLICATIONS[path]?.(query);
  return application ? { application } : { refusal: NOT_FOUND };
}

/** A final status; no library ends a response with another. */
const final = (status) => (status >= 200 && status <= 999 ? status : BAD_REQUEST);

class Query {
  #values;

  /** To the contract a plus is a plus, to URLSearchParams a space. */
  constructor(raw) {
    this.#values = new URLSearchParams(raw.replaceAll('+', '%2B'));
  }

  text(key) {
    return this.#values.get(key) ?? '';
  }

  /** Zero for an absent key. */
  number(key) {
    return Number(this.text(key));
  }
}
