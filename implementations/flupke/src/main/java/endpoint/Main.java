package endpoint;

/**
 * Puts flupke behind wtspec's endpoint contract, version 1.
 *
 * <p>One program serves both roles; WT_ROLE chooses. A server does by path what the contract says
 * of that path, a client does what it is commanded on stdin, and both print what their API shows as
 * one JSON object a line on stdout.
 */
final class Main {
  /** Tells that the role, or each of the dialects asked for, is not offered. */
  private static final int NOT_OFFERED = 127;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Settings settings = Settings.read();
    if (!settings.isOffered()) {
      System.err.println("endpoint: neither the role nor the dialect is offered");
      System.exit(NOT_OFFERED);
    }
    Events events = new Events();
    if (settings.role().equals(Settings.SERVER)) {
      serve(events, settings);
    } else {
      // The library would warn on stdout, for each connection, that names are not checked.
      System.setProperty("tech.kwik.core.no-security-warnings", "true");
      new Client(events).obey(System.in);
      // Threads of the library's would keep the process alive.
      System.exit(0);
    }
  }

  private static void serve(Events events, Settings settings) {
    try {
      new Server(events).serve(settings);
    } catch (Exception | LinkageError error) {
      error.printStackTrace();
      System.exit(1);
    }
  }
}
