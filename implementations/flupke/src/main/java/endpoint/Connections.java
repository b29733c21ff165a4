package endpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import tech.kwik.core.QuicClientConnection;
import tech.kwik.core.log.NullLogger;
import tech.kwik.flupke.Http3ClientConnection;
import tech.kwik.flupke.Http3SingleConnectionClient;
import tech.kwik.flupke.impl.Http3ClientConnectionImpl;
import tech.kwik.flupke.webtransport.ClientSessionFactory;

/** Dials, and shares what is to be pooled. */
final class Connections {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(11);
  /** The library's own default of a server; a client's is too few for any stream of a session. */
  private static final int PEER_STREAMS = 100;

  private final ExecutorService threads;
  private final Map<String, CompletableFuture<Connection>> pooled = new ConcurrentHashMap<>();

  /** A factory of sessions hides its connection, whose life is ours therefore. */
  record Connection(QuicClientConnection quic, ClientSessionFactory sessions) {}

  Connections(ExecutorService threads) {
    this.threads = threads;
  }

  /** A new connection, or with `pool` one made for the same authority and hashes. */
  CompletableFuture<Connection> get(URI target, Command command) {
    if (!command.isSet("pool")) {
      return dial(target, command);
    }
    String key =
        String.join(
            " ",
            target.getAuthority(),
            command.texts("hashes").toString(),
            command.texts("protocols").toString());
    return pooled.compute(
        key, (same, known) -> isUseful(known) ? known : dial(target, command));
  }

  private static boolean isUseful(CompletableFuture<Connection> known) {
    if (known == null || known.isCompletedExceptionally()) {
      return false;
    }
    return !known.isDone() || known.join().quic().isConnected();
  }

  private CompletableFuture<Connection> dial(URI target, Command command) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return connected(target, command.texts("hashes"));
          } catch (IOException failure) {
            throw new UncheckedIOException(failure);
          }
        },
        threads);
  }

  private Connection connected(URI target, List<String> hashes) throws IOException {
    QuicClientConnection.Builder builder =
        QuicClientConnection.newBuilder()
            .uri(target)
            .applicationProtocol("h3")
            .connectTimeout(CONNECT_TIMEOUT)
            .maxOpenPeerInitiatedUnidirectionalStreams(PEER_STREAMS)
            .maxOpenPeerInitiatedBidirectionalStreams(PEER_STREAMS)
            .noServerCertificateCheck() // of the host's name too, which no address passes
            .logger(new NullLogger());
    if (!hashes.isEmpty()) {
      builder.customTrustManager(
          Identity.trusting(hashes.stream().map(Base64.getDecoder()::decode).toList()));
    }
    QuicClientConnection quic = builder.build();
    var http =
        new Http3SingleConnectionClient(quic, CONNECT_TIMEOUT, null) {
          // Its own fails with a NullPointerException.
          @Override
          public Http3ClientConnection createConnection(HttpRequest request) {
            return new Http3ClientConnectionImpl(quic, threads);
          }
        };
    var sessions = ClientSessionFactory.newBuilder().serverUri(target).httpClient(http).build();
    return new Connection(quic, sessions);
  }
}
