package endpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;
import tech.kwik.flupke.webtransport.WebTransportStream;

/** A WebTransport stream of either kind, opened by either side. */
final class Channel {
  static final String BIDI = "bidi";
  static final String UNI = "uni";
  static final String BY_FIN = "fin";

  /** Keeps a `data` line, in base64, well under the contract's 64 KiB of bytes. */
  private static final int READ_SIZE = 32 << 10;

  final Live live;
  final String name;
  final String kind;
  private final InputStream input;
  private final OutputStream output;

  private Channel(Live live, String name, String kind, InputStream input, OutputStream output) {
    this.live = live;
    this.name = name;
    this.kind = kind;
    this.input = input;
    this.output = output;
  }

  static Channel bidi(Live live, String name, WebTransportStream stream) {
    return new Channel(live, name, BIDI, stream.getInputStream(), stream.getOutputStream());
  }

  static Channel incomingUni(Live live, String name, WebTransportStream stream) {
    return new Channel(live, name, UNI, stream.getInputStream(), null);
  }

  static Channel outgoingUni(Live live, String name, WebTransportStream stream) {
    return new Channel(live, name, UNI, null, stream.getOutputStream());
  }

  boolean isReadable() {
    return input != null;
  }

  boolean isWritable() {
    return output != null;
  }

  void announce(String by) {
    live.events.emit(
        "stream", Fields.of("session", live.name, "stream", name, "kind", kind, "by", by));
  }

  void write(byte[] data) throws IOException {
    output.write(data);
    output.flush();
  }

  void finish() throws IOException {
    output.close();
  }

  /** Writes it all and ends the sending side; a failure is the session's end or the peer's stop. */
  void deliver(byte[] data) {
    try {
      if (data.length > 0) { // behind an empty write the library sends nothing more, not even FIN
        write(data);
      }
      finish();
    } catch (IOException failure) {
      live.log(name, failure);
    }
  }

  /** Reads to the end, gives each piece to take, reports how it ended and returns that. */
  String consume(Consumer<byte[]> take) {
    MessageDigest digest = sha256();
    long size = 0;
    String how;
    byte[] buffer = new byte[READ_SIZE];
    try {
      while (true) {
        live.reading.await();
        int count = input.read(buffer);
        if (count < 0) {
          how = BY_FIN;
          break;
        }
        size += count;
        digest.update(buffer, 0, count);
        take.accept(Arrays.copyOf(buffer, count));
      }
    } catch (IOException | InterruptedException failure) {
      how = howOf(failure);
    }
    String digested = HexFormat.of().formatHex(digest.digest());
    live.events.emit(
        "ended",
        Fields.of("stream", name, "bytes", size, "sha256", digested, "how", how, "code", null));
    return how;
  }

  /** The API tells these apart by the text of its StreamClosedException only, and has no code. */
  private static String howOf(Exception failure) {
    String text = String.valueOf(failure.getMessage());
    if (text.startsWith("Stream reset")) {
      return "reset";
    }
    // The library closes streams for no other reason than that their session is over.
    return text.startsWith("Connection") ? "lost" : "session";
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible); // every Java has it
    }
  }
}
