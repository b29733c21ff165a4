package endpoint;

import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A session that a command asked for, from that moment on. */
final class Asked {
  final Gate reading = new Gate();
  /** Completed when the session is established, or exceptionally when it is refused. */
  final CompletableFuture<Opened> opened = new CompletableFuture<>();

  private volatile boolean echo;

  /** What commands need of an established session. */
  record Opened(Live live, Connections.Connection connection) {}

  void set(Command command) {
    if (command.flag("echo") != null) {
      echo = command.flag("echo");
    }
    if (command.flag("read") != null) {
      reading.set(command.flag("read"));
    }
  }

  /** Reads and reports, or behaves as the server's /echo, as the mode is when a stream arrives. */
  Application application() {
    return channel -> {
      if (echo) {
        Applications.echo(channel);
      } else {
        report(channel);
      }
    };
  }

  static void report(Channel channel) {
    channel.consume(
        piece -> {
          String data = Base64.getEncoder().encodeToString(piece);
          channel.live.events.emit("data", Fields.of("stream", channel.name, "data", data));
        });
  }

  /** Waits until the outcome is known. */
  Opened established(String name) throws CommandError {
    try {
      return opened.join();
    } catch (CompletionException refused) {
      throw CommandError.unknown("session", name);
    }
  }
}
