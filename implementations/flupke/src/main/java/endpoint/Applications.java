package endpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** What the contract's section 5 has a session do, by path or by command. */
final class Applications {
  /** Bounds what is kept of one unidirectional stream before it is returned. */
  private static final int ECHOED_UNI_LIMIT = 16 << 20;

  static final Application SINK = Applications::drop;
  static final Application HOLD = channel -> {};
  static final Application ECHO = Applications::echo;

  private Applications() {}

  /** The bytes i % 251. */
  static byte[] pattern(int size) {
    byte[] data = new byte[size];
    for (int i = 0; i < size; i++) {
      data[i] = (byte) (i % 251);
    }
    return data;
  }

  static void echo(Channel channel) {
    if (channel.isWritable()) {
      echoBidi(channel);
    } else {
      echoUni(channel);
    }
  }

  /** Returns the bytes as they come, then FIN for FIN; the API has neither resets nor stops. */
  private static void echoBidi(Channel channel) {
    String how =
        channel.consume(
            piece -> {
              try {
                channel.write(piece);
              } catch (IOException failure) {
                channel.live.log(channel.name, failure);
              }
            });
    if (how.equals(Channel.BY_FIN)) {
      channel.deliver(new byte[0]);
    }
  }

  /** Returns the bytes on a new stream once they are all there; a longer one is given up. */
  private static void echoUni(Channel channel) {
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    String how =
        channel.consume(
            piece -> {
              if (kept.size() <= ECHOED_UNI_LIMIT) {
                kept.writeBytes(piece);
              }
            });
    if (how.equals(Channel.BY_FIN) && kept.size() <= ECHOED_UNI_LIMIT) {
      openAndDeliver(channel.live, Channel.UNI, kept.toByteArray());
    }
  }

  private static void openAndDeliver(Live live, String kind, byte[] data) {
    try {
      Channel channel = live.open(kind, live.events.streamName());
      if (channel.isReadable()) {
        live.run(() -> channel.consume(piece -> {}));
      }
      channel.deliver(data);
    } catch (IOException failure) {
      live.log(live.name, failure);
    }
  }

  /** Reads to the end; ending our side too, without a byte, gives stream credit back. */
  private static void drop(Channel channel) {
    channel.consume(piece -> {});
    if (channel.isWritable()) {
      channel.deliver(new byte[0]);
    }
  }

  static Application source(int bidi, int uni, int size) {
    return new Application() {
      @Override
      public void start(Live live) {
        for (int i = 0; i < bidi + uni; i++) {
          String kind = i < bidi ? Channel.BIDI : Channel.UNI;
          live.run(() -> openAndDeliver(live, kind, pattern(size)));
        }
      }

      @Override
      public void take(Channel channel) {
        drop(channel);
      }
    };
  }

  static Application closing(long code, String reason, boolean afterStream) {
    return new Application() {
      @Override
      public void start(Live live) {
        if (!afterStream) {
          close(live);
        }
      }

      @Override
      public void take(Channel channel) {
        if (afterStream) {
          close(channel.live);
        }
        drop(channel);
      }

      private void close(Live live) {
        try {
          live.close(code, reason);
        } catch (IOException failure) {
          live.log(live.name, failure);
        }
      }
    };
  }
}
