package endpoint;

/** A failure of ours, not of the API; its kind is what the `error` event calls it. */
final class CommandError extends Exception {
  private static final long serialVersionUID = 1;

  private final String kind;

  CommandError(String kind, String text) {
    super(text);
    this.kind = kind;
  }

  static CommandError bad(String text) {
    return new CommandError("bad-command", text);
  }

  static CommandError unknown(String what, String name) {
    return new CommandError("unknown-" + what, what + " " + name + " is not known");
  }

  String kind() {
    return kind;
  }
}
