package endpoint;

/**
 * What becomes of a session and of the peer's streams in it.
 *
 * <p>Each method runs on a thread of its own.
 */
interface Application {
  /** After the session is established. */
  default void start(Live live) {}

  /** An incoming stream of either kind. */
  void take(Channel channel);
}
