package endpoint;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tech.kwik.core.Statistics;

/** Does what it is commanded. */
final class Client {
  /** The contract's patience of `connect` and `open`. */
  static final long GIVE_UP_AFTER_S = 10;
  /** Lets the last close capsules leave before the process ends. */
  private static final long LINGER_MS = 100;

  private final Events events;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Dialling dialling;
  // Names are kept to the end: the suite makes a few thousand in a run.
  private final Map<String, Asked> sessions = new ConcurrentHashMap<>();
  private final Map<String, Known> streams = new ConcurrentHashMap<>();

  /** A command's work; what it throws becomes its `error`. */
  interface Job {
    Object run() throws Exception;
  }

  Client(Events events) {
    this.events = events;
    dialling = new Dialling(events, threads, this::adopt);
  }

  /** Returns at `shutdown` or at the end of the commands, when every session is closed. */
  void obey(InputStream in) throws IOException, InterruptedException {
    Hello.print(events, Settings.CLIENT);
    var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Command command = Command.parse(line);
      if (command.cmd().equals("shutdown")) {
        events.done(command, null);
        break;
      }
      try {
        handle(command);
      } catch (CommandError | RuntimeException refused) {
        events.fail(command, refused);
      }
    }
    closeAll();
  }

  /** Never blocks: what may block runs on a thread, in the order of its stream. */
  private void handle(Command command) throws CommandError {
    if (Hello.UNSUPPORTED.get(Settings.CLIENT).contains(command.cmd())) {
      throw new CommandError("unsupported", "the API has no " + command.cmd());
    }
    switch (command.cmd()) {
      case "connect" -> connect(command);
      case "open" -> open(command);
      case "write", "finish" -> onStream(command);
      case "close" -> onSession(command, this::close);
      case "stats" -> onSession(command, this::stats);
      case "mode" -> {
        find(command).set(command);
        events.done(command, null);
      }
      case "sync" -> run(command, this::settled);
      default -> throw CommandError.unknown("command", command.cmd());
    }
  }

  private void run(Command command, Job job) {
    threads.execute(() -> answer(command, job));
  }

  private void answer(Command command, Job job) {
    try {
      events.done(command, job.run());
    } catch (Exception failure) {
      events.fail(command, failure);
    }
  }

  private Object settled() throws InterruptedException {
    events.settle();
    return null;
  }

  private Asked find(Command command) throws CommandError {
    Asked asked = sessions.get(command.text("session"));
    if (asked == null) {
      throw CommandError.unknown("session", command.text("session"));
    }
    return asked;
  }

  private void connect(Command command) throws CommandError {
    Asked asked = new Asked();
    asked.set(command);
    if (sessions.putIfAbsent(command.text("session"), asked) != null) {
      throw CommandError.bad("the session's name is taken");
    }
    threads.execute(() -> dialling.establish(command, asked));
  }

  private void open(Command command) throws CommandError {
    Asked asked = find(command);
    String kind = command.text("kind");
    if (!kind.equals(Channel.BIDI) && !kind.equals(Channel.UNI)) {
      throw CommandError.bad("kind is neither uni nor bidi");
    }
    Known known = new Known();
    if (streams.putIfAbsent(command.text("stream"), known) != null) {
      throw CommandError.bad("the stream's name is taken");
    }
    run(command, () -> opened(command, asked, known));
  }

  private Object opened(Command command, Asked asked, Known known) throws Exception {
    CompletableFuture<Channel> opening = new CompletableFuture<>();
    try {
      Live live = asked.established(command.text("session")).live();
      threads.execute(
          () -> {
            try {
              opening.complete(live.open(command.text("kind"), command.text("stream")));
            } catch (IOException | RuntimeException failure) {
              opening.completeExceptionally(failure);
            }
          });
      Channel channel = opening.get(GIVE_UP_AFTER_S, TimeUnit.SECONDS);
      known.opened.complete(channel);
      if (channel.isReadable()) {
        threads.execute(() -> Asked.report(channel));
      }
      return null;
    } catch (TimeoutException late) {
      throw Dialling.gaveUp();
    } catch (ExecutionException failure) {
      throw failure.getCause() instanceof IOException cause ? cause : failure;
    } finally {
      known.opened.completeExceptionally(new IOException("not opened"));
    }
  }

  private void adopt(Channel channel) {
    Known known = new Known();
    known.opened.complete(channel);
    streams.put(channel.name, known);
  }

  private void onStream(Command command) throws CommandError {
    String name = command.text("stream");
    Known known = streams.get(name);
    if (known == null) {
      throw CommandError.unknown("stream", name);
    }
    known.queue(() -> answer(command, () -> written(command, known.channel(name))), threads);
  }

  private Object written(Command command, Channel channel) throws CommandError, IOException {
    if (!channel.isWritable()) {
      throw CommandError.bad("the stream has no sending side");
    }
    if (command.cmd().equals("write")) {
      channel.write(command.payload());
    }
    if (command.cmd().equals("finish") || command.isSet("finish")) {
      channel.finish();
    }
    return null;
  }

  /** What a command does to an established session. */
  private interface SessionJob {
    Object run(Command command, Asked.Opened opened) throws IOException;
  }

  private void onSession(Command command, SessionJob job) throws CommandError {
    Asked asked = find(command);
    run(command, () -> job.run(command, asked.established(command.text("session"))));
  }

  private Object close(Command command, Asked.Opened opened) throws IOException {
    opened.live().close(command.number("code"), command.text("reason"));
    return null;
  }

  /** What the library knows of the connection. */
  private Object stats(Command command, Asked.Opened opened) {
    Statistics known = opened.connection().quic().getStats();
    return Map.of(
        "smoothed_rtt_ms", known.smoothedRtt(),
        "bytes_sent", known.bytesSent(),
        "packets_sent", known.packetsSent(),
        "packets_lost", known.lostPackets());
  }

  private void closeAll() throws InterruptedException {
    for (Asked asked : sessions.values()) {
      if (asked.opened.isDone() && !asked.opened.isCompletedExceptionally()) {
        Live live = asked.opened.join().live();
        try {
          live.close(0, "");
        } catch (IOException | RuntimeException failure) {
          live.log(live.name, failure);
        }
      }
    }
    Thread.sleep(LINGER_MS);
  }
}
