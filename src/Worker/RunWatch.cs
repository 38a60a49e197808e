using System.Collections.Concurrent;
using Runs;

namespace Worker;

/// <summary>Tells an attempt at once that something happened to its run (somebody cancelled it), ahead of the next lease renewal.</summary>
internal sealed class RunWatch(RunSignal signal, TimeProvider time, ILogger<RunWatch> log) : BackgroundService
{
    private readonly ConcurrentDictionary<Guid, Action> watched = new();

    public void Watch(Guid run, Action changed) => watched[run] = changed;

    public void Forget(Guid run) => watched.TryRemove(run, out _);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Insistence.UntilDone(async () =>
    {
        await foreach (var run in signal.Listen(stoppingToken))
        {
            if (run is { } id && watched.TryGetValue(id, out var changed)) { changed(); }
        }

        return true;
    }, "Listening for changes of runs", time, log, stoppingToken);
}
