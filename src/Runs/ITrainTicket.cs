using Hangfire;

namespace Runs;

/// <summary>
/// The Hangfire job. It carries no run: it only says "a run may be waiting". Whoever works on it claims the best queued run, if there is
/// one, so a doubled ticket is harmless and a lost one is replaced by <see cref="RunSweeper"/>.
/// </summary>
public interface ITrainTicket
{
    const string Queue = "train";

    [Queue(Queue)]
    [AutomaticRetry(Attempts = 0)] // retries are the run's own affair
    Task Work(CancellationToken cancellation);
}
