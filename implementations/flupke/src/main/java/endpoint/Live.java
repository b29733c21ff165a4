package endpoint;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import tech.kwik.flupke.webtransport.Session;

/** An established session in either role. */
final class Live {
  /** In which a listener is told, if it will be. */
  private static final long TOLD_WITHIN_MS = 200;

  final String name;
  final Events events;
  final Gate reading;
  private final Session session;
  private final Executor threads;
  private final CompletableFuture<Closure> closure = new CompletableFuture<>();
  private volatile boolean closedByUs;

  /** What the API shows of an end. */
  private record Closure(Long code, String reason) {}

  Live(String name, Session session, Events events, Gate reading, Executor threads) {
    this.name = name;
    this.session = session;
    this.events = events;
    this.reading = reading;
    this.threads = threads;
    // At once: who listens later than the session ends is told nothing.
    session.registerSessionTerminatedEventListener(
        (code, reason) -> closure.complete(new Closure(code, reason)));
  }

  /**
   * Lets the application have the session. `adopt` is told of each stream of the peer's before its
   * event.
   */
  void serve(Application application, Consumer<Channel> adopt) {
    session.setBidirectionalStreamReceiveHandler(
        stream -> take(Channel.bidi(this, events.streamName(), stream), application, adopt));
    session.setUnidirectionalStreamReceiveHandler(
        stream -> take(Channel.incomingUni(this, events.streamName(), stream), application, adopt));
    try {
      session.open();
    } catch (IllegalStateException closedAlready) {
      closure.completeOnTimeout(new Closure(null, null), TOLD_WITHIN_MS, TimeUnit.MILLISECONDS);
    }
    closure.thenAccept(this::reportClosed);
    run(() -> application.start(this));
  }

  // The library's lock is held meanwhile.
  private void take(Channel channel, Application application, Consumer<Channel> adopt) {
    adopt.accept(channel);
    channel.announce("peer");
    run(() -> application.take(channel));
  }

  /** Waits for credit, without a limit of time. */
  Channel open(String kind, String streamName) throws IOException {
    Channel channel =
        kind.equals(Channel.BIDI)
            ? Channel.bidi(this, streamName, session.createBidirectionalStream())
            : Channel.outgoingUni(this, streamName, session.createUnidirectionalStream());
    channel.announce("local");
    return channel;
  }

  void close(long code, String reason) throws IOException {
    closedByUs = true;
    session.close(code, reason);
  }

  /** The API shows code 0 for every other end as well, the loss of the connection included. */
  private void reportClosed(Closure shown) {
    events.emit(
        "closed",
        Fields.of(
            "session", name,
            "code", shown.code(),
            "reason", shown.reason(),
            "by", closedByUs ? "local" : null,
            "clean", null));
  }

  void run(Runnable job) {
    threads.execute(job);
  }

  void log(String what, Exception failure) {
    System.err.println(what + ": " + failure);
  }
}
