package endpoint;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Prints what the API shows, one JSON object a line.
 *
 * <p>Whoever the API called prints at once, on the same thread, so the order is the API's.
 */
final class Events {
  private static final long SETTLED_AFTER_MS = 20;
  private static final long SETTLE_LIMIT_MS = 500;

  private final Gson gson = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
  // Not System.out, whose encoding is the locale's.
  private final PrintStream out =
      new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
  private final AtomicLong names = new AtomicLong();
  private volatile long latestNs = System.nanoTime();

  void emit(String name, Map<String, Object> fields) {
    fields.put("event", name);
    String line = gson.toJson(fields) + "\n";
    synchronized (this) {
      latestNs = System.nanoTime();
      out.print(line);
      out.flush();
      if (out.checkError()) {
        Runtime.getRuntime().halt(1); // nobody listens any more
      }
    }
  }

  void done(Command command, Object result) {
    emit("done", Fields.of("id", command.id(), "result", result));
  }

  void fail(Command command, Exception failure) {
    String kind =
        failure instanceof CommandError error ? error.kind() : failure.getClass().getSimpleName();
    emit(
        "error",
        Fields.of("id", command.id(), "error", String.valueOf(failure.getMessage()), "kind", kind));
  }

  /** The mark keeps the name of a stream that no command opened apart from the suite's names. */
  String streamName() {
    return "~" + names.incrementAndGet();
  }

  String sessionName() {
    return "s" + names.incrementAndGet();
  }

  /**
   * Returns when nothing was printed for a moment, or after the limit: a thread that the API has
   * just woken may not have run yet, and there is no other sign of it.
   */
  void settle() throws InterruptedException {
    long start = System.nanoTime();
    long idleMs = 0;
    while (idleMs < SETTLED_AFTER_MS && millisecondsSince(start) < SETTLE_LIMIT_MS) {
      Thread.sleep(SETTLED_AFTER_MS - idleMs);
      idleMs = Math.min(millisecondsSince(latestNs), millisecondsSince(start));
    }
  }

  private static long millisecondsSince(long instantNs) {
    return (System.nanoTime() - instantNs) / 1_000_000;
  }
}
