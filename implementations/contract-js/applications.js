/** What becomes of a session and of the peer's traffic in it (contract section 5). */

/** Bounds what is kept of one unidirectional stream before it is returned. */
const ECHOED_UNI_LIMIT = 16 << 20;

/** The bytes i % 251. */
export function pattern(size) {
  return Uint8Array.from({ length: size }, (_, i) => i % 251);
}

export const sink = { take: (_, stream) => drop(stream), datagram: () => {} };

export const hold = { take: (live, stream) => live.held.push(stream) };

export const echo = { take: echoStream, datagram: echoDatagram };

function echoStream(live, stream) {
  return stream.sender ? echoBidi(stream) : echoUni(live, stream);
}

/** Returns the bytes as they come, then FIN for FIN and reset for reset. */
async function echoBidi({ reader, sender }) {
  // A failure to write is the end of the session, or the peer's stop: what comes is read on.
  const how = await reader.consume((piece) => sender.write(piece).catch(() => {}));
  if (how === 'fin') {
    await sender.finish().catch(() => {});
  } else {
    await sender.abort().catch(() => {});
  }
}

/** Returns the bytes on a new stream once they are all there; a longer one is given up. */
async function echoUni(live, { reader }) {
  const kept = [];
  let size = 0;
  const how = await reader.consume((piece) => {
    size += piece.length;
    if (size <= ECHOED_UNI_LIMIT) {
      kept.push(piece.slice());
    }
  });
  if (how === 'fin' && size <= ECHOED_UNI_LIMIT) {
    await openAndDeliver(live, 'uni', joined(kept, size));
  }
}

function joined(pieces, size) {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

function echoDatagram(live, data) {
  live.sendDatagram(data).catch((error) => console.error(`echo of a datagram: ${error}`));
}

async function openAndDeliver(live, kind, data) {
  try {
    const { reader, sender } = await live.open(kind, live.events.streamName());
    reader?.consume();
    await sender.deliver(data);
  } catch (error) {
    console.error(`opening a stream: ${error}`);
  }
}

/** Reads to the end; ending our side too, without a byte, gives the peer its stream credit back. */
async function drop({ reader, sender }) {
  await reader.consume();
  await sender?.finish().catch(() => {});
}

export function source(bidi, uni, datagrams, size) {
  const start = (live) => {
    for (let i = 0; i < bidi + uni; i++) {
      openAndDeliver(live, i < bidi ? 'bidi' : 'uni', pattern(size));
    }
    for (let i = 0; i < datagrams; i++) {
      echoDatagram(live, pattern(size));
    }
  };
  return { ...sink, start };
}

export function closing(code, reason, afterStream) {
  const close = (live) => live.close(code, reason);
  if (!afterStream) {
    return { ...sink, start: close };
  }
  const take = (live, stream) => {
    close(live);
    return drop(stream);
  };
  return { ...sink, take };
}
