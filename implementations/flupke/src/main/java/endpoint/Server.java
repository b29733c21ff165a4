package endpoint;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.http.HttpHeaders;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import tech.kwik.core.log.NullLogger;
import tech.kwik.core.server.ServerConnectionConfig;
import tech.kwik.core.server.ServerConnector;
import tech.kwik.flupke.server.HttpServerRequest;
import tech.kwik.flupke.server.HttpServerResponse;
import tech.kwik.flupke.webtransport.Session;
import tech.kwik.flupke.webtransport.WebTransportHttp3ApplicationProtocolFactory;

/** Answers by path. */
final class Server {
  private static final int NOT_FOUND = 404;

  /**
   * The library's default, but for its 10 unidirectional streams, 3 of which are HTTP/3's own, and
   * for Retry: each packet of a first flight gets a token of its own, and the connection fails with
   * INVALID_TOKEN when both are used.
   */
  private static final ServerConnectionConfig CONFIGURATION =
      ServerConnectionConfig.builder()
          .maxOpenPeerInitiatedUnidirectionalStreams(100)
          .maxOpenPeerInitiatedBidirectionalStreams(100)
          .maxConnectionBufferSize(10_000_000)
          .maxUnidirectionalStreamBufferSize(1_000_000)
          .maxBidirectionalStreamBufferSize(1_000_000)
          .retryRequired(false)
          .build();

  private final Events events;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  /** Of the requests that became sessions, by path; a Session does not show them. */
  private final Map<String, HttpHeaders> headers = new ConcurrentHashMap<>();

  Server(Events events) {
    this.events = events;
  }

  /** Serves until the process is told to end. */
  void serve(Settings settings) throws Exception {
    var protocol = new WebTransportHttp3ApplicationProtocolFactory(this::answer);
    Routes.OFFERED.forEach(path -> protocol.registerWebTransportServer(path, this::accept));
    ServerConnector connector =
        ServerConnector.builder()
            .withSocket(new DatagramSocket(settings.address()))
            .withKeyStore(
                Identity.keyStore(settings.certificate(), settings.key()),
                Identity.ALIAS,
                Identity.PASSWORD)
            .withConfiguration(CONFIGURATION)
            .withLogger(new NullLogger())
            .build();
    connector.registerApplicationProtocol("h3", protocol);
    connector.start();
    Hello.print(events, Settings.SERVER);
  }

  /** Asked before the library looks for a session's path; no status leaves the request to it. */
  private void answer(HttpServerRequest request, HttpServerResponse response) throws IOException {
    if (!"CONNECT".equals(request.method())) {
      response.setStatus(NOT_FOUND);
      return;
    }
    String path = String.valueOf(request.path());
    int status = refusal(path, request.headers());
    if (status == Routes.NOT_IMPLEMENTED) {
      response.addHeader("wtspec", "not-offered");
    }
    if (status != 0) {
      response.setStatus(status);
      return;
    }
    headers.put(path, request.headers());
  }

  private static int refusal(String path, HttpHeaders headers) {
    try {
      return Routes.refusal(path, headers.allValues("origin"));
    } catch (IllegalArgumentException malformedQuery) {
      return 400;
    }
  }

  private void accept(Session session) {
    String path = session.getPath();
    HttpHeaders sent = headers.remove(path);
    Live live = new Live(events.sessionName(), session, events, new Gate(), threads);
    events.emit(
        "session",
        Fields.of(
            "session", live.name,
            "path", path,
            "origin", sent == null ? null : sent.firstValue("origin").orElse(null),
            "headers", sent == null ? Map.of() : flattened(sent),
            "protocol", null,
            "wire_id", session.getSessionId()));
    live.serve(Routes.application(path), channel -> {});
  }

  /** The contract's shape: one text each. */
  private static Map<String, String> flattened(HttpHeaders headers) {
    return headers.map().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, field -> String.join(", ", field.getValue())));
  }
}
