package endpoint;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/** A stream that commands may name, from the moment it is asked for. */
final class Known {
  /** Completed when it is there, or exceptionally when it could not be opened. */
  final CompletableFuture<Channel> opened = new CompletableFuture<>();

  private final Queue<Runnable> jobs = new ArrayDeque<>();
  private boolean running;

  /** Runs jobs one after another in their order, without holding up who brings them. */
  void queue(Runnable job, Executor threads) {
    synchronized (jobs) {
      jobs.add(job);
      if (!running) {
        running = true;
        threads.execute(this::work);
      }
    }
  }

  private void work() {
    while (true) {
      Runnable job;
      synchronized (jobs) {
        job = jobs.poll();
        if (job == null) {
          running = false;
          return;
        }
      }
      job.run();
    }
  }

  Channel channel(String name) throws CommandError {
    try {
      return opened.join();
    } catch (CompletionException failed) {
      throw CommandError.unknown("stream", name);
    }
  }
}
