package endpoint;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

/** What the environment asks for. WT_LIMITS and WT_PROTOCOLS are not read: the API has neither. */
record Settings(
    String role, String host, String port, Path certificate, Path key, List<String> dialects) {
  static final String SERVER = "server";
  static final String CLIENT = "client";

  static Settings read() {
    return new Settings(
        text("WT_ROLE"),
        text("WT_HOST"),
        text("WT_PORT"),
        Path.of(text("WT_CERT")),
        Path.of(text("WT_KEY")),
        List.of(text("WT_DIALECTS").split("\\s+")));
  }

  private static String text(String name) {
    return System.getenv().getOrDefault(name, "").strip();
  }

  /** Whether the role, and one of the dialects asked for if any are, is spoken. */
  boolean isOffered() {
    boolean anyDialect = dialects.equals(List.of(""));
    return Hello.ROLES.contains(role)
        && (anyDialect || dialects.stream().anyMatch(Hello.DIALECTS::contains));
  }

  InetSocketAddress address() {
    return new InetSocketAddress(host, Integer.parseInt(port));
  }
}
