package endpoint;

import java.util.List;
import java.util.Map;
import tech.kwik.core.KwikVersion;

/** What is declared, and owed from then on. */
final class Hello {
  static final List<String> ROLES = List.of(Settings.SERVER, Settings.CLIENT);

  /** Draft 13 has its one setting; 14 has that too, but wants datagrams announced with it. */
  static final List<String> DIALECTS = List.of("h3-13");

  private static final int CONTRACT = 1;
  /** As in pom.xml: the library calls itself "dev". */
  private static final String VERSION = "0.9.4";

  private static final Map<String, List<String>> FEATURES =
      Map.of(
          Settings.SERVER,
          List.of("bidi", "uni", "closed", "close-code", "origin", "headers"),
          Settings.CLIENT,
          List.of(
              "bidi", "uni", "closed", "close-code", "origin", "headers", "pooling", "hashes",
              "stats"));

  /** The API has neither datagrams nor any way to reset, to stop, to drain or to negotiate. */
  static final Map<String, List<String>> UNSUPPORTED =
      Map.of(
          Settings.SERVER,
          List.of("/drain", "/reset", "/stop", "/protocols"),
          Settings.CLIENT,
          List.of("datagram", "reset", "stop", "drain"));

  private Hello() {}

  static void print(Events events, String role) {
    events.emit(
        "hello",
        Fields.of(
            "contract", CONTRACT,
            "name", "flupke",
            "version", VERSION,
            "roles", ROLES,
            "dialects", DIALECTS,
            "limits", Map.of(),
            "features", FEATURES.get(role),
            "unsupported", UNSUPPORTED.get(role),
            "api", api()));
  }

  private static String api() {
    return "flupke %s, kwik %s, Java %s"
        .formatted(
            VERSION, KwikVersion.getVersion(), System.getProperty("java.version"));
  }
}
