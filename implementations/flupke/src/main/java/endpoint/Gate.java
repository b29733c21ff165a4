package endpoint;

/** Holds back reading while it is shut. */
final class Gate {
  private boolean open = true;

  synchronized void set(boolean opened) {
    open = opened;
    notifyAll();
  }

  /** Returns when the gate is open. */
  synchronized void await() throws InterruptedException {
    while (!open) {
      wait();
    }
  }
}
