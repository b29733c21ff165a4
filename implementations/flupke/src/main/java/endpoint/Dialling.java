package endpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import tech.kwik.flupke.HttpError;
import tech.kwik.flupke.webtransport.Session;

/** From a `connect` command to a session that runs, or to its refusal. */
final class Dialling {
  private static final long H3_REQUEST_CANCELLED = 0x10c;

  private final Events events;
  private final ExecutorService threads;
  private final Consumer<Channel> adopt;
  private final Connections connections;

  private record Dialled(Session session, Connections.Connection connection) {}

  Dialling(Events events, ExecutorService threads, Consumer<Channel> adopt) {
    this.events = events;
    this.threads = threads;
    this.adopt = adopt;
    connections = new Connections(threads);
  }

  static CommandError gaveUp() {
    return new CommandError("timeout", "gave up after 10 s");
  }

  /** Ends in `session` and `done`, in `refused`, or in an error of kind timeout; then serves. */
  void establish(Command command, Asked asked) {
    URI target = URI.create(command.text("url"));
    CompletableFuture<Connections.Connection> connection = connections.get(target, command);
    CompletableFuture<Dialled> dialled =
        connection.thenApplyAsync(known -> dial(known, requestOf(target, command)), threads);
    try {
      serve(command, asked, dialled.get(Client.GIVE_UP_AFTER_S, TimeUnit.SECONDS));
    } catch (TimeoutException late) {
      events.fail(command, gaveUp());
      if (!command.isSet("pool")) {
        // Nobody else is on it, and the API has no other way to give the request up.
        connection.thenAccept(known -> known.quic().close(H3_REQUEST_CANCELLED, ""));
      }
    } catch (ExecutionException | InterruptedException failure) {
      refuse(command, failure.getCause());
    }
    asked.opened.completeExceptionally(new IOException("refused"));
  }

  private static HttpRequest requestOf(URI target, Command command) {
    HttpRequest.Builder request = HttpRequest.newBuilder(target);
    command.headers().forEach(request::header);
    if (!command.text("origin").isEmpty()) {
      request.header("origin", command.text("origin"));
    }
    return request.build();
  }

  private static Dialled dial(Connections.Connection connection, HttpRequest request) {
    try {
      return new Dialled(connection.sessions().createSession(request), connection);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (HttpError refusal) {
      throw new CompletionException(refusal);
    }
  }

  private void serve(Command command, Asked asked, Dialled dialled) {
    String name = command.text("session");
    Live live = new Live(name, dialled.session(), events, asked.reading, threads);
    events.emit(
        "session",
        Fields.of(
            "session", name,
            "status", null, // the API says no more than that it was 2xx
            "protocol", null,
            "wire_id", dialled.session().getSessionId()));
    events.done(command, null);
    live.serve(asked.application(), adopt);
    asked.opened.complete(new Asked.Opened(live, dialled.connection()));
  }

  private void refuse(Command command, Throwable failure) {
    Object status = failure instanceof HttpError refusal ? refusal.getStatusCode() : null;
    events.emit(
        "refused",
        Fields.of(
            "id", command.id(),
            "session", command.text("session"),
            "status", status,
            "error", String.valueOf(failure)));
  }
}
