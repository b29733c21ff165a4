package endpoint;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What the contract says of each path. */
final class Routes {
  static final List<String> OFFERED =
      List.of("/echo", "/sink", "/hold", "/source", "/close", "/origin");

  private static final String ALLOWED_ORIGIN = "https://allowed.test";
  private static final int ACCEPT = 0;
  private static final int BAD_REQUEST = 400;
  private static final int FORBIDDEN = 403;
  static final int NOT_IMPLEMENTED = 501;

  private Routes() {}

  /** The status to refuse with; 0: leave the request to the library. */
  static int refusal(String pathAndQuery, List<String> origins) {
    String path = pathOf(pathAndQuery);
    Map<String, String> query = queryOf(pathAndQuery);
    if (Hello.UNSUPPORTED.get(Settings.SERVER).contains(path) || number(query, "datagrams") > 0) {
      return NOT_IMPLEMENTED;
    }
    return switch (path) {
      case "/reject" -> rejection(number(query, "status"));
      case "/origin" -> origins.stream().allMatch(ALLOWED_ORIGIN::equals) ? ACCEPT : FORBIDDEN;
      default -> ACCEPT;
    };
  }

  /** A final status; the library takes any from 100 to 999. */
  private static int rejection(long status) {
    return status < 200 || status > 999 ? BAD_REQUEST : (int) status;
  }

  static Application application(String pathAndQuery) {
    Map<String, String> query = queryOf(pathAndQuery);
    return switch (pathOf(pathAndQuery)) {
      case "/echo" -> Applications.ECHO;
      case "/hold" -> Applications.HOLD;
      case "/source" ->
          Applications.source(
              (int) number(query, "bidi"),
              (int) number(query, "uni"),
              (int) number(query, "bytes"));
      case "/close" ->
          Applications.closing(
              number(query, "code"),
              query.getOrDefault("reason", ""),
              "stream".equals(query.get("after")));
      default -> Applications.SINK;
    };
  }

  private static String pathOf(String pathAndQuery) {
    return pathAndQuery.split("\\?", 2)[0];
  }

  private static Map<String, String> queryOf(String pathAndQuery) {
    String[] parts = pathAndQuery.split("\\?", 2);
    return Arrays.stream(parts.length < 2 ? new String[0] : parts[1].split("&"))
        .map(pair -> pair.split("=", 2))
        .filter(pair -> pair.length == 2)
        .collect(Collectors.toMap(pair -> pair[0], pair -> decoded(pair[1]), (a, b) -> b));
  }

  /** To the contract a plus is a plus, to URLDecoder a space. */
  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** Zero for an absent key. */
  private static long number(Map<String, String> query, String key) {
    return Long.parseLong(query.getOrDefault(key, "0"));
  }
}
